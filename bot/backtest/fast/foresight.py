"""Which minutes of a day may fire: the strategies themselves, a second set of them, shown the day's bars in the morning.

What they say is only used to be at the right place at the right time: the line's own strategies judge every bar when its
time has come.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.backtest.plan import BacktestPlan
from bot.config import hand_down
from bot.domain.market import Bar, BarSize
from bot.domain.messages import HistoryLoaded
from bot.domain.session import Session
from bot.domain.types import Symbol
from bot.sim.market.paths import to_cents
from bot.strategies.own_code import glance_of
from bot.strategies.registry import make_strategies

_MINUTE = timedelta(minutes=1)


class Foresight:
    """One symbol's second set of strategies, always a day ahead."""

    def __init__(self, plan: BacktestPlan, symbol: Symbol) -> None:
        made = make_strategies(symbol, hand_down.strategy_parameters(plan.settings))
        self._minutes = tuple(glance_of(x) for x in made if x.bar_size is BarSize.M1)
        self._has_hours = any(x.bar_size is BarSize.M60 for x in made)
        self._last: datetime | None = None
        self.is_warm = False
        """Whether it has the history that the line's own strategies began with, be it none."""

    def warm_up(self, history: HistoryLoaded) -> None:
        """The same history as the line's own."""
        if history.size is BarSize.M1:
            self.is_warm = True
            for bar in history.bars:
                self._judge(bar, may_fire=False)

    def instants(self, session: Session, bars: Iterable[Bar]) -> list[datetime]:
        """Ends of the bars that may fire: minutes that do, and every hour's where a strategy reads hours.

        A strategy of hours may wait for what became of its last signal, so its hours are never foreseen.
        """
        fresh = (bar for bar in bars if self._last is None or bar.start > self._last)
        found = {bar.end for bar in fresh if self._judge(as_formed(bar), may_fire=True)}
        if self._has_hours:
            hours = range(30, session.minutes, 60)
            found |= {session.open + n * _MINUTE for n in hours} | {session.close}
        return sorted(found)

    def _judge(self, bar: Bar, *, may_fire: bool) -> bool:
        self._last = bar.start
        fired = [glance(bar, may_fire)[0] for glance in self._minutes]  # each of them, fired or not
        return any(fired)


def as_formed(bar: Bar) -> Bar:
    """A recorded bar as the market forms it again of its prints: in whole cents and shares."""
    return Bar(
        bar.symbol,
        bar.size,
        bar.start,
        to_cents(bar.open) / 100,
        to_cents(bar.high) / 100,
        to_cents(bar.low) / 100,
        to_cents(bar.close) / 100,
        float(round(bar.volume)),
    )


def loud_minutes(session: Session, bars: Iterable[Bar]) -> list[tuple[datetime, datetime]]:
    """Stretches around minutes without a bar, in which feeds may go stale: nothing is skipped there."""
    have = {(bar.start - session.open) // _MINUTE for bar in bars}
    missing = [n for n in range(session.minutes) if n not in have]
    found: list[tuple[datetime, datetime]] = []
    for n in missing:
        start, end = session.open + (n - 1) * _MINUTE, session.open + (n + 4) * _MINUTE
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found
