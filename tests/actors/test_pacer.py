"""The clock of lock-step: when it lets time go on, and what it does not wait for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.actors.pacer import PACER, Pacer
from bot.actors.runtime import Line, ping_component
from bot.actors.turns import TurnPeer, Turns
from bot.domain import messages as m
from bot.domain.messages import Message
from bot.wiring import ALERTS, BOARD, EXECUTION, JOURNAL, MARKET_DATA, OCO_WATCHER, RISK

AT = datetime(2011, 1, 26, 14, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Market:
    """A port whose time goes on a second at a time; ``rests`` is what the adapter has still to tell."""

    def __init__(self, log: list[object]) -> None:
        self.now, self.log = AT, log
        self.is_connected = True
        self.rests: list[Callable[[], None]] = []
        self.step: Callable[[], Future[datetime | None]] = self.take_step

    def rest(self) -> None:
        if self.rests:
            self.rests.pop(0)()

    def let_time_go_on(self) -> Future[datetime | None]:
        return self.step()

    def take_step(self) -> Future[datetime | None]:
        self.now += SECOND
        self.log.append(self.now)
        done: Future[datetime | None] = Future()
        done.set_result(self.now)
        return done


class Note:
    def __init__(self, log: list[object]) -> None:
        self.log = log

    def handle(self, message: Message) -> Iterator[Message]:
        self.log.append(type(message).__name__)
        return iter(())

    def remember(self, message: Message) -> None:
        """Nothing to restore."""


class Room:
    """A line of listeners, a market, and a pacer between them."""

    def __init__(self, seconds: int) -> None:
        self.log: list[object] = []
        self.market = Market(self.log)
        self.turns = Turns()
        self.failed: list[tuple[Any, ...]] = []
        self.line = Line(lambda _: None)
        for name in (MARKET_DATA, RISK, EXECUTION, OCO_WATCHER, JOURNAL, BOARD, ALERTS):
            note = Note(self.log if name == RISK else [])
            self.line.peers[name] = TurnPeer(
                name, note, self.line, lambda *what: self.failed.append(what), self.turns
            )
        self.over = threading.Event()
        self.last = AT + seconds * SECOND
        self.pacer = Pacer(
            self.turns, self.market, lambda: self.market.now, self.line.emit, self._fail, self._is_over
        )

    def _fail(self, *what: Any) -> None:
        self.failed.append(what)
        self.over.set()

    def _is_over(self) -> bool:
        if self.market.now >= self.last:
            self.over.set()
        return self.over.is_set()

    def run(self) -> None:
        self.pacer.start()
        assert self.over.wait(20)
        self.pacer.stop()


def test_each_step_is_handled_whole_before_the_next_and_the_last_is_the_last() -> None:
    room = Room(2)

    room.run()

    assert room.log == ["TimePassed", AT + SECOND, "TimePassed", AT + 2 * SECOND, "TimePassed"]


def test_time_waits_for_what_the_adapter_still_tells() -> None:
    room = Room(1)
    news = m.Halted(AT, "test", "news", "test")
    room.market.rests = [lambda: room.line.peers[RISK].tell(news), lambda: room.line.peers[RISK].tell(news)]

    room.run()

    assert room.log == ["Halted", "Halted", "TimePassed", AT + SECOND, "TimePassed"]


def test_a_question_to_the_line_is_answered_while_the_market_keeps_us_waiting_and_when_the_day_is_over() -> (
    None
):
    room = Room(1)
    step: Future[datetime | None] = Future()
    room.market.step = lambda: step
    room.pacer.start()

    assert ping_component(room.line, 20) >= 0
    room.market.take_step()
    step.set_result(room.market.now)
    assert room.over.wait(20)
    assert ping_component(room.line, 20) > 0
    room.pacer.stop()


def test_while_the_connection_is_lost_time_stands_and_news_are_heard() -> None:
    room = Room(1)
    room.market.is_connected = False
    room.pacer.start()
    room.line.peers[RISK].tell(m.Halted(AT, "test", "lost", "test"))
    assert ping_component(room.line, 20) >= 1

    room.market.is_connected = True
    assert room.over.wait(20)
    room.pacer.stop()

    assert room.log == ["Halted", "TimePassed", AT + SECOND, "TimePassed"]


def test_a_step_that_fails_stops_the_line() -> None:
    room = Room(1)
    step: Future[datetime | None] = Future()
    step.set_exception(ValueError("time cannot go back"))
    room.market.step = lambda: step

    room.run()

    assert [what[0] for what in room.failed] == [PACER]
