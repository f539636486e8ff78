"""Which settings a backtest was played with that are not as shipped: without them nobody can play it again."""

from __future__ import annotations

from typing import Final

from bot.backtest.plan import BacktestPlan
from bot.config.deciding import deciding, settings_again

_SAID_ELSEWHERE: Final = ("symbols", "dry_run", "broker.")
"""The symbols stand in the title; the broker of a backtest is the simulated one."""


def other_settings(plan: BacktestPlan) -> dict[str, str]:
    """By their keys, in order, as ``--set`` takes them."""
    shipped = dict(deciding(settings_again(())))
    return {
        key: text
        for key, text in deciding(plan.settings)
        if text != shipped.get(key) and not key.startswith(_SAID_ELSEWHERE)
    }


def other_settings_in_words(plan: BacktestPlan) -> str:
    """One line; empty where all are as shipped."""
    return ", ".join(f"{key}={text}" for key, text in other_settings(plan).items())
