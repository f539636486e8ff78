"""What a caller says about a run: its clock, and what it wants to see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.clock import ScaledTime, SteppedTime
from bot.domain.session import Session
from bot.domain.types import Now
from bot.ops.status.status import Status


@dataclass(frozen=True, slots=True)
class Timing:
    """The line's clock. ``speed`` is bot seconds a real second: 1 but for simulated days."""

    now: Now
    speed: float = 1.0
    stepped: SteppedTime | None = None
    """The clock of a simulated gateway whose time waits for the bot: lock-step."""

    @classmethod
    def in_steps(cls, clock: SteppedTime) -> Timing:
        return cls(clock.now, 1.0, clock)

    @property
    def tick_s(self) -> float:
        """Real seconds between two TimePassed: a second of bot time, as far as the machine can keep up."""
        return min(1.0, max(0.02, 2.0 / self.speed))

    @property
    def time_scale(self) -> float:
        """Threads and sockets do not get faster with the clock, so waits are scaled where it runs fast."""
        return _scale_at(self.speed)


def time_scale(simulated_clock: str | None) -> float:
    """Of a line whose settings have this ``broker.simulated_clock``, as ``config`` let it pass."""
    if simulated_clock is None or SteppedTime.parse(simulated_clock) is not None:
        return 1.0
    return _scale_at(ScaledTime.parse(simulated_clock).speed)


def _scale_at(speed: float) -> float:
    return max(1.0, speed / 10)


BOT_AFTER_CLOSE = timedelta(minutes=5)


def day_is_over(session: Session, now: datetime, status: Status) -> bool:
    """A simulated day ends when the market closed and nothing is held, or a while later whatever is held."""
    return now >= session.close + BOT_AFTER_CLOSE or (now >= session.close and not status.open_brackets)


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the caller wants to see of a run. ``is_over`` ends it, as a person's Ctrl-C would."""

    show: Callable[[Status], None]
    is_over: Callable[[Status], bool] = lambda _: False
    ended: Callable[[str], None] = lambda _: None
    """Called last, with the cause where the run failed, else with nothing."""
    every_s: float = 0.2

    def shown_is_over(self, look: Callable[[], Status]) -> bool:
        """Show what there is, and say whether the caller wants to end."""
        status = look()
        self.show(status)
        return self.is_over(status)
