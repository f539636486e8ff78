"""``ibkr-bot backtest --check-lookahead``."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

import typer

from bot.cli.show.sessions_bar import sessions_bar
from bot.domain.errors import FixTheMachine

if TYPE_CHECKING:
    from bot.backtest.lookahead import Peek, PeekSearch
    from bot.backtest.plan import BacktestPlan
    from bot.sim.market.recorded.library import Library


def check_lookahead_of(plan: BacktestPlan, library: Library, each_day: int | None, *, as_json: bool) -> None:
    """FixTheMachine for the first thing that is found; else what was looked at. ``each_day`` None: the usual number."""
    from bot.backtest.lookahead import find_any_peek, peek_search_of, sessions_to_play
    from bot.backtest.reach import reaches
    from bot.strategies.registry import STRATEGIES

    if outside := reaches(STRATEGIES):
        told = "; ".join(f"{x.file.name}, line {x.line}, {x.what}" for x in outside)
        raise FixTheMachine(
            f"a strategy can read more than it is shown, and what it reads so no check can change: {told}; "
            "let it judge by its bars alone, then ask again"
        )
    chosen = peek_search_of(plan, library, each_day)
    with sessions_bar(sessions_to_play(plan, library, chosen)) as step:
        if (peek := find_any_peek(plan, library, chosen, step)) is not None:
            raise FixTheMachine(_in_words_of(peek))
    typer.echo(_as_json(chosen, plan) if as_json else _in_words(chosen, plan))


def _in_words(chosen: PeekSearch, plan: BacktestPlan) -> str:
    from bot.domain.text import counted

    days, each = counted(len(chosen.days), "day"), counted(chosen.each_day, "instant")
    return (
        f"no decision changed. With other prices of {', '.join(plan.symbols)}: all days in a row, to {_new_york(chosen.whole)}; "
        f"and {days}, each by itself, after {each} a day ({chosen.instants:,} in all), half of them at decisions, drawn "
        f"by --seed {plan.seed} (another draws others, --instants more). Who looks ahead at one minute of the day alone, and "
        f"decides nothing there, is met with a chance of {_chance(chosen):.0%}"
    )


def _as_json(chosen: PeekSearch, plan: BacktestPlan) -> str:
    return json.dumps(
        {
            "changed": 0,
            "symbols": plan.symbols,
            "whole": chosen.whole.isoformat(),
            "days": [f"{x.day}" for x in chosen.days],
            "instants": chosen.instants,
            "seed": plan.seed,
            "chance_of_one_minute": round(_chance(chosen), 4),
        }
    )


def _chance(chosen: PeekSearch) -> float:
    """That the instants drawn from all minutes meet a given one of the day on any day."""
    missed = 1.0
    for session in chosen.days:
        missed *= 1 - chosen.each_day // 2 / (session.minutes - 1)
    return 1 - missed


def _in_words_of(peek: Peek) -> str:
    if peek.is_repeatable:
        found = f"something knows the future: with other prices after {_new_york(peek.cut)} it decided otherwise before"
        sides = "with the real ones", "with others"
    else:
        found = (
            "the same days come out otherwise the second time: by chance without a seed, or by what a strategy keeps from one "
            "run to the next, through which it may know the future"
        )
        sides = "the first time", "the next time"
    return f"{found}. {peek.what}: {sides[0]} {peek.before[:300]}, {sides[1]} {peek.after[:300]}"


def _new_york(at: datetime) -> str:
    from bot.domain.session import NEW_YORK

    return f"{at.astimezone(NEW_YORK):%Y-%m-%d %H:%M} New York"
