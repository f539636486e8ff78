"""One recorded day, played once for all tests that look at it."""

from __future__ import annotations

from datetime import date

import pytest

from bot.backtest.exact.run import run
from bot.backtest.outcome import Outcome
from bot.backtest.plan import Plan
from bot.config import load_settings
from bot.sim.market.recorded.library import BUNDLE

DAY = date(2015, 12, 24)


def plan(symbol: str = "GOOG", first: date = DAY, last: date = DAY, **variables: str) -> Plan:
    return Plan(load_settings(None, {"SYMBOLS": symbol, **variables}), (symbol,), first, last)


@pytest.fixture(scope="session")
def played() -> tuple[Plan, Outcome]:
    chosen = plan("SPY", date(2011, 1, 26), date(2011, 1, 26))
    return chosen, run(chosen, BUNDLE)
