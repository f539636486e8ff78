"""Events around which nothing new is risked, as people write them: ``2026-12-09 14:00 FOMC``, ``2027-01-28 @AAPL earnings``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from bot.domain.session import NEW_YORK

_FORM = re.compile(r"(\d{4}-\d{2}-\d{2})(?: (\d{2}:\d{2}))?(?: @([A-Z][A-Z0-9.]*))? ([^@\s].*)")


@dataclass(frozen=True, slots=True)
class Blackout:
    """``at`` None: the whole day, New York's; ``symbol`` empty: every symbol's."""

    day: date
    at: datetime | None
    symbol: str
    name: str

    def holds(self, now: datetime, symbol: str, before: timedelta, after: timedelta) -> bool:
        """Whether the event is near at this instant, for this symbol."""
        if self.symbol and self.symbol != symbol:
            return False
        if self.at is None:
            return now.astimezone(NEW_YORK).date() == self.day
        return self.at - before <= now < self.at + after


def parse_blackout(text: str) -> Blackout:
    """Read one event; ValueError says how to write it."""
    found = _FORM.fullmatch(text.strip())
    help_text = f"{text!r} is no event; write it as '2026-12-09 14:00 FOMC' or '2027-01-28 @AAPL earnings'"
    if found is None:
        raise ValueError(help_text)
    try:
        day = date.fromisoformat(found[1])
        clock = None if found[2] is None else time.fromisoformat(found[2])
    except ValueError:
        raise ValueError(help_text) from None
    at = None if clock is None else datetime.combine(day, clock, NEW_YORK).astimezone(UTC)
    return Blackout(day, at, found[3] or "", found[4])
