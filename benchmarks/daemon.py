"""The bot as systemd starts it, with four symbols against the simulated gateway: until it is ready, and what it then holds."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure

UNIT = Path(__file__).resolve().parents[1] / "roles" / "trading_bot" / "templates" / "ibkr-bot.service.j2"
SYMBOLS = ("SPY", "QQQ", "IWM", "DIA")
WATCHED_S = 20.0
"""Until the chains of all symbols are there and their quotes flow."""
STARTS = 5
READY_WAIT_S = 120.0
_TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def gateway(*more: str) -> Iterator[dict[str, Any]]:
    words = (
        "sim",
        "--port",
        "0",
        "--synthetic",
        "--session",
        "2025-03-05",
        "--quotes-per-second",
        "4",
        *more,
    )
    command = [sys.executable, "-m", "bot", *words, "--symbols", ",".join(SYMBOLS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  ours
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


def figures() -> Iterator[Figure]:
    with gateway("--at", "10:30") as told, tempfile.TemporaryDirectory() as folder:
        with started_bot(Path(folder) / "first", told, compiles=True):
            pass  # an installed release has its bytecode, a checkout may not
        starts = [_start(Path(folder) / str(number), told) for number in range(STARTS)]
        took_s, wall_s = (statistics.median(one) for one in zip(*starts, strict=True))
        name = "ready, processor, its settings' child included"
        note = f"median of {STARTS}, at best {min(starts)[0]:.2f}; {wall_s:.2f} s by the wall"
        yield Figure(name, took_s, "s", 0.6, note)
        with started_bot(Path(folder) / "watched", told) as bot:
            time.sleep(WATCHED_S)
            note = f"after {WATCHED_S:.0f} s at 4 quotes a second; {_threads(bot.pid)} threads"
            yield Figure(f"resident, {len(SYMBOLS)} symbols", resident_mib(bot.pid), "MiB", 50.0, note)


def _start(at: Path, told: dict[str, Any]) -> tuple[float, float]:
    """Seconds of the processor and of the wall until it is ready."""
    began_s = time.monotonic()
    with started_bot(at, told) as bot:
        return cpu_s(bot.pid), time.monotonic() - began_s


@contextmanager
def started_bot(
    at: Path, told: dict[str, Any], *, compiles: bool = False
) -> Iterator[subprocess.Popen[bytes]]:
    """Ready, with the unit's environment, and stopped in the end. ``compiles``: it may keep the bytecode of what it loads,
    as an installation does."""
    at.mkdir(exist_ok=True)
    broker = {
        "trading": "simulated",
        "embedded_gateway": False,
        "port": told["port"],
        "simulated_clock": told["clock"],
    }
    settings = {"symbols": list(SYMBOLS), "broker": broker, "monitoring": {"metrics_enabled": False}}
    (at / "settings.yaml").write_text(json.dumps(settings))
    words = ("--config", str(at / "settings.yaml"), "--state", str(at / "state"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind(str(at / "notify"))
        notified.settimeout(READY_WAIT_S)
        environment = {**os.environ, **_of_the_unit(), "NOTIFY_SOCKET": str(at / "notify")}
        if compiles:
            del environment["PYTHONDONTWRITEBYTECODE"]
        command = [sys.executable, "-m", "bot", "run", *words]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment) as bot:  # noqa: S603  ours
            try:
                while b"READY=1" not in notified.recv(4096):
                    pass
                notified.settimeout(None)
                threading.Thread(target=_read_on, args=(notified,), daemon=True).start()
                yield bot
            finally:
                bot.send_signal(signal.SIGTERM)


def _read_on(notified: socket.socket) -> None:
    """As systemd does: whoever speaks to a full queue waits."""
    with suppress(OSError):
        while notified.recv(4096):
            pass


def _of_the_unit() -> dict[str, str]:
    """What the appliance's unit gives the bot, as far as it holds no template's words."""
    lines = (
        line for line in UNIT.read_text(encoding="utf-8").splitlines() if line.startswith("Environment=")
    )
    words = (word for line in lines if "{{" not in line for word in line.removeprefix("Environment=").split())
    return dict(word.split("=", 1) for word in words)


def cpu_s(pid: int) -> float:
    """User and system seconds, of the children that ended too."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:15]) / _TICKS


def resident_mib(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def _threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))
