"""How long things take, measured around machines and around the broker port without either knowing.

Only the wall's clock is read here, and only by these wrappers: what they wrap stays as pure as it was.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator
from time import perf_counter

from bot.domain import broker_messages as b
from bot.domain.messages import Message
from bot.domain.port import BrokerPort
from bot.ops.metrics.family import Summed
from bot.ops.status.histogram import CALL_BUCKETS_S, Histogram
from bot.wiring import Machine

REQUESTS = ("underlying", "chain", "options", "bars", "snapshot", "margin")
OPEN_AT_MOST = 500
"""Questions without an answer are forgotten, the oldest first."""


class TimedMachine:
    """A machine that knows how long it thinks. What its words cost their subscribers is not counted."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._messages = 0
        self._seconds = 0.0

    @property
    def busy(self) -> Summed:
        return self._messages, self._seconds

    def handle(self, message: Message) -> Iterator[Message]:
        began = perf_counter()
        self._messages += 1
        words = iter(self._machine.handle(message))
        while True:
            try:
                word = next(words)
            except StopIteration:
                self._seconds += perf_counter() - began
                return
            self._seconds += perf_counter() - began
            yield word
            began = perf_counter()

    def remember(self, message: Message) -> None:
        self._machine.remember(message)


class CallTimes:
    """The distributions that a TimedPort fills; they outlive it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.acks = Histogram(CALL_BUCKETS_S)
        self.calls = {kind: Histogram(CALL_BUCKETS_S) for kind in REQUESTS}

    def note_ack(self, seconds: float) -> None:
        with self._lock:
            self.acks = self.acks.add(seconds)

    def note_call(self, kind: str, seconds: float) -> None:
        with self._lock:
            self.calls = {**self.calls, kind: self.calls[kind].add(seconds)}


class TimedPort:
    """A broker port that notes when it was asked and when it was answered."""

    def __init__(self, port: BrokerPort, times: CallTimes) -> None:
        self._port = port
        self._times = times
        self._lock = threading.Lock()
        self._asked: dict[Hashable, float] = {}

    def start(self, publish: Callable[[Message], None]) -> None:
        def publish_timed(fact: Message) -> None:
            self._note_answer(fact)
            publish(fact)

        self._port.start(publish_timed)

    def send(self, command: Message) -> None:
        keys = list(_questions(command))
        if keys:
            now = perf_counter()
            with self._lock:
                self._asked.update(dict.fromkeys(keys, now))
                while len(self._asked) > OPEN_AT_MOST:
                    del self._asked[next(iter(self._asked))]
        self._port.send(command)

    def stop(self, timeout_s: float) -> None:
        self._port.stop(timeout_s)

    def _note_answer(self, fact: Message) -> None:
        key = _answer(fact)
        if key is None:
            return
        with self._lock:
            asked_at = self._asked.pop(key, None)
        if asked_at is None:
            return
        seconds = perf_counter() - asked_at
        if key[0] == "order":
            self._times.note_ack(seconds)
        else:
            self._times.note_call(key[0], seconds)


QuestionKey = tuple[str, Hashable]


def _questions(command: Message) -> Iterable[QuestionKey]:
    match command:
        case b.QualifyUnderlying():
            return [("underlying", command.symbol)]
        case b.ListChain():
            return [("chain", command.underlying.symbol)]
        case b.QualifyOptions():
            return [("options", (command.underlying.symbol, command.expiry))]
        case b.WatchBars():
            return [("bars", (command.contract.symbol, command.size))]
        case b.TakeSnapshot():
            return [("snapshot", command.at)]
        case b.QuoteMargin():
            return [("margin", command.idea_id)]
        case b.SendOrders():
            return [("order", order.ref) for order in command.orders]
    return []


def _answer(fact: Message) -> QuestionKey | None:
    match fact:
        case b.OrderStatusChanged() | b.OrderRefused():
            return "order", fact.ref
        case b.UnderlyingQualified():
            return "underlying", fact.contract.symbol
        case b.ChainListed():
            return "chain", fact.chain.symbol
        case b.OptionsQualified():
            return "options", (fact.symbol, fact.expiry)
        case b.BarsBackfilled():
            return "bars", (fact.symbol, fact.size)
        case b.SnapshotTaken():
            return "snapshot", fact.requested_at
        case b.MarginQuoted():
            return "margin", fact.idea_id
    return None
