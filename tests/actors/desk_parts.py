"""Small whole machines around a desk, and messages that tell each other apart."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from bot.actors.desk import Desk, start_peer
from bot.actors.runtime import Peer, Ping
from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.market import Quote
from bot.domain.messages import Message
from bot.domain.order import OrderStatus
from bot.wiring import ALERTS, BOARD, BROKER, EXECUTION, JOURNAL, MARKET_DATA, OCO_WATCHER, RISK
from tests.journal.makers import CALL

AT = datetime(2011, 1, 5, 15, 31, tzinfo=UTC)
SPY = "strategy:SPY"
AT_THE_DESK = (OCO_WATCHER, EXECUTION, RISK, SPY, MARKET_DATA)
OUTSIDE = (JOURNAL, BOARD, ALERTS, BROKER)


def _quote(number: int) -> Quote:
    at = AT + timedelta(milliseconds=number)
    return Quote(con_id=1 + number % 3, symbol="SPY", at=at, bid=Decimal(number))


MAKERS: dict[str, Callable[[int], Message]] = {
    "cancel on the wire": lambda n: b.SendCancel(f"{n}/stop", AT),
    "status": lambda n: b.OrderStatusChanged(
        ref=f"{n}/stop", status=OrderStatus.WORKING, filled=0, remaining=1, perm_id=n, order_id=n, at=AT
    ),
    "cancel": lambda n: m.CancelOrder(f"{n}/stop", "test", AT),
    "protection": lambda n: m.ProtectionChanged(f"{n}", True, 1, 1, 0.0, AT),
    "time": lambda n: m.TimePassed(AT + timedelta(seconds=n)),
    "feed": lambda n: m.FeedChanged("SPY", f"{n}", True, AT),
    "quote": lambda n: b.QuoteReceived(_quote(n)),
    "updated": lambda n: m.QuoteUpdated(_quote(n)),
    "unwatch": lambda n: b.UnwatchQuote(replace(CALL, con_id=n)),
    "resumed": lambda n: m.Resumed(AT, "operator", f"{n}", "me"),
    "ordered": lambda n: m.HaltTrading(AT, f"{n}", "me"),
}


@dataclass
class Speaks:
    """Notes what it hears, and says what ``answers`` has for it."""

    answers: Callable[[Message], Sequence[Message]] = lambda _: ()
    heard: list[Message] = field(default_factory=list)

    def handle(self, message: Message) -> Iterator[Message]:
        self.heard.append(message)
        yield from self.answers(message)

    def remember(self, message: Message) -> None:
        """Nothing was before."""


@dataclass
class HeldUp(Speaks):
    """Does not return from its first message until it may."""

    began: threading.Event = field(default_factory=threading.Event)
    may_go_on: threading.Event = field(default_factory=threading.Event)

    def handle(self, message: Message) -> list[Message]:  # type: ignore[override]
        self.heard.append(message)
        if len(self.heard) == 1:
            self.began.set()
            self.may_go_on.wait(60)
        return list(self.answers(message))


@dataclass
class Ear:
    """A peer outside the desk, without a thread."""

    told: Callable[[Message], None] = lambda _: None
    heard: list[Message] = field(default_factory=list)

    def tell(self, message: Message) -> None:
        self.told(message)
        self.heard.append(message)

    def is_alive(self) -> bool:
        return True


@dataclass
class Told:
    """What the desk told its supervisor."""

    failures: list[tuple[str, BaseException, object]] = field(default_factory=list)
    event: threading.Event = field(default_factory=threading.Event)

    def __call__(self, component: str, error: BaseException, message: object) -> None:
        self.failures.append((component, error, message))
        self.event.set()


@dataclass
class House:
    """A desk with everybody at it and around it. ``disk`` is what has been committed, group by group."""

    commit_all: Callable[[Sequence[Message]], None] = lambda _: None
    machines: dict[str, Any] = field(default_factory=dict)
    told: Callable[[str, Message], None] = lambda *_: None
    failed: Told = field(default_factory=Told)
    groups: list[list[Message]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.desk = Desk(self._commit)
        self.machines = {name: Speaks() for name in AT_THE_DESK} | self.machines
        self.ears = {name: Ear(lambda x, name=name: self.told(name, x)) for name in OUTSIDE}  # type: ignore[misc]
        for name, ear in self.ears.items():
            self.desk.peers[name] = cast(Peer, ear)
        for name, machine in self.machines.items():
            start_peer(name, machine, self.desk, self.failed)

    def _commit(self, rows: Sequence[Message]) -> None:
        self.commit_all(rows)
        self.groups.append(list(rows))

    @property
    def disk(self) -> list[Message]:
        return [row for group in self.groups for row in group]

    def settle(self) -> None:
        """Everything that was said, and whatever came of it."""
        before = -1
        while (now := sum(self.desk.peers[name].ask(Ping(), timeout=30.0) for name in AT_THE_DESK)) != before:
            before = now

    def stop(self) -> None:
        for name in reversed(AT_THE_DESK):
            self.desk.peers[name].stop(block=True, timeout=30.0)
