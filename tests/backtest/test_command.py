"""``ibkr-bot backtest`` as a person types it: a mistake costs one line, a day ends in tables, JSON and a page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bot.cli.main import main

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
        (["--equity", "-1"], "--equity"),
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
