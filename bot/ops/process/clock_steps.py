"""A step of the machine's clock: the bot's own time follows it only where the broker's clock says the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bot.domain.errors import RestartTheLine
from bot.domain.messages import HaltTrading
from bot.domain.types import Now

STEP_S = 30.0
"""A smaller difference corrects itself, or the broker's clock decides (``risk.max_clock_skew_s``)."""
AGREES_S = 5.0


@dataclass(slots=True)
class ClockStepWatch:
    """``step_s`` says how far the machine's clock is ahead of the bot's, ``offset_s`` how far the broker's is, None while
    nobody has measured; ``follow`` sets the bot's time by the machine's."""

    now: Now
    step_s: Callable[[], float]
    offset_s: Callable[[], float | None]
    follow: Callable[[], None]
    _told_s: float = 0.0

    def beat(self) -> Iterator[HaltTrading]:
        """A halt for each new step.

        Raises RestartTheLine once it has followed a step back: a machine's time never runs backwards, so that its deadlines
        would stand still until the wrong time is reached again; a line that is built again begins with the right one.
        """
        step_s, offset_s = self.step_s(), self.offset_s()
        if abs(step_s) < STEP_S:
            self._told_s = 0.0
        elif offset_s is None:
            return  # never connected: nothing can be sent, and the broker's clock will say whose time is right
        elif abs(offset_s - step_s) <= AGREES_S:
            self.follow()  # it was wrong before, as after a start without a network
            if step_s < 0:
                raise RestartTheLine(
                    f"the machine's clock was set back by {-step_s:.0f} s, as the broker's says; all begins again by it"
                )
        elif abs(step_s - self._told_s) >= STEP_S:
            self._told_s = step_s
            words = f"clock_skew: the machine's clock was set by {step_s:+.0f} s; the bot keeps its own time"
            yield HaltTrading(self.now(), words, "clock")
