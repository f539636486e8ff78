"""Lock-step's actors: one thread, in the order of speaking, as in the replay runtime."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pykka
import pytest

from bot.actors.replay import replay
from bot.actors.runtime import Line, ping_component, settle, stop, waiting
from bot.actors.turns import TurnPeer, Turns
from bot.domain import messages as m
from bot.domain.messages import Message
from bot.wiring import BOARD, BROKER, EXECUTION, JOURNAL, MARKET_DATA, OCO_WATCHER, RISK, Machine

AT = datetime(2011, 1, 26, 14, 30, tzinfo=UTC)
HEARERS = (MARKET_DATA, RISK, EXECUTION, OCO_WATCHER, JOURNAL, BOARD, BROKER)


class Talker:
    """Hears, notes, and says what its script has for that message."""

    def __init__(
        self, name: str, log: list[tuple[str, Message]], script: dict[Message, list[Message]]
    ) -> None:
        self.name, self.log, self.script = name, log, script

    def handle(self, message: Message) -> Iterator[Message]:
        self.log.append((self.name, message))
        yield from self.script.get(message, [])

    def remember(self, message: Message) -> None:
        """Nothing to restore."""


def halt(text: str) -> m.Halted:
    return m.Halted(AT, "test", text, "test")


FIRST, SECOND = m.TimePassed(AT), m.TimePassed(AT + timedelta(seconds=1))
SCRIPTS: dict[str, dict[Message, list[Message]]] = {
    RISK: {FIRST: [halt("risk")]},
    EXECUTION: {FIRST: [halt("execution 1"), halt("execution 2")], halt("risk"): [halt("deeper")]},
}


def machines(log: list[tuple[str, Message]]) -> dict[str, Machine]:
    return {name: Talker(name, log, SCRIPTS.get(name, {})) for name in HEARERS}


def line_of(log: list[tuple[str, Message]], failed: object = None) -> tuple[Line, Turns]:
    line, turns = Line(lambda _: None), Turns()

    def fail(name: str, error: BaseException, message: object) -> None:
        if isinstance(failed, list):
            failed.append((name, error, message))

    for name, machine in machines(log).items():
        line.peers[name] = TurnPeer(name, machine, line, fail, turns)
    return line, turns


def test_messages_are_heard_in_the_order_of_the_replay_runtime() -> None:
    live: list[tuple[str, Message]] = []
    line, turns = line_of(live)
    for message in (FIRST, SECOND):
        line.emit(message)
        turns.work_off()

    replayed: list[tuple[str, Message]] = []
    replay(machines(replayed), [FIRST, SECOND])

    assert live == replayed
    assert len(live) > 10


def test_what_comes_from_outside_waits_for_all_consequences_of_what_came_before() -> None:
    log: list[tuple[str, Message]] = []
    line, turns = line_of(log)

    def from_outside() -> None:
        line.peers[RISK].tell(FIRST)
        line.peers[RISK].tell(SECOND)

    outside = threading.Thread(target=from_outside)
    outside.start()
    outside.join()
    assert turns.came.is_set()
    turns.work_off()

    said = [message for name, message in log if name == EXECUTION]
    assert said == [halt("risk"), halt("deeper")]
    assert log[-1] == (RISK, SECOND)


def test_a_machine_that_raises_is_reported_once_and_hears_nothing_more() -> None:
    failed: list[tuple[str, BaseException, object]] = []
    line, turns = line_of([], failed)

    class Broken:
        def handle(self, message: Message) -> Iterator[Message]:
            raise ZeroDivisionError(f"{type(message).__name__}")

    line.peers[RISK] = TurnPeer(RISK, Broken(), line, lambda *what: failed.append(what), turns)
    line.peers[RISK].tell(FIRST)
    line.peers[RISK].tell(SECOND)
    turns.work_off()

    assert [(name, message) for name, _, message in failed] == [(RISK, FIRST)]
    assert not line.peers[RISK].is_alive()
    with pytest.raises(pykka.ActorDeadError):
        line.peers[RISK].tell(SECOND)


def test_the_barrier_answers_when_everything_before_it_was_handled() -> None:
    log: list[tuple[str, Message]] = []
    line, _ = line_of(log)
    line.emit(FIRST)
    assert waiting(line)[RISK] == 1

    settle(line, 1.0)

    assert ping_component(line, 1.0) == len(log)
    assert not any(waiting(line).values())


def test_a_question_that_nobody_takes_times_out() -> None:
    line, _ = line_of([])
    heard: list[type[BaseException]] = []

    def ask() -> None:
        try:
            line.peers[RISK].ask(FIRST, timeout=0.01)
        except pykka.Timeout as error:
            heard.append(type(error))

    outside = threading.Thread(target=ask)
    outside.start()
    outside.join()

    assert heard == [pykka.Timeout]


def test_a_stopped_peer_has_handled_its_last_message_and_is_dead() -> None:
    log: list[tuple[str, Message]] = []
    line, _ = line_of(log)
    line.emit(SECOND)

    stop(line, HEARERS, 1.0)

    assert (BOARD, SECOND) in log
    assert not any(ref.is_alive() for ref in line.peers.values())
