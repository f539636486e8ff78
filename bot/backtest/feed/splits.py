"""Splits within the days of a plan: they are not modelled, so every report says that there is one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise

from bot.backtest.feed.stretches import stretches
from bot.backtest.plan import BacktestPlan
from bot.backtest.store.splits import LONG_WEEKEND, split_in_words
from bot.domain.market import Bar
from bot.domain.session import new_york_day
from bot.sim.market.recorded.library import Library


def splits_within(plan: BacktestPlan, library: Library) -> Iterator[str]:
    """A line for each split that a plan plays across."""
    if plan.is_synthetic:
        return
    last_of_all = stretches(library, plan.symbols, plan.first, plan.last)[-1].sessions[-1]
    for symbol in plan.symbols:
        days: dict[date, tuple[Bar, Bar]] = {}
        for bar in library.hours(symbol, last_of_all.close, plan.first):
            day = new_york_day(bar.start)
            days[day] = (days.get(day, (bar, bar))[0], bar)
        for (before, (_, last)), (after, (first, _)) in pairwise(days.items()):
            words = split_in_words(last.close, first.open)
            if words is not None and (after - before).days <= LONG_WEEKEND:
                yield (
                    f"{symbol} looks like a {words} split on {after} ({last.close:g} to {first.open:g} overnight), and splits "
                    f"are NOT modelled: backtest to {before} or from {after}, or import bars that are adjusted."
                )
