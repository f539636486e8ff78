"""`make monitor`: the addresses that it names answer, and what fires is told on the terminal."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest

from tests.monitoring.processes import free_port, get

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (
            shutil.which("prometheus")
            and (shutil.which("prometheus-alertmanager") or shutil.which("alertmanager"))
        ),
        reason="apt install prometheus prometheus-alertmanager",
    ),
]


def test_what_it_names_answers_and_what_fires_is_told() -> None:
    ports = {
        "PROMETHEUS_PORT": str(free_port()),
        "ALERTMANAGER_PORT": str(free_port()),
        "DISPLAY": "",
        "WAYLAND_DISPLAY": "",
    }
    monitor = subprocess.Popen(
        [str(ROOT / ".ci/monitor")], env=os.environ | ports, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert monitor.stdout is not None
    lines = iter(monitor.stdout.readline, "")
    told: dict[str, str] = {}
    try:
        for line in lines:
            name, _, rest = line.partition(" ")
            told[name] = rest.strip().split(" ")[0]
            if line.startswith("firing"):
                break
        assert line.rstrip().endswith("New York: nothing")
        for name in ("Prometheus", "Alertmanager"):
            assert get(told[name])
        _fire(ports["ALERTMANAGER_PORT"])
        assert any("NotProtected: 3 SPY without a stop (active)" in line for line in lines)
    finally:
        os.killpg(monitor.pid, signal.SIGINT)
        monitor.communicate(timeout=60)
    assert monitor.returncode == 0


def _fire(port: str) -> None:
    alert = {
        "labels": {"alertname": "NotProtected", "severity": "critical"},
        "annotations": {"summary": "3 SPY without a stop"},
    }
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v2/alerts",
        json.dumps([alert]).encode(),
        {"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=60).close()  # noqa: S310
