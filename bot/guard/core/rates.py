"""How often: per minute, per New York day, per fill, and round trips until a person goes on.

Rule: counts of a day survive a restart (``kept_counts``), otherwise a client could restart the guard to be free again.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from bot.domain.session import NEW_YORK, new_york_day
from bot.guard.core.limits import Rate, Rates

_MINUTE = timedelta(minutes=1)
KINDS = ("entries", "exits", "revisions", "cancels")
WHAT_IFS = "what_ifs"


@dataclass(slots=True)
class Counts:
    """What has been let through. ``fills`` and ``by_kind`` are of ``day``; ``round_trips`` since a person last went on."""

    day: date
    by_kind: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    fills: int = 0
    round_trips: int = 0
    refused: int = 0
    _day_span: tuple[datetime, ...] = (datetime.max.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
    _recent: dict[str, deque[datetime]] = field(default_factory=lambda: defaultdict(deque))

    @classmethod
    def of(cls, now: datetime) -> Counts:
        """Nothing has happened yet today."""
        return cls(new_york_day(now))

    def roll(self, now: datetime) -> None:
        """A new day begins from nothing; a day before is one of a clock that is wrong, and begins nothing."""
        if self._day_span[0] <= now < self._day_span[1]:
            return
        today = new_york_day(now)
        edges = (datetime.combine(day, time(0), NEW_YORK) for day in (today, today + timedelta(days=1)))
        self._day_span = tuple(edge.astimezone(UTC) for edge in edges)
        if today > self.day:
            self.day, self.fills, self.refused = today, 0, 0
            self.by_kind = dict.fromkeys(KINDS, 0)

    def add(self, kind: str, now: datetime) -> None:
        """One more was let through."""
        if kind in self.by_kind:
            self.by_kind[kind] += 1
        self._recent[kind].append(now)

    def in_a_minute(self, kind: str, now: datetime) -> int:
        """How many of ``kind`` were let through within the last."""
        recent = self._recent[kind]
        while recent and now - recent[0] >= _MINUTE:
            recent.popleft()
        return len(recent)

    def too_many(self, kind: str, limits: Rates, now: datetime) -> str | None:
        """Why one more of ``kind`` would be too many, or ``None``."""
        rate: Rate = getattr(limits, kind)
        recent = self.in_a_minute(kind, now)
        if recent >= rate.minute:
            return f"{recent} {kind} in a minute; the limit is {rate.minute}"
        if self.by_kind[kind] >= rate.day:
            return f"{self.by_kind[kind]} {kind} today; the limit is {rate.day}"
        return None

    @property
    def messages(self) -> int:
        """Submissions, revisions and cancels of the day."""
        return sum(self.by_kind.values())

    def inefficient(self, limits: Rates) -> str | None:
        """Why one more message would be a waste by IB's measure, or ``None``."""
        ratio = Decimal(self.messages + 1) / (self.fills + 1)
        if self.messages + 1 < limits.efficiency_from or ratio <= limits.efficiency:
            return None
        return f"{self.messages} order messages for {self.fills} fills today; the limit is {limits.efficiency} each"
