"""The weekly proof that the gateway is logged in: by a named hour on Sunday, long before Monday's open.

IB ends every log-in on Sunday at 01:00 New York time (IBKR Guides, "Auto restart"), and only a person's phone begins the next.
Rule: proved is a handshake on the guard's own line, begun after that hour, that names an allowed account. A port that is
open, an old connection or "nothing is wrong" prove nothing. Until then no entry leaves.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from bot.domain.session import NEW_YORK
from bot.guard.core.effects import Tell
from bot.guard.core.limits import SundayProof

_TOKENS_END = time(1, 0)
_SUNDAY = 6
_FIRST_HANDSHAKE = timedelta(minutes=5)


def log_in_ended(now: datetime) -> datetime:
    """The last instant at which IB ended every log-in."""
    local = now.astimezone(NEW_YORK)
    day = local.date() - timedelta(days=(local.weekday() - _SUNDAY) % 7)
    end = datetime.combine(day, _TOKENS_END, NEW_YORK).astimezone(UTC)
    if end <= now:
        return end
    return datetime.combine(day - timedelta(days=7), _TOKENS_END, NEW_YORK).astimezone(UTC)


class WeeklyProof:
    """``rule``: by when on Sunday, and how often to say so until it is proved. A guard that has just begun, ``born``, gets some
    minutes for its first handshake."""

    def __init__(self, rule: SundayProof, born: datetime) -> None:
        self._rule, self._born = rule, born
        self._proved_at: datetime | None = None
        self._ended: tuple[datetime, datetime] | None = None
        self._told_at: datetime | None = None

    def proved(self, begun_at: datetime) -> None:
        """A line of ours that was begun then has named the right account."""
        self._proved_at = begun_at

    def is_proved(self, now: datetime) -> bool:
        if self._proved_at is None:
            return False
        if self._ended is None or self._ended[0] is not now:  # asked again and again between two ticks
            self._ended = (now, log_in_ended(now))
        return self._proved_at >= self._ended[1]

    def deadline(self, now: datetime) -> datetime:
        """This week's named hour."""
        sunday = log_in_ended(now).astimezone(NEW_YORK).date()
        return datetime.combine(sunday, self._rule.proved_by, NEW_YORK).astimezone(UTC)

    def time_passed(self, now: datetime) -> Iterator[Tell]:
        """Say that it is not proved, from the named hour on, again and again; and once that it is."""
        if self.is_proved(now):
            if self._told_at is not None:
                self._told_at = None
                yield Tell("log-in", "the gateway's log-in is proved")
            return
        if now < max(self.deadline(now), self._born + _FIRST_HANDSHAKE):
            return
        if self._told_at is None or now - self._told_at >= timedelta(minutes=self._rule.again_minutes):
            self._told_at = now
            words = "the gateway is not logged in: no handshake with the right account since Sunday 01:00 New York; confirm the "
            yield Tell(
                "log-in", words + "second factor on your phone. Until then no entry leaves", is_urgent=True
            )
