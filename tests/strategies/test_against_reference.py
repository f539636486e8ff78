"""Every judgement on every bundled bar equals the pandas reference's."""

import math
from collections.abc import Iterable
from datetime import UTC, date, datetime
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from bot.domain.market import Bar
from bot.domain.types import Direction
from bot.sim.market.recorded.bars import SYMBOLS, bars_1m, bars_60m, recorded_hours, recorded_sessions
from bot.strategies.base import Judgement, Reason, Strategy
from bot.strategies.scalp import Scalp
from bot.strategies.whale import Whale

SIGN = {Direction.BULLISH: 1, Direction.BEARISH: -1, None: 0}
FOREVER = datetime(2030, 1, 1, tzinfo=UTC)


def load_reference() -> ModuleType:
    # By path: the tests' folders are no packages.
    spec = spec_from_file_location("strategies_reference", Path(__file__).with_name("reference.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


REFERENCE = load_reference()


def table(bars: Iterable[Bar]) -> pd.DataFrame:
    rows = [(pd.Timestamp(b.start), b.open, b.high, b.low, b.close, b.volume) for b in bars]
    found = REFERENCE.frame(rows)
    assert isinstance(found, pd.DataFrame)
    return found


def judged_and_entered(strategy: Strategy, bar: Bar) -> Judgement:
    """The reference lets every signal enter, so its debounce begins with each."""
    judged = strategy.judge(bar)
    if judged.fired and judged.direction is not None:
        strategy.remember_entered(bar.end, judged.direction)
    return judged


def assert_equal_bar_by_bar(
    bars: tuple[Bar, ...], strategy: Strategy, expected: pd.DataFrame
) -> list[Judgement]:
    judged = [judged_and_entered(strategy, bar) for bar in bars]
    assert [SIGN[j.direction] for j in judged] == expected["state"].tolist()
    assert [j.fired for j in judged] == expected["fired"].tolist()
    for name in judged[-1].numbers.keys() & set(expected.columns):
        ours = pd.Series(
            [math.nan if (x := j.numbers[name]) is None else x for j in judged], index=expected.index
        )
        pd.testing.assert_series_equal(ours, expected[name], check_names=False, rtol=1e-9, atol=1e-9)
    return judged


def sessions_of(symbol: str) -> list[date]:
    return [day for name, day in recorded_sessions() if name == symbol]


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_the_scalp_equals_the_reference_over_all_sessions_in_a_row(symbol: str) -> None:
    bars = tuple(bar for day in sessions_of(symbol) for bar in bars_1m(symbol, day))
    expected = REFERENCE.scalp(table(bars))
    judged = assert_equal_bar_by_bar(bars, Scalp(symbol), expected)
    confidence = pd.Series([j.confidence for j in judged], index=expected.index)
    pd.testing.assert_series_equal(confidence, expected["confidence"], check_names=False, atol=1e-9)
    assert confidence.between(0, 1).all()
    assert sum(j.fired for j in judged) >= 10
    assert {Direction.BULLISH, Direction.BEARISH} <= {j.direction for j in judged}


@pytest.mark.parametrize(("symbol", "day"), recorded_sessions())
def test_the_scalp_equals_the_reference_on_a_first_day(symbol: str, day: date) -> None:
    bars = bars_1m(symbol, day)
    judged = assert_equal_bar_by_bar(bars, Scalp(symbol), REFERENCE.scalp(table(bars)))
    assert {j.reason for j in judged[:29]} == {Reason.WARMING_UP}
    assert any(j.fired for j in judged)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_the_whale_equals_the_reference_over_all_hours(symbol: str) -> None:
    bars = bars_60m(symbol, FOREVER)
    judged = assert_equal_bar_by_bar(bars, Whale(symbol), REFERENCE.whale(table(bars)))
    assert {j.reason for j in judged[:140]} == {Reason.WARMING_UP}


def test_the_whale_equals_the_reference_on_the_hours_as_their_source_has_them() -> None:
    bars = recorded_hours("SPY")
    judged = assert_equal_bar_by_bar(bars, Whale("SPY"), REFERENCE.whale(table(bars)))
    fired = [j.direction for j in judged if j.fired]
    assert fired.count(Direction.BULLISH) > 5
    assert fired.count(Direction.BEARISH) > 5
    assert any(j.reason is Reason.COOLING_DOWN for j in judged)


def test_the_whale_breaks_out_on_the_day_the_demonstration_uses() -> None:
    whale = Whale("SPY")
    judged = {bar.end: whale.judge(bar) for bar in bars_60m("SPY", datetime(2011, 1, 27, tzinfo=UTC))}
    breakout = judged[datetime(2011, 1, 26, 16, tzinfo=UTC)]
    assert breakout.fired
    assert breakout.direction is Direction.BULLISH
