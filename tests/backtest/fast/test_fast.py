"""Fast equals exact: trade for trade, denial for denial, with times, prices and figures."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date, timedelta
from itertools import chain

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from bot.backtest.exact.run import run_exact
from bot.backtest.fast.run import run_fast
from bot.backtest.outcome import Outcome, first_difference_of
from bot.backtest.plan import BacktestPlan
from bot.domain.errors import FixTheConfiguration
from bot.domain.session import sessions_between
from bot.sim.market.recorded.library import BUNDLE
from tests.backtest.conftest import plan

EXAMPLES = int(os.environ.get("GEARS_EXAMPLES", "4"))
"""Made-up days that are tried: a few in each run, hundreds at night (GEARS_EXAMPLES=200)."""
WEEK = [x.day for x in sessions_between(date(2025, 3, 3), date(2025, 3, 7))]
HALF_DAY, LATE_OPENING = date(2024, 11, 29), date(2025, 3, 10)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "STRATEGIES__SCALP__FAST_EMA": st.integers(3, 15).map(str),
        "STRATEGIES__SCALP__COOLDOWN_S": st.sampled_from(("60", "300", "900", "1800")),
        "STRATEGIES__SCALP__TIME_STOP_MINUTES": st.sampled_from(("7", "30", "90")),
        "STRATEGIES__SCALP__WAIT_MINUTES": st.sampled_from(("0", "45")),
        "STRATEGIES__WHALE__WAIT_MINUTES": st.sampled_from(("0", "120")),
        "RISK__TAKE_PROFIT_PCT": st.sampled_from(("0.02", "0.08", "0.3", "0.9")),
        "RISK__STOP_LOSS_PCT": st.sampled_from(("0.02", "0.05", "0.2", "0.5")),
        "RISK__MAX_DAILY_LOSS_PCT": st.sampled_from(("0.005", "0.02", "0.05")),
        "RISK__MAX_RISK_PCT_PER_TRADE": st.sampled_from(("0.004", "0.01")),
        "RISK__MAX_OPEN_POSITIONS": st.sampled_from(("1", "3")),
        "OPTIONS__MAX_SPREAD_PCT": st.sampled_from(("0.03", "0.10")),
        "OPTIONS__MONEYNESS": st.sampled_from(("atm", "otmp1", "delta:0.35")),
        "EXECUTION__SNAPSHOT_EVERY_S": st.sampled_from(("60", "300", "617")),
        "MODE": st.sampled_from(("growth", "hybrid")),
    },
)


def same(chosen: BacktestPlan) -> Outcome:
    exact = run_exact(chosen, BUNDLE)
    assert first_difference_of(exact, run_fast(chosen, BUNDLE)) is None
    return exact


def test_a_recorded_day_comes_out_the_same_with_a_tenth_of_the_messages(
    played: tuple[BacktestPlan, Outcome],
) -> None:
    chosen, exact = played

    fast = run_fast(chosen, BUNDLE)

    assert first_difference_of(exact, fast) is None
    assert len(exact.trades) >= 3
    assert fast.messages < exact.messages / 10


def test_a_day_played_twice_in_one_process_leaves_nothing_behind() -> None:
    chosen = plan("SPY", date(2011, 1, 26), date(2011, 1, 26))
    other = replace(chosen, seed=3, is_synthetic=True)

    first = run_fast(chosen, BUNDLE)
    run_fast(other, BUNDLE)

    assert first_difference_of(first, run_fast(chosen, BUNDLE)) is None


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("symbol", "first", "last"),
    [
        ("SPY", date(2011, 1, 3), date(2011, 1, 14)),
        ("SPY", date(2011, 1, 18), date(2011, 1, 31)),
        ("AAPL", date(2014, 6, 5), date(2014, 6, 6)),
        ("GOOG", date(2015, 12, 23), date(2015, 12, 24)),
    ],
)
def test_every_bundled_day_comes_out_the_same(symbol: str, first: date, last: date) -> None:
    same(plan(symbol, first, last))


def test_these_are_all_bundled_days() -> None:
    days = chain.from_iterable(BUNDLE.sessions(symbol) for symbol in ("SPY", "AAPL", "GOOG"))

    assert {x.isoformat() for x in days} == {
        *(f"{x.day}" for x in sessions_between(date(2011, 1, 3), date(2011, 1, 31))),
        *("2014-06-05", "2014-06-06", "2015-12-23", "2015-12-24"),
    }


@pytest.mark.slow
@pytest.mark.timeout(0)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="GEARS_EXAMPLES" not in os.environ,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(
    changes=CHANGES,
    seed=st.integers(1, 10_000),
    spread=st.sampled_from((0.5, 1.0, 2.0)),
    day=st.sampled_from((*WEEK, HALF_DAY, LATE_OPENING)),
    nights=st.integers(0, 1),
    symbols=st.sampled_from((("SPY",), ("AAPL",), ("SPY", "AAPL"))),
)
def test_made_up_days_with_any_settings_come_out_the_same(
    changes: dict[str, str], seed: int, spread: float, day: date, nights: int, symbols: tuple[str, ...]
) -> None:
    try:
        chosen = plan(symbols[0], day, day + timedelta(days=nights), **changes)
    except FixTheConfiguration:
        assume(False)
        raise
    chosen = replace(
        chosen,
        settings=chosen.settings.model_copy(update={"symbols": symbols}),
        symbols=symbols,
        seed=seed,
        is_synthetic=True,
        spread_factor=spread,
    )

    same(chosen)
