"""The broker's link at a desk: facts in and commands out on the thread that speaks, and a fault of the port stops the line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pykka
import pytest

from bot.actors.broker_link import BrokerLink
from bot.actors.desk import start_peer
from bot.actors.runtime import Ping
from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.errors import RestartTheLine
from bot.domain.messages import Message
from bot.domain.port import Publish
from bot.wiring import BOARD, BROKER, EXECUTION
from tests.actors.desk_parts import AT, MAKERS, House, Speaks

CANCEL = b.SendCancel("a/stop", AT)


@dataclass
class Port:
    """Keeps what it is sent, and answers before ``send`` returns, as the exchange of a dry run does."""

    publish: Publish = lambda _: None
    answers: Sequence[Message] = ()
    sent: list[Message] = field(default_factory=list)
    error: Exception | None = None

    def start(self, publish: Publish) -> None:
        self.publish = publish

    def send(self, command: Message) -> None:
        if self.error is not None:
            raise self.error
        self.sent.append(command)
        for answer in self.answers:
            self.publish(answer)

    def stop(self, timeout_s: float) -> None:
        """Nothing to leave."""


def house_with(port: Port) -> House:
    """Its order manager cancels whatever it is told to."""
    house = House(machines={EXECUTION: Speaks(lambda x: (CANCEL,) if isinstance(x, m.CancelOrder) else ())})
    start_peer(BROKER, BrokerLink(port), house.desk, house.failed)
    port.start(house.desk.peers[BROKER].tell)
    return house


def test_facts_are_heard_in_their_order_and_a_command_reaches_the_port_behind_its_row() -> None:
    on_disk: list[list[Message]] = []
    port = Port()
    house = house_with(port)
    house.commit_all = lambda _: on_disk.append(list(port.sent))
    facts = [MAKERS["status"](number) for number in range(20)]
    for fact in facts:
        port.publish(fact)
    house.desk.emit(MAKERS["cancel"](1))
    house.settle()

    assert [x for x in house.machines[EXECUTION].heard if x in facts] == facts
    assert port.sent == [CANCEL]
    assert not any(on_disk)
    assert house.desk.peers[BROKER].ask(Ping(), timeout=1.0) == len(facts) + 1
    house.stop()


@pytest.mark.parametrize("command", [CANCEL, MAKERS["unwatch"](1)])
def test_a_port_that_answers_before_it_returns_holds_up_nobody(command: Message) -> None:
    answer = MAKERS["status"](7)
    port = Port(answers=(answer,))
    house = house_with(port)
    house.machines[EXECUTION].answers = lambda x: (command,) if isinstance(x, m.CancelOrder) else ()
    house.desk.emit(MAKERS["cancel"](1))
    house.settle()

    assert port.sent == [command]
    assert answer in house.machines[EXECUTION].heard
    assert answer in house.disk
    house.stop()


def test_a_port_that_raises_stops_the_line_and_nothing_goes_through_any_more() -> None:
    port = Port(error=ZeroDivisionError("broken on purpose"))
    house = house_with(port)
    house.desk.emit(MAKERS["cancel"](1))
    house.settle()

    assert [(name, type(error)) for name, error, _ in house.failed.failures] == [(BROKER, ZeroDivisionError)]
    assert not house.desk.peers[BROKER].is_alive()
    with pytest.raises(pykka.ActorDeadError):
        port.publish(MAKERS["status"](1))
    with pytest.raises(pykka.ActorDeadError):
        house.desk.peers[BROKER].ask(Ping(), timeout=1.0)
    house.stop()


def test_a_fault_that_the_port_tells_of_stops_the_line() -> None:
    port = Port()
    house = house_with(port)
    port.publish(m.MachineFailed(AT, BROKER, "UnreadableAnswer: Bewildered", "where"))

    assert [(name, type(error)) for name, error, _ in house.failed.failures] == [(BROKER, RestartTheLine)]
    house.stop()


def test_a_stopped_passage_lets_nothing_through() -> None:
    port = Port()
    house = house_with(port)
    assert house.desk.peers[BROKER].stop(block=True, timeout=1.0)
    assert not house.desk.peers[BROKER].stop(block=True, timeout=1.0)
    with pytest.raises(pykka.ActorDeadError):
        port.publish(MAKERS["status"](1))
    assert not house.machines[EXECUTION].heard
    house.stop()


def test_what_goes_wrong_in_a_passage_that_was_stopped_meanwhile_fails_no_line() -> None:
    """A gateway that does not let go in time still speaks to a line whose end was asked for: that is no failure of it."""

    class Late(Port):
        def send(self, command: Message) -> None:
            house.desk.peers[BROKER].stop(block=True, timeout=1.0)
            super().send(command)

    house = house_with(Late(error=ZeroDivisionError("broken on purpose")))
    house.desk.emit(MAKERS["cancel"](1))
    house.settle()

    assert not house.failed.failures
    house.stop()


def test_a_stopped_passage_keeps_what_is_for_others_from_nobody() -> None:
    house = house_with(Port())
    shown = MAKERS["protection"](1)
    house.machines[EXECUTION].answers = lambda x: (CANCEL, shown) if isinstance(x, m.CancelOrder) else ()
    house.desk.peers[BROKER].stop(block=True, timeout=1.0)
    house.desk.emit(MAKERS["cancel"](1))
    house.settle()

    assert shown in house.ears[BOARD].heard
    assert not house.failed.failures
    house.stop()
