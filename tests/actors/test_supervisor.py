"""The supervisor's watch over its components."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import FrameType
from typing import Any, cast

import pykka
import pytest

import bot.actors.supervisor
from bot.actors.runtime import PATIENCE_SLICE_S, Line, Peer, Ping, ping_component
from bot.actors.supervisor import CLOCK, Ending, Parts, Supervisor
from bot.domain import messages as m
from bot.domain.errors import RestartTheLine
from bot.wiring import JOURNAL, subscribers
from tests.actors.test_broker_link import Port

NOW = datetime(2011, 1, 7, 15, tzinfo=UTC)


class Quiet:
    """Hears and says nothing."""

    def handle(self, message: m.Message) -> Iterator[m.Message]:
        return iter(())

    def remember(self, message: m.Message) -> None:
        """Nothing to restore."""


class Hangs(Quiet):
    """Never returns from its first message until it is let go."""

    def __init__(self) -> None:
        self.let_go, self.has_heard = threading.Event(), threading.Event()

    def handle(self, message: m.Message) -> Iterator[m.Message]:
        self.has_heard.set()
        self.let_go.wait(30)
        return iter(())


def test_a_component_that_hangs_keeps_the_watchdog_unfed_and_ends_the_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bot.actors.supervisor, "PING_TIMEOUT_S", 0.3)
    monkeypatch.setattr(bot.actors.supervisor, "STOP_TIMEOUT_S", 0.3)
    hangs, kept, fed = Hangs(), list[m.Message](), list[int]()
    first = m.LineStarted(NOW, "test", "growth", True, ("SPY",))
    machines = {**{name: Quiet() for name in subscribers(first)}, JOURNAL: hangs}
    supervisor = Supervisor(Parts(machines, Port(), kept.append, kept.append, lambda: NOW, 1e6, first))
    ending = supervisor.run(0.5, lambda: fed.append(1))
    assert hangs.has_heard.is_set()
    hangs.let_go.set()
    assert (ending, fed) == (Ending.FAILED, [])
    assert supervisor.failed is not None
    assert "did not answer" in supervisor.failed.message


@pytest.mark.parametrize("comes_back", [True, False])
def test_a_disk_that_stalls_is_told_and_waited_for_and_named_when_it_does_not_come_back(
    monkeypatch: pytest.MonkeyPatch, comes_back: bool
) -> None:
    for name, seconds in (
        ("PING_TIMEOUT_S", 0.2),
        ("PING_STEP_S", 0.1),
        ("STOP_TIMEOUT_S", 0.3),
        ("DISK_TIMEOUT_S", 20.0),
    ):
        monkeypatch.setattr(bot.actors.supervisor, name, seconds)
    hangs, kept, told, fed = Hangs(), list[m.Message](), list[float](), list[int]()
    first = m.LineStarted(NOW, "test", "growth", True, ("SPY",))
    machines = {**{name: Quiet() for name in subscribers(first)}, JOURNAL: hangs}

    def disk_waits_s() -> float:
        stalled = 0.0 if hangs.let_go.is_set() else 5.0
        return stalled if comes_back or len(told) < 8 else 21.0

    def slow_disk(seconds: float) -> None:
        told.append(seconds)
        if comes_back and len(told) == 8:
            hangs.let_go.set()

    def went_on() -> None:
        fed.append(1)
        supervisor.request_stop("seen")

    parts = Parts(
        machines, Port(), kept.append, kept.append, lambda: NOW, 1e6, first,
        disk_waits_s=disk_waits_s, slow_disk=slow_disk,
    )  # fmt: skip
    supervisor = Supervisor(parts)
    ending = supervisor.run(0.05, went_on)
    hangs.let_go.set()

    assert len(told) >= 8, "longer than a component that hangs is given"
    if comes_back:
        assert (ending, fed) == (Ending.STOPPED, [1])
    else:
        assert ending is Ending.FAILED
        assert supervisor.failed is not None
        assert (supervisor.failed.component, fed) == ("supervisor", [])
        assert "the disk has been at one write for 21 s" in supervisor.failed.error


class Stopped(Quiet):
    """A peer of a process that was stopped: the wall's time went on, and nobody could answer the question then asked."""

    def __init__(self, *, misses: int) -> None:
        self.misses = misses
        self.asked = 0

    def ask(self, message: object, *, timeout: float) -> int:
        assert isinstance(message, Ping)
        self.asked += 1
        if self.asked <= self.misses:
            raise pykka.Timeout(f"{timeout}")
        return 7


def test_a_process_that_was_stopped_for_any_time_loses_one_slice_of_patience_and_no_line() -> None:
    line, peer = Line(lambda _: None), Stopped(misses=1)
    line.peers["strategy:SPY"] = cast(Peer, peer)
    assert ping_component(line, 2.5) == 7
    assert peer.asked == 2


def test_a_component_that_never_answers_is_asked_as_long_as_its_patience_lasts() -> None:
    line, peer = Line(lambda _: None), Stopped(misses=10**6)
    line.peers["strategy:SPY"] = cast(Peer, peer)
    with pytest.raises(pykka.Timeout):
        ping_component(line, 4 * PATIENCE_SLICE_S)
    assert peer.asked == 4


def test_a_halt_that_was_left_is_obeyed_before_anything_comes_from_the_broker() -> None:
    order = list[str]()

    class FirstHeard(Port):
        def start(self, tell: object) -> None:
            order.append("broker")
            super().start(tell)

    first = m.LineStarted(NOW, "test", "growth", True, ("SPY",))
    machines = {name: Quiet() for name in subscribers(first)}
    parts = Parts(
        machines, FirstHeard(), lambda _: None, lambda _: None, lambda: NOW, 1e6, first,
        before_broker=lambda: order.append("halt file"),
    )  # fmt: skip
    supervisor = Supervisor(parts)
    assert supervisor.run(0.01, lambda: supervisor.request_stop("seen")) is Ending.STOPPED
    assert order == ["halt file", "broker"]


def test_a_signal_in_the_middle_of_the_wait_ends_the_line() -> None:
    """A handler comes at any line of Python that the waiting thread runs, with whatever lock that holds."""
    first = m.LineStarted(NOW, "test", "growth", True, ("SPY",))
    machines = {name: Quiet() for name in subscribers(first)}
    supervisor = Supervisor(Parts(machines, Port(), lambda _: None, lambda _: None, lambda: NOW, 1e6, first))

    def as_a_signal(frame: FrameType, event: str, _: object) -> Callable[..., Any]:
        if frame.f_code.co_name == "_is_owned":
            sys.settrace(None)
            supervisor.request_stop("SIGTERM")
        return as_a_signal

    def meanwhile() -> None:
        if sys.gettrace() is None:
            sys.settrace(as_a_signal)
        else:
            supervisor.request_stop("seen")

    before = sys.gettrace()
    try:
        assert supervisor.run(0.01, meanwhile) is Ending.STOPPED
    finally:
        sys.settrace(before)


def test_a_clock_that_was_set_back_ends_the_line_for_another() -> None:
    first = m.LineStarted(NOW, "test", "growth", True, ("SPY",))
    machines = {name: Quiet() for name in subscribers(first)}
    supervisor = Supervisor(Parts(machines, Port(), lambda _: None, lambda _: None, lambda: NOW, 1e6, first))

    def follow() -> None:
        raise RestartTheLine("the machine's clock was set back by 3600 s")

    assert supervisor.run(0.01, follow) is Ending.FAILED
    assert supervisor.failed is not None
    assert supervisor.failed.component == CLOCK
