"""The journal as a listener: what is worth keeping but need not be on disk before it is acted on."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.machine import StateMachine
from bot.domain.messages import HistoryLoaded, Message, TimePassed
from bot.journal.codec import JOURNAL_KINDS
from bot.journal.store import Journal
from bot.wiring import DURABLE

FLUSH_EVERY = timedelta(seconds=5)


class JournalListener(StateMachine):
    """Records what is routed to it; every few seconds of bot time, one write. An SD card lives under it."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._journal = journal
        self._flushed_at: datetime | None = None
        kept = (kind for kind in JOURNAL_KINDS.values() if kind not in DURABLE and kind is not TimePassed)
        self.listen(
            {**dict.fromkeys(kept, journal.record), HistoryLoaded: self._write}, {TimePassed: self._flush}
        )

    def _write(self, history: HistoryLoaded) -> None:
        """At once: it is a MiB of text."""
        self._journal.record(history)
        self._journal.flush()

    def _flush(self, passed: TimePassed) -> None:
        if self._flushed_at is None or passed.at - self._flushed_at >= FLUSH_EVERY:
            self._flushed_at = passed.at
            self._journal.flush()

    def remember(self, row: Message) -> None:
        """It is the memory."""
