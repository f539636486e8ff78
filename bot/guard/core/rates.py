"""How often: per minute, per New York day, per fill, and round trips until a person goes on.

Rule: counts of a day survive a restart (``to_json``), otherwise a client could restart the guard to be free again.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from bot.domain.session import NEW_YORK, new_york_day
from bot.guard.core.limits import Rate, Rates

_MINUTE = timedelta(minutes=1)
KINDS = ("entries", "exits", "revisions", "cancels")


@dataclass(slots=True)
class Counts:
    """What has been let through. ``fills`` and ``by_kind`` are of ``day``; ``round_trips`` since a person last went on."""

    day: date
    by_kind: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    fills: int = 0
    round_trips: int = 0
    refused: int = 0
    _day_span: tuple[datetime, ...] = (datetime.max.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
    _recent: dict[str, deque[datetime]] = field(default_factory=lambda: {kind: deque() for kind in KINDS})

    @classmethod
    def of(cls, now: datetime) -> Counts:
        """Nothing has happened yet today."""
        return cls(new_york_day(now))

    def roll(self, now: datetime) -> None:
        """A new day begins from nothing."""
        if self._day_span[0] <= now < self._day_span[1]:
            return
        today = new_york_day(now)
        edges = (datetime.combine(day, time(0), NEW_YORK) for day in (today, today + timedelta(days=1)))
        self._day_span = tuple(edge.astimezone(UTC) for edge in edges)
        if today != self.day:
            self.day, self.fills, self.refused = today, 0, 0
            self.by_kind = dict.fromkeys(KINDS, 0)

    def add(self, kind: str, now: datetime) -> None:
        """One more was let through."""
        self.by_kind[kind] += 1
        self._recent[kind].append(now)

    def too_many(self, kind: str, limits: Rates, now: datetime) -> str | None:
        """Why one more of ``kind`` would be too many, or ``None``."""
        rate: Rate = getattr(limits, kind)
        recent = self._recent[kind]
        while recent and now - recent[0] >= _MINUTE:
            recent.popleft()
        if len(recent) >= rate.minute:
            return f"{len(recent)} {kind} in a minute; the limit is {rate.minute}"
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

    def to_json(self) -> dict[str, Any]:
        """What a restart must know."""
        return {
            "day": self.day.isoformat(),
            "counts": self.by_kind,
            "fills": self.fills,
            "round_trips": self.round_trips,
        }

    @classmethod
    def from_json(cls, found: dict[str, Any], now: datetime) -> Counts:
        """The inverse of ``to_json``. Errors: KeyError, TypeError, ValueError for anything else."""
        counts = cls(date.fromisoformat(found["day"]))
        counts.by_kind = {kind: int(found["counts"][kind]) for kind in KINDS}
        counts.fills, counts.round_trips = int(found["fills"]), int(found["round_trips"])
        counts.roll(now)
        return counts
