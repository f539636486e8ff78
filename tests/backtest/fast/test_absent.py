"""A symbol without a minute of a day is absent on it: it halts nobody else, in either gear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

import pytest

from bot.backtest.exact.run import run_exact
from bot.backtest.fast.run import run_fast
from bot.backtest.outcome import first_difference_of
from bot.backtest.plan import BacktestPlan
from bot.config import load_settings
from bot.domain.market import Bar
from bot.domain.types import Symbol
from bot.sim.market.recorded.bars import StockQuote
from bot.sim.market.recorded.chain import RecordedChain
from bot.sim.market.recorded.library import BUNDLE, Listed

DAYS = BUNDLE.sessions("SPY")


class WithHoles:
    """SPY's days under any name, without those that are left out of it."""

    def __init__(self, left_out: Mapping[Symbol, tuple[date, ...]]) -> None:
        self._left_out = left_out

    def sessions(self, symbol: Symbol) -> tuple[date, ...]:
        return tuple(day for day in DAYS if day not in self._left_out.get(symbol, ()))

    def minutes(self, symbol: Symbol, day: date) -> tuple[Bar, ...]:
        return tuple(replace(bar, symbol=symbol) for bar in BUNDLE.minutes("SPY", day))

    def hours(self, symbol: Symbol, before: datetime, since: date | None = None) -> tuple[Bar, ...]:
        return tuple(replace(bar, symbol=symbol) for bar in BUNDLE.hours("SPY", before, since))

    def stock_quotes(self, symbol: Symbol, day: date) -> tuple[StockQuote, ...]:
        del symbol
        return BUNDLE.stock_quotes("SPY", day)

    def chain(self, symbol: Symbol, day: date) -> RecordedChain | None:
        del symbol, day
        return None

    def listed(self, symbol: Symbol, day: date) -> Listed | None:
        del symbol, day
        return None

    def volatility(self, symbol: Symbol, day: date) -> float | None:
        del symbol
        return BUNDLE.volatility("SPY", day)


def both(first: date, last: date) -> BacktestPlan:
    settings = load_settings(None, {"SYMBOLS": "SPY,QQQ", "MODE": "hybrid"})
    return BacktestPlan(settings, ("SPY", "QQQ"), first, last)


def test_a_symbol_that_is_absent_in_the_fast_gear_halts_nobody() -> None:
    library = WithHoles({"QQQ": DAYS[16:17], "SPY": DAYS[18:19]})

    out = run_fast(both(DAYS[16], DAYS[18]), library)

    assert [x for x in out.halts if x.cause == "stale_data"] == []
    days = {(x.symbol, x.opened_at.date()) for x in out.trades.values()}
    assert ("SPY", DAYS[16]) in days
    assert ("QQQ", DAYS[16]) not in days
    assert ("SPY", DAYS[18]) not in days


@pytest.mark.slow
@pytest.mark.parametrize(
    "left_out",
    [
        {"QQQ": DAYS[16:18]},
        {"QQQ": DAYS[17:18]},
        {"SPY": DAYS[18:]},
        {"QQQ": DAYS[17:18], "SPY": DAYS[17:18]},
    ],
    ids=["not yet", "a hole", "no longer", "nobody there"],
)
def test_with_symbols_absent_fast_equals_exact_and_nothing_is_stale(
    left_out: dict[Symbol, tuple[date, ...]],
) -> None:
    chosen, library = both(DAYS[16], DAYS[18]), WithHoles(left_out)

    exact = run_exact(chosen, library)

    assert first_difference_of(exact, run_fast(chosen, library)) is None
    assert exact.trades
    assert [x for x in exact.halts if x.cause == "stale_data"] == []
