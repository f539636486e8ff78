"""One recorded day, played once for all tests that look at it."""

from __future__ import annotations

from datetime import date

import pytest

from bot.backtest.exact.run import run_exact
from bot.backtest.outcome import Outcome
from bot.backtest.plan import BacktestPlan
from bot.config import load_settings
from bot.sim.market.recorded.library import BUNDLE

DAY = date(2015, 12, 24)


def plan(symbol: str = "GOOG", first: date = DAY, last: date = DAY, **variables: str) -> BacktestPlan:
    return BacktestPlan(load_settings(None, {"SYMBOLS": symbol, **variables}), (symbol,), first, last)


@pytest.fixture(scope="session")
def played() -> tuple[BacktestPlan, Outcome]:
    chosen = plan("SPY", date(2011, 1, 26), date(2011, 1, 26))
    return chosen, run_exact(chosen, BUNDLE)
