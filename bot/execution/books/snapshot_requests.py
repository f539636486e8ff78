"""When to ask the broker for everything it knows, and which questions an answer settles.

Rule: one request at a time, and a question that stays open is asked ever more slowly. A request of our own answers
the questions that stood when it left, whatever the clock says; somebody else's answers those clearly older than it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.broker_messages import SnapshotTaken, TakeSnapshot

_ONE_TICK = timedelta(microseconds=1)
_CLEARLY = timedelta(milliseconds=1)


class SnapshotRequests:
    """Holds open questions by their words. Answered is not yet agreed: that takes the snapshot's reconciliation."""

    def __init__(self, retry_s: float, gap_s: float, backoff_max_s: float) -> None:
        self._retry_s, self._gap_s, self._backoff_max_s = retry_s, gap_s, backoff_max_s
        self._open: dict[str, datetime] = {}
        self._answered: set[str] = set()
        self._agreed: set[str] = set()
        self._asked: dict[str, tuple[int, datetime]] = {}
        self._request: TakeSnapshot | None = None
        self._covers: frozenset[str] = frozenset()
        self._waits = False
        self.answered_for: datetime | None = None
        """When the newest answered request was made."""

    @property
    def is_asking(self) -> bool:
        """Whether a question stands, or a request is without its answer."""
        return self._waits or bool(self._open)

    def need(self, question: str, now: datetime) -> None:
        """Put a question, unless it stands already or was answered so lately that asking again is nagging."""
        _, not_before = self._asked.get(question, (0, now))
        if now >= not_before:
            self._open.setdefault(question, now)

    def is_agreed(self, question: str) -> bool:
        """Whether a snapshot asked for after the question was put has been reconciled."""
        return question in self._agreed

    def close(self, question: str) -> None:
        """The question matters no more."""
        self._open.pop(question, None)
        self._asked.pop(question, None)
        self._answered.discard(question)
        self._agreed.discard(question)

    def next_request(self, now: datetime) -> TakeSnapshot | None:
        if not self._open or not self._may_ask(now):
            return None
        # Later than all that was received, so that the answer is newer evidence than any of it.
        at = max(now, now if self._request is None else self._request.at) + _ONE_TICK
        self._request, self._covers, self._waits = (
            TakeSnapshot(next(iter(self._open)), at),
            frozenset(self._open),
            True,
        )
        return self._request

    def _may_ask(self, now: datetime) -> bool:
        if self._request is None:
            return True
        return now >= self._request.at + timedelta(seconds=self._retry_s if self._waits else self._gap_s)

    def pass_over(self, question: str, now: datetime) -> datetime | None:
        """Ask and be answered at once, for whoever knows the answer; when it was asked for, None where it may not be."""
        self.need(question, now)
        request = self.next_request(now)
        if request is None:
            return None
        self._answer(request.reason, request.at, now)
        return request.at

    def not_before(self, question: str) -> datetime | None:
        """When this question may be put again; None: at any time."""
        asked = self._asked.get(question)
        return None if asked is None else asked[1]

    def answered(self, taken: SnapshotTaken, now: datetime) -> None:
        self._answer(taken.reason, taken.requested_at, now)

    def look_passed(self, requested_at: datetime) -> None:
        """Somebody else's request was answered, and nothing was in doubt here."""
        self.answered_for = max(requested_at, self.answered_for or requested_at)

    def _answer(self, reason: str, requested_at: datetime, now: datetime) -> None:
        self.look_passed(requested_at)
        request = self._request
        is_ours = request is not None and (reason, requested_at) == (request.reason, request.at)
        self._waits = self._waits and not is_ours
        for question, since in tuple(self._open.items()):
            if (is_ours and question in self._covers) or since + _CLEARLY <= requested_at:
                self._settle(question, now)

    def _settle(self, question: str, now: datetime) -> None:
        del self._open[question]
        self._answered.add(question)
        times = self._asked.get(question, (0, now))[0]
        pause_s = min(self._gap_s * 2**times, self._backoff_max_s)
        self._asked[question] = (min(times + 1, 16), now + timedelta(seconds=pause_s))

    def agreed(self) -> None:
        """The last snapshot was reconciled."""
        self._agreed |= self._answered
        self._answered.clear()

    def failed(self) -> None:
        """The request ended without an answer: the questions stand, the next request waits only the gap."""
        self._waits = False

    def forget(self) -> None:
        """A new connection: what was asked on the old one will not be answered; what was asked still matters."""
        self._asked.clear()
        self._waits, self._request = False, None
