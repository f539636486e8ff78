"""Things to do at an instant of the simulated clock, in the order of their instants and, within one, of their asking.

Rule: nothing here reads a clock; whoever owns the time asks for what is due.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime
from itertools import count

TimerAction = Callable[[], None]


class Timer:
    """One promise; ``cancel`` takes it back."""

    __slots__ = ("action", "at")

    def __init__(self, at: datetime, action: TimerAction) -> None:
        self.at = at
        self.action: TimerAction | None = action

    def cancel(self) -> None:
        self.action = None


class Timers:
    """A queue of promises. Two at the same instant are kept in the order in which they were made."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, Timer]] = []
        self._count = count()

    def at(self, when: datetime, action: TimerAction) -> Timer:
        timer = Timer(when, action)
        heapq.heappush(self._heap, (when, next(self._count), timer))
        return timer

    def next_at(self) -> datetime | None:
        """The instant of the earliest promise that still stands."""
        while self._heap and self._heap[0][2].action is None:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: datetime) -> TimerAction | None:
        """Take out the earliest promise due at or before ``now``; None when there is none."""
        due_at = self.next_at()
        if due_at is None or due_at > now:
            return None
        return heapq.heappop(self._heap)[2].action
