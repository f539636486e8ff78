"""A process that hangs while its entry rests: SIGSTOP, and the gateway's own books as judge."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot.sim.server.thread import SimGatewayThread
from bot.sim.world.build import recorded_world
from tests.guard.rig import GuardThread, limits
from tests.sim.desk import DAY, PATIENT

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.line
def test_a_stopped_process_loses_its_resting_entry_within_the_set_time(tmp_path: Path) -> None:
    gateway = SimGatewayThread(recorded_world(["SPY"], DAY), settings=PATIENT)
    gateway.advance(minutes=15)
    guard = GuardThread(limits(dead_man={"silent_s": 3}), gateway.port, tmp_path)
    client = subprocess.Popen(
        [sys.executable, "-m", "tests.guard.hung_client", str(guard.proxy.port)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,  # what it ends with is then what the test shows
        text=True,
    )
    try:
        assert client.stdin is not None
        assert client.stdout is not None
        assert client.stdout.readline() == "watching\n"
        gateway.advance(seconds=5)
        client.stdin.write("go\n")
        client.stdin.flush()
        assert client.stdout.readline() == "resting\n"
        os.kill(client.pid, signal.SIGSTOP)
        assert "silent for 3 s" in guard.wait_told("dead man").text
        guard.tick()  # what the alert's moment also sent has left when this returns
        gateway.advance(seconds=1)
        assert gateway.ask(lambda core: [view.order.action for view in core.world.open_orders()]) == []
    finally:
        os.kill(client.pid, signal.SIGKILL)
        client.wait()
        guard.stop()
        gateway.stop()
