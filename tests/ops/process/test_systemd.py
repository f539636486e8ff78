from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

import bot.ops.process.systemd
from bot.ops.process.systemd import Notifier

QUEUE = Path("/proc/sys/net/unix/max_dgram_qlen")


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        link.bind(str(tmp_path / "notify"))
        link.settimeout(60)
        yield link


def test_ready_is_said_once_and_status_when_it_changes(systemd: socket.socket) -> None:
    notifier = Notifier(systemd.getsockname())

    notifier.ready()
    notifier.ready()
    notifier.status("ACTIVE, flat")
    notifier.status("ACTIVE, flat")
    notifier.alive()
    notifier.stopping()

    said = [systemd.recv(100) for _ in range(4)]
    assert said == [b"READY=1", b"STATUS=ACTIVE, flat", b"WATCHDOG=1", b"STOPPING=1"]


def test_without_systemd_nothing_happens() -> None:
    Notifier("").alive()


def test_a_service_manager_that_is_gone_ends_nothing(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        link.bind(str(tmp_path / "gone"))
    Notifier(str(tmp_path / "gone")).alive()


def test_a_service_manager_that_does_not_read_holds_up_nothing(
    systemd: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot.ops.process.systemd, "WAIT_S", 0.0001)
    notifier = Notifier(systemd.getsockname())
    # 10, or 512 under systemd. Each that is sent behind a full queue waits for a tick of the kernel: a few are enough.
    for _ in range(int(QUEUE.read_text()) + 3):
        notifier.alive()
    assert systemd.recv(100) == b"WATCHDOG=1"
