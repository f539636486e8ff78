"""When to ask the broker for everything it knows. Rule: one request at a time, and a question that stays open is
asked ever more slowly."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.broker_messages import TakeSnapshot


class SnapshotAsker:
    """Holds the open questions; a snapshot requested at or after a question was put answers it."""

    def __init__(self, retry_s: float, gap_s: float, backoff_max_s: float) -> None:
        self._retry_s, self._gap_s, self._backoff_max_s = retry_s, gap_s, backoff_max_s
        self._needs: dict[str, datetime] = {}
        self._asked: dict[str, tuple[int, datetime]] = {}
        self._asked_at: datetime | None = None
        self._waits = False
        self.answered_for: datetime | None = None
        """When the newest answered request was made."""

    def need(self, reason: str, now: datetime) -> None:
        """Put a question, unless it stands already or was answered so lately that asking again is nagging."""
        _, not_before = self._asked.get(reason, (0, now))
        if now >= not_before:
            self._needs.setdefault(reason, now)

    def next_request(self, now: datetime) -> TakeSnapshot | None:
        if not self._needs or not self._may_ask(now):
            return None
        self._asked_at, self._waits = now, True
        return TakeSnapshot(next(iter(self._needs)), now)

    def _may_ask(self, now: datetime) -> bool:
        if self._asked_at is None:
            return True
        return now >= self._asked_at + timedelta(seconds=self._retry_s if self._waits else self._gap_s)

    def answered(self, requested_at: datetime, now: datetime) -> None:
        self.answered_for = max(requested_at, self.answered_for or requested_at)
        self._waits = self._waits and self._asked_at is not None and requested_at < self._asked_at
        for reason in [r for r, since in self._needs.items() if since <= requested_at]:
            del self._needs[reason]
            times = self._asked.get(reason, (0, now))[0]
            pause_s = min(self._gap_s * 2**times, self._backoff_max_s)
            self._asked[reason] = (min(times + 1, 16), now + timedelta(seconds=pause_s))

    def failed(self) -> None:
        """The request ended without an answer: the questions stand, the next request waits only the gap."""
        self._waits = False

    def forget(self) -> None:
        """A new connection: what was asked on the old one will not be answered."""
        self._needs.clear()
        self._asked.clear()
        self._asked_at, self._waits = None, False
