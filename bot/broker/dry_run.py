"""A dry run: live data from the real broker, every order answered by an exchange of our own, nothing on the wire.

The exchange is fed by the real quotes. What it answers looks like the broker's own facts, so nothing above can tell,
and fills and P&L go into the same journal. What-ifs are placeOrder messages too, so they are answered here as well.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol

from bot.domain import broker_messages as b
from bot.domain.messages import Message, TimePassed
from bot.domain.port import BrokerPort, Publish

SIMULATED_COMMANDS = (b.SendOrders, b.SendCancel, b.SendRevision, b.QuoteMargin, b.TakeSnapshot)
FED_FACTS = (b.QuoteReceived, b.AccountUpdated, b.BrokerConnected)


class ExchangeMachine(Protocol):
    """The machine that plays the exchange."""

    def handle(self, message: Message) -> Iterable[Message]: ...


class DryRunPort:
    """A BrokerPort around a BrokerPort. The lock keeps facts and commands from meeting inside the exchange."""

    def __init__(self, real: BrokerPort, exchange: ExchangeMachine, now: Callable[[], datetime]) -> None:
        self._real = real
        self._exchange = exchange
        self._now = now
        self._lock = threading.Lock()
        self._publish: Publish = lambda _: None

    def start(self, publish: Publish) -> None:
        self._publish = publish
        self._real.start(self._on_fact)

    def send(self, command: Message) -> None:
        if isinstance(command, SIMULATED_COMMANDS):
            self._ask(TimePassed(self._now()), command)
        else:
            self._real.send(command)

    def stop(self, timeout_s: float) -> None:
        self._real.stop(timeout_s)

    def _on_fact(self, fact: Message) -> None:
        # The exchange answers with the simulated account; two equities side by side would confuse the loss guard.
        if not isinstance(fact, b.AccountUpdated):
            self._publish(fact)
        if isinstance(fact, FED_FACTS):
            self._ask(TimePassed(self._now()), fact)

    def _ask(self, *messages: Message) -> None:
        with self._lock:
            answers = [answer for message in messages for answer in self._exchange.handle(message)]
        for answer in answers:
            self._publish(answer)
