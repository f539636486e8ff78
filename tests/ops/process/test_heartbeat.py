"""The sign of life: only while healthy, never in the loop's way."""

from __future__ import annotations

import socket
from dataclasses import replace
from decimal import Decimal

import pytest

from bot.domain.errors import FixTheConfiguration
from bot.ops.process.heartbeat import Heartbeat, health_problem
from bot.ops.status.status import BracketView, Status, SymbolView
from tests.journal.makers import BAR_END
from tests.ops.receivers import receiving

WELL = Status(
    at=BAR_END, is_connected=True, is_reconciled=True, symbols=(SymbolView("SPY", feeds={"bars": True}),)
)
HELD = BracketView(
    "SPY-1",
    "SPY",
    "scalp",
    7,
    "SPY 127 C",
    100,
    3,
    Decimal(1),
    Decimal(2),
    Decimal("0.5"),
    BAR_END,
    quantity=3,
)
NIGHT = BAR_END.replace(hour=4)
STALE = (SymbolView("SPY", feeds={"bars": False}),)


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (WELL, ""),
        (replace(WELL, is_connected=False), "not connected"),
        (replace(WELL, links_down=("ib",)), "lost IB"),
        (replace(WELL, is_reconciled=False), "not reconciled"),
        (replace(WELL, open_brackets=(HELD,)), "SPY 127 C is not protected"),
        (replace(WELL, open_brackets=(replace(HELD, is_proved=True),)), ""),
        (replace(WELL, open_brackets=(replace(HELD, quantity=0),)), ""),
        (replace(WELL, symbols=STALE), "bars are stale"),
        (replace(WELL, symbols=STALE, at=NIGHT), ""),
    ],
)
def test_health_is_connected_reconciled_protected_and_fresh(status: Status, why: str) -> None:
    assert health_problem(status) == why if not why else why in health_problem(status)


def test_a_healthy_bot_pings_once_an_interval() -> None:
    with receiving(200) as receiver:
        heartbeat = Heartbeat(f"http://127.0.0.1:{receiver.port}/ping/uuid", 3600)
        for _ in range(50):
            heartbeat.beat(WELL)
        assert receiver.wait(1) == [("/ping/uuid", "")]
        heartbeat.close()
        assert len(receiver.requests) == 1


def test_a_sick_bot_is_silent_and_pings_as_soon_as_it_is_well() -> None:
    with receiving(200) as receiver:
        heartbeat = Heartbeat(f"http://127.0.0.1:{receiver.port}/", 3600)
        heartbeat.beat(replace(WELL, is_connected=False))
        assert receiver.requests == []
        heartbeat.beat(WELL)
        receiver.wait(1)
        heartbeat.close()


@pytest.mark.parametrize(("status", "is_delivered"), [(200, True), (404, False), (500, False)])
def test_whether_it_arrived_is_noted(status: int, is_delivered: bool) -> None:
    noted: list[bool] = []
    with receiving(status) as receiver:
        heartbeat = Heartbeat(f"http://127.0.0.1:{receiver.port}/", 3600, noted.append)
        heartbeat.beat(WELL)
        receiver.wait(1)
        heartbeat.close(5.0)

    assert noted == [is_delivered]


def test_a_silent_watcher_does_not_hold_up_the_loop() -> None:
    with receiving(0) as receiver:
        heartbeat = Heartbeat(f"http://127.0.0.1:{receiver.port}/", 0.0)
        for _ in range(100):
            heartbeat.beat(WELL)
        receiver.wait(1)
        for _ in range(100):
            heartbeat.beat(WELL)
        assert len(receiver.requests) == 1


def test_an_address_that_is_none_is_a_configuration_error() -> None:
    with pytest.raises(FixTheConfiguration, match=r"monitoring\.heartbeat_url"):
        Heartbeat("file:///etc/passwd", 60)


def test_an_answer_that_is_no_http_is_a_failed_ping_and_the_next_one_counts() -> None:
    noted: list[bool] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        heartbeat = Heartbeat(f"http://127.0.0.1:{server.getsockname()[1]}/x", 0.0, noted.append)
        for answer in (b"\x00garbage\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\n"):
            heartbeat.beat(WELL)
            link, _ = server.accept()
            with link:
                link.recv(4096)
                link.sendall(answer)
            while heartbeat.is_pinging:
                pass
        heartbeat.close()

    assert noted == [False, True]
