"""The journal as a listener: what is worth keeping but need not be on disk before it is acted on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from bot.domain.messages import Message, TimePassed
from bot.journal.codec import KINDS
from bot.journal.store import Journal
from bot.wiring import DURABLE

FLUSH_EVERY = timedelta(seconds=5)


class JournalListener:
    """Records what is routed to it; every few seconds of bot time, one write. An SD card lives under it."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._flushed_at: datetime | None = None

    def handle(self, message: Message) -> Iterator[Message]:
        if isinstance(message, TimePassed):
            if self._flushed_at is None or message.at - self._flushed_at >= FLUSH_EVERY:
                self._flushed_at = message.at
                self._journal.flush()
        elif type(message) not in DURABLE and type(message).__name__ in KINDS:
            self._journal.record(message)
        yield from ()

    def remember(self, message: Message) -> None:
        """It is the memory."""
