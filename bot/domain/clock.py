"""Simulated time: what both sides of the socket share, so that a simulated day can run fast, or in steps, on both.

Pure: whoever owns a real clock passes its reading in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from typing import Final

FASTEST: Final = 1e6
"""Simulated seconds per real second: a day in a twelfth of a second, far beyond what any machine keeps up with."""
SLOWEST_RUN: Final = 0.01
FASTEST_RUN: Final = 5000
"""What a person may ask of a simulated day, in simulated seconds per real second; above it, "max" is meant."""


@dataclass(frozen=True, slots=True)
class ScaledTime:
    """``wall_start_s`` (seconds since the epoch on the real clock) shows ``start``; from there ``speed`` × real time."""

    start: datetime
    wall_start_s: float
    speed: float

    def at(self, wall_s: float) -> datetime:
        return self.start + timedelta(seconds=(wall_s - self.wall_start_s) * self.speed)

    def wall_s(self, at: datetime) -> float:
        """When, on the real clock, ``at`` comes."""
        return self.wall_start_s + (at - self.start).total_seconds() / self.speed

    def __str__(self) -> str:
        return f"{self.start.isoformat()}@{self.wall_start_s!r}x{self.speed!r}"

    @classmethod
    def parse(cls, text: str) -> ScaledTime:
        """The inverse of ``str``. Raises ValueError for any other text."""
        start, _, rest = text.partition("@")
        wall, _, speed = rest.partition("x")
        parsed = cls(datetime.fromisoformat(start), float(wall), float(speed))
        finite = isfinite(parsed.wall_start_s) and isfinite(parsed.speed)
        if parsed.start.tzinfo is None or not finite or not 0 < parsed.speed <= FASTEST:
            raise ValueError(f"not a scaled time: {text!r}")
        return parsed


class SteppedTime:
    """Time that stands still until the simulated gateway has said that it took its next step."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def move_to(self, at: datetime) -> None:
        """Raises ValueError for a step into the past."""
        if at < self._now:
            raise ValueError(f"time cannot go back from {self._now} to {at}")
        self._now = at

    def __str__(self) -> str:
        return f"{self._now.isoformat()}@paced"

    @classmethod
    def parse(cls, text: str) -> SteppedTime | None:
        """The inverse of ``str``; None for any other text."""
        start, at, rest = text.partition("@")
        if not at or rest != "paced":
            return None
        return cls(datetime.fromisoformat(start))
