"""Which of a stretch's figures of the account risk is shown, and when: those that may trip a breaker, and the extremes.

Rule: losses and drawdown count from extremes. What trips nothing, in whatever order it comes, is shown when the stretch is over.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from bot.domain.session import new_york_day
from bot.risk.machine import RiskMachine
from bot.sim.exchange.events import AccountChanged


class Marks:
    """Of one line. ``due`` takes each of the stretch's figures in turn, ``rest`` ends it."""

    def __init__(self, risk: RiskMachine) -> None:
        self._risk = risk
        self._low: AccountChanged | None = None
        self._high: AccountChanged | None = None
        self._floor = Decimal(-1), Decimal(0)
        """The day's high, and the lowest worth that risk was shown since."""

    def due(self, event: AccountChanged) -> Iterator[AccountChanged]:
        """What risk is to be shown by now, oldest first, while something is held."""
        low, high = self._low, self._high
        low = event if low is None or _worth(event) < _worth(low) else low
        high = event if high is None or _worth(event) > _worth(high) else high
        if self._risk.is_clear(_worth(low), _worth(high), event.at):
            self._low, self._high = low, high
            return
        yield from self.rest()
        if self._counts(event):
            yield event

    def rest(self) -> Iterator[AccountChanged]:
        """The day's new high that was not shown yet. A low that trips nothing is of no interest to a breaker later on."""
        high, self._low, self._high = self._high, None, None
        known = None if high is None else self._risk.book.losses.highs.get(new_york_day(high.at))
        if high is not None and (known is None or _worth(high) > known):
            yield high

    def _counts(self, event: AccountChanged) -> bool:
        """Whether this worth is an extreme of the day, or the lowest since its high, so that a breaker may trip."""
        equity, losses, day = _worth(event), self._risk.book.losses, new_york_day(event.at)
        high = losses.highs.get(day)
        floor = self._floor[1] if high is not None and high == self._floor[0] else None
        if not (losses.is_new_extreme(equity, day) or floor is None or equity < floor):
            return False
        self._floor = (equity if high is None else max(high, equity)), equity
        return True


def _worth(event: AccountChanged) -> Decimal:
    return event.figures.net_liquidation
