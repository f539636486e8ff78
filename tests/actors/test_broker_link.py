"""The broker peer: commands in, facts out, and a fault of the port is a fault of the line."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.actors.broker_link import BrokerLink
from bot.domain import broker_messages as b
from bot.domain.errors import RestartTheLine
from bot.domain.messages import MachineFailed, Message

NOW = datetime(2011, 1, 7, 15, tzinfo=UTC)


class Port:
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.sent: list[Message] = []

    def start(self, tell: object) -> None:
        """Nothing to connect."""

    def send(self, command: Message) -> None:
        self.sent.append(command)

    def stop(self, timeout_s: float) -> None:
        """Nothing to leave."""


def test_commands_go_in_and_facts_come_out() -> None:
    port = Port()
    link = BrokerLink(port)
    command, fact = b.SendCancel("i/entry", NOW), b.BrokerDisconnected(NOW, "gone")
    assert list(link.handle(command)) == []
    assert list(link.handle(fact)) == [fact]
    assert port.sent == [command]


def test_a_fault_in_the_port_stops_the_line() -> None:
    failed = MachineFailed(NOW, "broker", "UnreadableAnswer: Bewildered", "where")
    with pytest.raises(RestartTheLine, match="Bewildered"):
        list(BrokerLink(Port()).handle(failed))
