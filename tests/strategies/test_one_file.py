"""A strategy is one file and one line: a copy of the tree gets a third one, and it trades a recorded day over TCP."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SETTINGS = """\
monitoring: {metrics_enabled: false}
broker: {simulated_session: 2011-01-26, simulated_speed: 300}
strategies: {metronome: {every_minutes: 5}, scalp: {cooldown_s: 86400}}
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The bot with one file and one line more."""
    shutil.copytree(ROOT / "bot", tmp_path / "bot", ignore=shutil.ignore_patterns("__pycache__"))
    example = Path(__file__).with_name("example_strategy.py").read_text(encoding="utf-8")
    # A rank that a strategy which was copied from the example does not have.
    (tmp_path / "bot/strategies/metronome.py").write_text(
        example.replace("rank=2,", "rank=97,"), encoding="utf-8"
    )
    table = tmp_path / "bot" / "strategies" / "registry.py"
    text = table.read_text(encoding="utf-8").replace("strategies import ", "strategies import metronome, ")
    table.write_text(
        text.replace("    whale.SPEC,\n", "    whale.SPEC,\n    metronome.SPEC,\n"), encoding="utf-8"
    )
    (tmp_path / "settings.yaml").write_text(SETTINGS, encoding="utf-8")
    return tmp_path


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "bot", *words, "--config", "settings.yaml"]


def said(tree: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*words), cwd=tree, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_a_third_strategy_trades_a_recorded_day_over_tcp(tree: Path) -> None:
    running = subprocess.Popen(
        command("run", "--state", "state"),
        cwd=tree,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert running.stdout is not None
    try:
        heard = []
        for line in running.stdout:
            heard.append(line)
            if "; 1 trade," in line:
                break
        running.send_signal(signal.SIGTERM)
        rest, _ = running.communicate(timeout=120)
    finally:
        running.kill()

    trades = [
        json.loads(line) for line in said(tree, "journal", "--state", "state", "--json").stdout.splitlines()
    ]
    assert "metronome" in {trade["strategy"] for trade in trades}, "".join(heard) + rest


@pytest.mark.slow
def test_its_settings_are_shown_and_checked(tree: Path) -> None:
    shown = said(tree, "config", "show").stdout
    (tree / "settings.yaml").write_text("strategies: {metronome: {every_minutes: 61}}", encoding="utf-8")
    checked = said(tree, "config", "check")

    assert "strategies.metronome.options.expiry" in shown
    assert checked.returncode == 78
    assert checked.stderr.count("\n") == 1
    assert "strategies.metronome.every_minutes" in checked.stderr


def test_what_its_spec_lacks_is_one_line_at_the_start(tree: Path) -> None:
    path = tree / "bot/strategies/metronome.py"
    path.write_text(path.read_text(encoding="utf-8").replace("    rank=97,\n", ""), encoding="utf-8")

    started = said(tree, "run", "--state", "state")

    assert (started.returncode, started.stderr) == (78, "ibkr-bot: strategy metronome: its SPEC lacks rank\n")
