"""``ibkr-bot backtest`` as a person types it: a mistake costs one line, a day ends in tables, JSON and a page."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli.main import main
from bot.cli.show.page_file import check_place
from bot.domain.errors import FixTheMachine

ROOT = Path(__file__).resolve().parents[2]
README, MAKEFILE = ROOT / "README.md", ROOT / "Makefile"


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    out, err = capsys.readouterr()
    code = ended.value.code
    return code if isinstance(code, int) else 0, out, err


def test_a_day_ends_in_json_and_a_page(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = tmp_path / "report.html"

    code, out, _ = said(
        capsys, "backtest", "--symbols", "goog,GOOG", "--from", "2015-12-24", "--to", "2015-12-24", "--no-spreads",
        "--json", "--html", str(page),
    )  # fmt: skip

    told = json.loads(out)
    assert code == 0
    assert told["symbols"] == ["GOOG"]
    assert "RECORDED on all 1" in told["prices"]
    assert page.read_text().startswith("<!")


def test_make_backtest_ends_with_the_table_of_the_readme(capsys: pytest.CaptureFixture[str]) -> None:
    block = re.search(r" *Trades, New York time\n.*?\nP&L of [^\n]*\n", README.read_text(), re.DOTALL)
    assert block is not None
    [command] = re.findall(r"ibkr-bot (backtest .*--from .*)", MAKEFILE.read_text())

    code, out, _ = said(capsys, *command.split())

    told = "\n".join(line.rstrip() for line in out.splitlines())
    assert code == 0
    assert block[0].strip() in told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--from", "yesterday"], "--from 'yesterday' is not a date"),
        (["--from", "2012-01-03", "--to", "2012-01-04"], "no minutes of SPY"),
        (["--from", "2011-01-28", "--to", "2011-01-03"], "lies before --from"),
        (
            ["--from", "2027-01-04"],
            "--from 2027-01-04: nothing lies there; of these symbols there is 2011-01-03 to",
        ),
        (["--to", "1999-01-04"], "--to 1999-01-04: nothing lies there"),
        (
            ["--synthetic", "--from", "2025-01-04", "--to", "2025-01-05"],
            "the market is closed from 2025-01-04",
        ),
        (["--equity", "-1"], "--equity"),
        (["--equity", "1e30"], "--equity: '1e30' is not an amount from 1 to 1,000,000,000,000 USD"),
        (["--equity", "0.001"], "--equity"),
        (["--set", "strategies.scalp.fast_ema="], "KEY=VALUE is wanted; null"),
        (["--set", "broker.trading=live"], "this setting has no say"),
        (["--set", "dry_run=true"], "this setting has no say"),
        (["--html", "/proc/report.html"], "--html /proc/report.html: "),
        (
            ["--set", "strategies.scalp.fast_emma=3"],
            "fast_emma=3: there is no such setting; did you mean strategies",
        ),
        (["--set", "=3"], "KEY=VALUE"),
        (["--html", "nowhere/report.html"], "there is no folder nowhere"),
        (["--set", "strategies.scalp.fast_ema"], "KEY=VALUE"),
        (["--halts", "maybe"], "resume or stay"),
        (["--data", "nowhere"], "no such folder"),
    ],
)
def test_a_mistake_costs_one_line(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)

    code, _, err = said(capsys, "backtest", *arguments)

    assert code in (1, 2)
    assert words in err
    assert len(err.strip().splitlines()) == 1


def test_a_setting_out_of_range_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    code, _, err = said(capsys, "backtest", "--set", "risk.max_daily_loss_pct=7")

    assert code == 78
    assert "risk.max_daily_loss_pct" in err
    assert "from --set" in err


def test_a_page_s_place_is_tried_before_the_work_and_left_as_it_was(tmp_path: Path) -> None:
    old = tmp_path / "old.html"
    old.write_text("yesterday")

    check_place(old)
    check_place(tmp_path / "new.html")

    assert old.read_text() == "yesterday"
    assert [x.name for x in tmp_path.iterdir()] == ["old.html"]
    with pytest.raises(FixTheMachine, match="--html /proc/report"):
        check_place(Path("/proc/report.html"))


ONE_DAY = ("backtest", "--symbols", "GOOG", "--from", "2015-12-24", "--to", "2015-12-24", "--no-spreads")


def typed(folder: Path, redirect: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """As in a shell, in a process of its own."""
    command = [sys.executable, "-c", "from bot.cli.main import main; main()", *ONE_DAY]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    words = ["/bin/sh", "-c", f"{shlex.join(command)} {redirect}"]
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_a_terminal_without_our_dashes_shows_question_marks(tmp_path: Path) -> None:
    done = typed(tmp_path, "", PYTHONIOENCODING="ascii", PYTHONUTF8="0")

    assert (done.returncode, done.stderr) == (0, "")
    assert "Summary" in done.stdout


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    done = typed(tmp_path, "> /dev/full")

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "No space left on device" in done.stderr


def test_whoever_reads_only_the_first_line_gets_no_traceback(tmp_path: Path) -> None:
    done = typed(tmp_path, "| head -1")

    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""
