"""Which expiry to trade: the nearest weekly one, or the nearest within a range of days.

Rule: days are calendar days from today in New York. A weekly expiry is the last of its week (Friday, Thursday before a
Friday holiday), so that daily expiries are passed over and a monthly, which ends its week too, counts as one.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from bot.domain.session import previous_session

_RANGE: Final = re.compile(r"(\d{1,3})(?:-(\d{1,3}))?")


@dataclass(frozen=True, slots=True)
class ExpiryRule:
    """Days to expiry, both ends included. ``weekly_only`` passes over expiries inside a week."""

    min_days: int = 1
    max_days: int = 9
    weekly_only: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.min_days <= self.max_days:
            raise ValueError(f"days to expiry must rise from 0: {self.min_days}-{self.max_days}")

    def pick(self, expiries: Sequence[date], today: date) -> date | None:
        """Return the nearest expiry that fits, None when none does."""
        return next(self.fitting(expiries, today), None)

    def fitting(self, expiries: Sequence[date], today: date) -> Iterator[date]:
        """Every expiry that fits, the nearest first."""
        # Lazily, so that expiries years ahead never ask the calendar about years it does not know.
        return (expiry for expiry in sorted(expiries) if self._fits(expiry, today))

    def _fits(self, expiry: date, today: date) -> bool:
        days = (expiry - today).days
        return self.min_days <= days <= self.max_days and (not self.weekly_only or ends_its_week(expiry))


def ends_its_week(expiry: date) -> bool:
    """Tell whether no session of the expiry's week comes after it; the old Saturday expiries do end theirs."""
    next_monday = expiry + timedelta(days=7 - expiry.weekday())
    return expiry >= previous_session(next_monday).day


def parse_expiry(text: str) -> ExpiryRule:
    """Read a setting: ``weekly`` (not today's), ``7-14`` days, or ``0`` for exactly so many days; else ValueError."""
    if text.strip().lower() == "weekly":
        return ExpiryRule()
    match = _RANGE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"expiry {text!r} is neither 'weekly' nor a range of days like '7-14'")
    low = int(match[1])
    return ExpiryRule(low, int(match[2]) if match[2] else low, weekly_only=False)
