"""Python's garbage collector kept out of the session: a full pass over a living bot takes 25 to 50 ms, on a Pi ten times that.

Rule: once the line stands, everything alive is taken out of its sight and full passes happen only while the market is
closed. Young objects are still collected, in well under a millisecond. What a full pass freed goes back to the machine.
"""

from __future__ import annotations

import gc
from datetime import datetime, timedelta

from bot.domain.session import CalendarRangeError, is_open
from bot.ops.process.memory import give_back

_YOUNG, _MIDDLE, _NEVER = 2_000, 20, 1_000_000
"""Python's own are 700, 10 and 10: objects, young passes before a middle one, middle ones before a full one."""
_EVERY = timedelta(hours=1)


class QuietCollector:
    """``settle`` when the line is complete, ``beat`` now and then; ``end`` gives Python its own habits back."""

    def __init__(self) -> None:
        self._usual = gc.get_threshold()
        self._last: datetime | None = None

    def beat(self, now: datetime, *, is_settled: bool) -> bool:
        """Collect if it is time to: when the line first stands, then hourly outside the session. Whether it did."""
        if self._last is None:
            if not is_settled:
                return False
            gc.set_threshold(_YOUNG, _MIDDLE, _NEVER)
        elif now - self._last < _EVERY or _is_open(now):
            return False
        self._last = now
        gc.collect()
        gc.freeze()
        give_back()
        return True

    def end(self) -> None:
        gc.set_threshold(*self._usual)
        gc.unfreeze()


def _is_open(now: datetime) -> bool:
    try:
        return is_open(now)
    except CalendarRangeError:
        return False
