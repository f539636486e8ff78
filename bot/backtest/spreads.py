"""A backtest and its days at other spreads, side by side: the spread asked for here, the others in processes of their own.

Rule: whoever plays, the outcome is the same to the last digit. So where no process can be made, all are played here in turn.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Final

from bot.backtest.elsewhere import Play, begun_elsewhere, outcomes_of
from bot.backtest.exact.run import Progress, nobody, plan_stretches, run_exact
from bot.backtest.fast.run import run_fast
from bot.backtest.feed.library import warnings_of
from bot.backtest.outcome import Outcome, first_difference_of
from bot.backtest.plan import BacktestPlan
from bot.backtest.report.document import Report
from bot.domain.errors import FixTheMachine
from bot.domain.messages import Message
from bot.sim.market.option_pricing import load as load_option_prices
from bot.sim.market.recorded.library import Library

ShowProgress = Callable[[int], AbstractContextManager[Progress]]
"""Shows how far so many sessions are, each of which is told to it."""
_OTHERS: Final = (0.5, 2.0)


def play_report(
    plan: BacktestPlan,
    library: Library,
    show_progress: ShowProgress,
    hear: Callable[[Message], None] = nobody,
    *,
    is_exact: bool,
    has_spreads: bool,
) -> Report:
    """Play the plan's days, at half and twice the spread too where ``has_spreads``. ``hear``: every message of the plan's own.

    FixTheMachine where the gears differ (``is_exact`` asks both), or where a process was killed.
    """
    run = run_exact if is_exact else run_fast
    factors = _OTHERS if has_spreads else ()
    others = [partial(_in_short, partial(run, replace(plan, spread_factor=x), library)) for x in factors]
    days = sum(len(x.sessions) for x in plan_stretches(plan, library)) * (1 + len(others))
    if others:
        load_option_prices()  # once for all three
    # Processes first: a shown bar has a thread, which none of them may be made beside.
    with begun_elsewhere(others) as elsewhere, show_progress(days) as step:

        def day_over(day: date) -> None:
            step(day)
            for one in elsewhere:
                one.look(step)

        out = run(plan, library, day_over, hear)
        if is_exact:
            _check_gears(first_difference_of(out, run_fast(plan, library)))
        here = [play(day_over) for play in others[len(elsewhere) :]]
        played = zip(factors, [*outcomes_of(elsewhere, step), *here], strict=True)
    variants = tuple(sorted([(1.0, out), *played], key=lambda x: x[0])) if has_spreads else ()
    return Report(plan, "exact" if is_exact else "fast", out, variants, warnings_of(plan, library))


def _in_short(play: Play, step: Progress) -> Outcome:
    """What a report says of other spreads: the trades, and what the days came to. The rest of a year would be as much again."""
    out = play(step)
    return Outcome(out.start_equity, out.trades, days=out.days)


def _check_gears(difference: tuple[str, str] | None) -> None:
    """FixTheMachine where the gears differ: the fast one is wrong then, and must not be believed on such days."""
    if difference is not None:
        exact, fast = (text[:300] for text in difference)
        raise FixTheMachine(
            f"the fast gear came to another result: report it with your settings. Exact: {exact}. Fast: {fast}"
        )
