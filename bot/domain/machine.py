"""What all machines have in common: one way to learn, and one way to answer.

Rule: ``apply`` is the only thing that changes what a machine knows, and it says nothing; ``decide`` answers. What a
machine says itself it applies before it is heard, so a restart, which applies the rows on disk and decides nothing,
ends where the lost machine stood and can never send an order twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from bot.domain.broker_messages import BrokerPulse
from bot.domain.messages import Message

Apply = Callable[[Any], None]
Decide = Callable[[Any], Iterable[Message]]
Applies = Mapping[type, Apply]
"""What one part of a machine learns from which message."""

NO_TIME_YET = datetime.min.replace(tzinfo=UTC)


class StateMachine:
    """A pure machine over two tables. ``now`` is the latest time received and never runs backwards."""

    JUDGED_FIRST: ClassVar[frozenset[type]] = frozenset()
    """Messages judged against what was known before them: their decider applies them, when it has looked."""

    def __init__(self) -> None:
        self.now = NO_TIME_YET
        self._applies: dict[type, tuple[Apply, ...]] = {}
        self._decides: dict[type, Decide] = {}

    def listen(self, *applies: Applies, decides: Mapping[type, Decide] | None = None) -> None:
        """Take in the tables of the machine's parts; several may learn from one message, in the order given."""
        for table in applies:
            for kind, apply in table.items():
                self._applies[kind] = (*self._applies.get(kind, ()), apply)
        self._decides.update(decides or {})

    @property
    def hears(self) -> frozenset[type]:
        """The messages that change what it knows or what it says."""
        return frozenset(self._applies) | frozenset(self._decides)

    @property
    def has_time(self) -> bool:
        """Whether any message has told the time yet."""
        return self.now > NO_TIME_YET

    def handle(self, message: Message) -> Iterable[Message]:
        """Hear one message; what follows from it, in order."""
        at = self.time_of(message)
        if at is not None and at > self.now:
            self.now = at
        if type(message) not in self.JUDGED_FIRST:
            self.apply(message)
        said: list[Message] = []
        for answer in self.decide(message):
            self.apply(answer)
            said.append(answer)
        return said

    def remember(self, row: Message) -> None:
        """Apply a row that an earlier life had put on disk (see ``wiring.DURABLE``). It tells no time: that is over."""
        self.apply(row)

    def apply(self, event: Message) -> None:
        """Learn from one message."""
        for apply in self._applies.get(type(event), ()):
            apply(event)

    def decide(self, message: Message) -> Iterable[Message]:
        """What is to be said now that ``message`` was heard."""
        answer = self._decides.get(type(message))
        return () if answer is None else answer(message)

    def time_of(self, message: Message) -> datetime | None:
        """The time that a message tells, None where it tells none.

        A heartbeat tells none: it belongs to the connection and not to the market, and a day that is replayed has none. What
        falls due is asked for by TimePassed, in every runtime behind the same messages.
        """
        at: datetime | None = None if type(message) is BrokerPulse else getattr(message, "at", None)
        return at
