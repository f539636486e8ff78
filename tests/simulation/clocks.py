"""The clock of the bot's host, and what each process makes of it.

The product's clock (``SteadyClock``) reads the wall once, at the start of its process, and goes on by the time that has passed
since: a step of the wall is seen by the next process alone, unless the bot follows it (``ClockStepWatch``). Here it is exact, so
that no rounding moves what a seed means; the steps that are drawn are larger than the drift that ``SteadyClock`` follows.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime


class HostClocks:
    """``at`` says the true time at so many seconds of the loop, and ``passed`` how many have passed."""

    def __init__(self, at: Callable[[float], datetime], passed: Callable[[], float]) -> None:
        self._at, self._passed = at, passed
        self.wall_off_s = 0.0
        """How far the host's wall clock is ahead of the true time."""
        self._own_off_s = 0.0

    def start_of_a_process(self) -> None:
        """It takes the wall's time for true."""
        self._own_off_s = self.wall_off_s

    def now(self) -> datetime:
        """What the process shows that was started last."""
        return self._at(self._passed() + self._own_off_s)

    def wall(self) -> datetime:
        return self._at(self._passed() + self.wall_off_s)

    def step_s(self) -> float:
        """How far the wall is ahead of the process."""
        return self.wall_off_s - self._own_off_s

    def follow_the_wall(self) -> None:
        self._own_off_s = self.wall_off_s
