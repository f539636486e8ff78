"""``ibkr-bot backtest --check-lookahead``."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

import typer

from bot.cli.show.sessions_bar import sessions_bar
from bot.domain.errors import FixTheMachine

if TYPE_CHECKING:
    from bot.backtest.lookahead import Peek
    from bot.backtest.plan import BacktestPlan
    from bot.sim.market.recorded.library import Library


def check_lookahead_of(plan: BacktestPlan, library: Library, *, as_json: bool) -> None:
    """FixTheMachine for the first thing that is found; else a line for each instant."""
    from bot.backtest.lookahead import cuts, days_up_to, find_peek
    from bot.backtest.reach import reaches
    from bot.strategies.registry import STRATEGIES

    if outside := reaches(STRATEGIES):
        told = "; ".join(f"{x.file.name}, line {x.line}, {x.what}" for x in outside)
        raise FixTheMachine(
            f"a strategy can read more than it is shown, and what it reads so no check can change: {told}; "
            "let it judge by its bars alone, then ask again"
        )
    chosen = cuts(plan, library)
    found = []
    with sessions_bar(sum(days_up_to(plan, library, cut) for cut in chosen)) as step:
        for cut in chosen:
            if (peek := find_peek(plan, library, cut, step)) is not None:
                raise FixTheMachine(_in_words_of(peek))
            told = f"other prices after {_new_york(cut)} changed no decision before"
            found.append(json.dumps({"cut": cut.isoformat(), "changed": 0}) if as_json else told)
    typer.echo("\n".join(found))


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
