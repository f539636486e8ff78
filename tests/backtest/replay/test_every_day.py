"""Every simulated day judged again from its journal: no decision comes out differently."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from bot.backtest.plan import BacktestPlan
from bot.backtest.replay.journal import compare_journal
from bot.sim.market.recorded.library import BUNDLE
from tests.backtest.conftest import plan, with_journals

FEW_QUOTES = {"MARKET_DATA__STRIKES_EACH_SIDE": "2"}
"""A journal holds no quotes of a chain; with fewer the days are played in a third of the time."""
MADE_UP = replace(plan("SPY", date(2025, 7, 1), date(2025, 7, 3), **FEW_QUOTES), is_synthetic=True)
"""The last of them is a half day."""


def bundled(symbol: str) -> BacktestPlan:
    days = BUNDLE.sessions(symbol)
    return plan(symbol, days[0], days[-1], **FEW_QUOTES)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("chosen", "days", "least_ideas"),
    [
        pytest.param(bundled("SPY"), 20, 20, id="SPY"),
        pytest.param(bundled("AAPL"), 2, 0, id="AAPL"),
        pytest.param(bundled("GOOG"), 2, 0, id="GOOG"),
        pytest.param(MADE_UP, 3, 1, id="made up, seed 1"),
        pytest.param(replace(MADE_UP, seed=8), 3, 1, id="made up, seed 8"),
    ],
)
def test_no_decision_of_any_day_comes_out_differently(
    chosen: BacktestPlan, days: int, least_ideas: int, tmp_path: Path
) -> None:
    lines = list(with_journals(chosen, tmp_path))

    ideas = 0
    for line in lines:
        found = compare_journal(line.journal, chosen.settings)
        assert found.differences == ()
        assert found.decisions["judgements"] > 100
        assert found.decisions["verdicts"] == len(line.outcome.denied) + len(line.outcome.plans)
        ideas += found.decisions["verdicts"]
    assert sum(len(line.outcome.days) for line in lines) == days
    assert ideas >= least_ideas
