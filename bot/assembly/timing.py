"""What a caller says about a run: its clock, and what it wants to see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.domain.types import Now
from bot.ops.status.status import Status


@dataclass(frozen=True, slots=True)
class Timing:
    """The line's clock. ``speed`` is bot seconds a real second: 1 but for simulated days."""

    now: Now
    speed: float = 1.0

    @property
    def tick_s(self) -> float:
        """Real seconds between two TimePassed: a second of bot time, as far as the machine can keep up."""
        return min(1.0, max(0.02, 2.0 / self.speed))

    @property
    def time_scale(self) -> float:
        """Threads and sockets do not get faster with the clock, so waits are scaled where it runs fast."""
        return max(1.0, self.speed / 10)


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the caller wants to see of a run. ``is_over`` ends it, as a person's Ctrl-C would."""

    show: Callable[[Status], None]
    is_over: Callable[[Status], bool] = lambda _: False
    ended: Callable[[str], None] = lambda _: None
    """Called last, with the cause where the run failed, else with nothing."""
    every_s: float = 0.2
