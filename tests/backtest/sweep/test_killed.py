"""A sweep that is killed with its workers at work goes on, ends with the same table, and leaves nobody behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.backtest.processes import PATIENCE_S, all_gone, children, until

COMMAND = (
    sys.executable, "-m", "bot", "sweep", "--symbols", "GOOG", "--from", "2015-12-24", "--to", "2015-12-24",
    "--grid", "strategies.scalp.fast_ema=3,5,8,30", "--grid", "risk.take_profit_pct=0.3,0.5", "--workers", "2", "--json",
)  # fmt: skip


def start(folder: Path) -> subprocess.Popen[str]:
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(COMMAND, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def results_of(folder: Path) -> list[str]:
    path = folder / "sweep.jsonl"
    return path.read_text().splitlines() if path.exists() else []


def has_lines(folder: Path, wanted: int, sweep: subprocess.Popen[str]) -> bool:
    return len(results_of(folder)) >= wanted or sweep.poll() is not None


@pytest.mark.slow
@pytest.mark.timeout(0)
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at the workers in /proc")
def test_a_sweep_that_is_killed_at_any_place_ends_with_the_same_table(tmp_path: Path) -> None:
    whole, _ = start(tmp_path / "whole").communicate(timeout=PATIENCE_S)
    killed = tmp_path / "killed"
    for lines in (1, 3, 6):
        sweep = start(killed)
        until(partial(has_lines, killed, lines, sweep))
        workers = children(sweep.pid)
        os.kill(sweep.pid, signal.SIGKILL)
        sweep.communicate()
        until(partial(all_gone, workers))

    resumed, _ = start(killed).communicate(timeout=PATIENCE_S)

    assert len(json.loads(whole)["combinations"]) == 6
    assert len(json.loads(whole)["impossible"]) == 2
    assert resumed == whole
    assert len(results_of(killed)) == 9
