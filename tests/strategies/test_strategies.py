"""What the strategies promise beyond the reference: history, cool-down, restart, order, and an answer for every bar."""

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.errors import RestartTheLine
from bot.domain.market import Bar, BarSize
from bot.domain.session import session_on, sessions_between
from bot.domain.types import Direction
from bot.sim.market.recorded.bars import bars_1m, bars_60m
from bot.strategies.base import Cooldown, Judgement, Reason, Strategy
from bot.strategies.own_code import glance_of
from bot.strategies.registry import NAMES, STRATEGIES, by_rank, make_strategies, spec_of
from bot.strategies.scalp import Scalp, ScalpParameters
from bot.strategies.spec import StrategySpec, meaning_of
from bot.strategies.whale import Whale, WhaleParameters

MONDAY = date(2011, 1, 3)
OPEN = datetime(2011, 1, 3, 14, 30, tzinfo=UTC)


def minute(n: int, close: float, volume: float = 100.0, day: date = MONDAY) -> Bar:
    session = session_on(day)
    assert session is not None
    return Bar(
        "SPY",
        BarSize.M1,
        session.open + timedelta(minutes=n),
        close,
        close + 0.01,
        close - 0.01,
        close,
        volume,
    )


def hours(count: int, close: float = 100.0, volume: float = 1_000.0) -> list[Bar]:
    starts = [
        session.open if n == 0 else session.open + timedelta(minutes=30) + timedelta(hours=n - 1)
        for session in sessions_between(MONDAY, date(2011, 12, 31))
        for n in range(7 if not session.is_half_day else 4)
    ]
    return [Bar("SPY", BarSize.M60, start, close, close, close, close, volume) for start in starts[:count]]


def changed(bar: Bar, close: float, volume: float) -> Bar:
    return Bar(bar.symbol, bar.size, bar.start, close, close, close, close, volume)


def test_every_bar_gets_an_answer_with_the_figures() -> None:
    scalp = Scalp("SPY")
    messages = [scalp.judge(bar).to_message("scalp", bar) for bar in bars_1m("SPY", MONDAY)]
    at_1031 = next(m for m in messages if m.bar_end == OPEN + timedelta(minutes=61))
    assert at_1031.reason in set(Reason)
    assert set(at_1031.numbers) == {"close", "ema8", "ema21", "vwap", "rsi", "rel_volume"}
    assert at_1031.numbers["rel_volume"] == "unknown"
    assert float(at_1031.numbers["rsi"]) > 0
    assert all((m.direction is not None) == (m.confidence > 0) or m.confidence == 0 for m in messages)


def test_a_scalp_that_stays_in_its_state_fires_once() -> None:
    scalp = Scalp("SPY", ScalpParameters(cooldown_s=0, bullish_rsi=(0, 100), bearish_rsi=(0, 100)))
    judged = [scalp.judge(minute(n, 100 + n * 0.01)) for n in range(200)]
    assert [n for n, j in enumerate(judged) if j.fired] == [29]
    assert {j.reason for j in judged[30:]} == {Reason.SAME_SIGNAL_AS_BEFORE}
    assert {j.direction for j in judged[29:]} == {Direction.BULLISH}


def test_an_rsi_below_its_band_is_no_reason_to_go_short() -> None:
    scalp = Scalp("SPY")
    judged = [scalp.judge(minute(n, 200 - n * 0.5)) for n in range(60)]
    assert {j.reason for j in judged[29:]} == {Reason.RSI_OUTSIDE_BAND}
    assert not any(j.fired for j in judged)


def test_a_signal_in_the_cool_down_is_let_go_and_not_made_up_for() -> None:
    day = bars_1m("SPY", MONDAY)
    scalp = Scalp("SPY", ScalpParameters(cooldown_s=1_800))
    fired = [bar.end for bar in day if scalp.judge(bar).fired]
    assert len(fired) > 3
    assert all(b - a >= timedelta(minutes=30) for a, b in pairwise(fired))


def test_history_moves_the_state_but_fires_nothing() -> None:
    day = bars_1m("SPY", MONDAY)
    live, warmed = Scalp("SPY"), Scalp("SPY")
    judged = [live.judge(bar) for bar in day]
    first = [n for n, j in enumerate(judged) if j.fired][2]
    history = [warmed.judge(bar, may_fire=False) for bar in day[:first]]
    assert not any(j.fired for j in history)
    assert [j.direction for j in history] == [j.direction for j in judged[:first]]
    assert Reason.NOT_LIVE in {j.reason for j in history}
    assert warmed.judge(day[first]).fired


def test_a_restart_that_remembers_goes_on_as_if_nothing_had_happened() -> None:
    day = bars_1m("SPY", MONDAY)
    straight = Scalp("SPY")
    judged = [straight.judge(bar) for bar in day]
    fired = [n for n, j in enumerate(judged) if j.fired]
    cut = fired[2] + 3
    restarted = Scalp("SPY")
    for bar in day[:cut]:
        restarted.judge(bar, may_fire=False)
    direction = judged[fired[2]].direction
    assert direction is not None
    restarted.remember_fired(day[fired[2]].end, direction)
    assert [restarted.judge(bar) for bar in day[cut:]] == judged[cut:]


def test_bars_outside_regular_hours_change_nothing() -> None:
    with_them, without = Scalp("SPY"), Scalp("SPY")
    early = Bar("SPY", BarSize.M1, OPEN - timedelta(minutes=1), 1.0, 1.0, 1.0, 1.0, 1e9)
    assert with_them.judge(early).reason is Reason.OUTSIDE_SESSION
    for bar in bars_1m("SPY", MONDAY):
        assert with_them.judge(bar) == without.judge(bar)


def test_an_index_without_volume_has_no_vwap_and_no_signal() -> None:
    scalp = Scalp("SPY")
    judged = [scalp.judge(minute(n, 100 + n * 0.01, volume=0.0)) for n in range(60)]
    assert {j.reason for j in judged[29:]} == {Reason.VWAP_UNKNOWN}


def test_thin_volume_denies_when_it_is_known_and_only_then() -> None:
    permissive = ScalpParameters(bullish_rsi=(0, 100))
    scalp = Scalp("SPY", permissive)
    first_day = [scalp.judge(minute(n, 100 + n * 0.01)) for n in range(390)]
    assert any(j.fired for j in first_day)
    tuesday = [scalp.judge(minute(n, 110 + n * 0.01, volume=60.0, day=date(2011, 1, 4))) for n in range(390)]
    assert {j.reason for j in tuesday if j.reason is not Reason.WRONG_SIDE_OF_VWAP} == {
        Reason.VOLUME_BELOW_FLOOR
    }


@pytest.mark.parametrize(
    ("close", "volume", "reason", "direction"),
    [
        (100.01, 1_501.0, Reason.FIRED, Direction.BULLISH),
        (99.99, 1_501.0, Reason.FIRED, Direction.BEARISH),
        (100.01, 1_500.0, Reason.VOLUME_BELOW_FLOOR, None),
        (100.0, 9_000.0, Reason.INSIDE_RANGE, None),
    ],
)
def test_the_whale_wants_a_close_beyond_the_range_and_volume_above_the_floor(
    close: float, volume: float, reason: Reason, direction: Direction | None
) -> None:
    *history, last = hours(141)
    whale = Whale("SPY")
    assert {whale.judge(bar).reason for bar in history} == {Reason.WARMING_UP}
    judged = whale.judge(changed(last, close, volume))
    assert (judged.reason, judged.direction) == (reason, direction)
    assert judged.numbers["high"] == judged.numbers["low"] == 100.0


def judged_and_entered(whale: Whale, bar: Bar) -> Judgement:
    """As if every signal's entry were approved."""
    judged = whale.judge(bar)
    if judged.fired and judged.direction is not None:
        whale.remember_entered(bar.end, judged.direction)
    return judged


def test_a_signal_without_an_entry_does_not_spend_the_whales_debounce() -> None:
    *history, first, second = [
        changed(bar, 100.0 + n, 5_000.0) if n >= 140 else bar for n, bar in enumerate(hours(142))
    ]
    whale = Whale("SPY")
    for bar in history:
        whale.judge(bar)
    assert whale.judge(first).fired
    assert whale.standing(first.end) is Direction.BULLISH
    assert judged_and_entered(whale, second).fired
    assert whale.judge(changed(hours(143)[-1], 300.0, 50_000.0)).reason is Reason.COOLING_DOWN


def test_the_whale_is_silent_for_three_days_after_an_entry_and_stands_by_its_word() -> None:
    bars = hours(190)
    whale = Whale("SPY")
    for bar in bars[:140]:
        whale.judge(bar)
    rising = [changed(bar, 101.0 + n, 50_000.0 * (n + 1)) for n, bar in enumerate(bars[140:])]
    fired = [bar.end for bar in rising if judged_and_entered(whale, bar).fired]
    assert len(fired) >= 2
    assert all(b - a >= timedelta(days=3) for a, b in pairwise(fired))
    assert whale.standing(fired[-1] + timedelta(days=2)) is Direction.BULLISH
    assert whale.standing(fired[-1] + timedelta(days=3)) is None


def test_the_whale_repeats_nothing_after_a_restart() -> None:
    *history, last = hours(141)
    breakout = changed(last, 105.0, 5_000.0)
    whale = Whale("SPY")
    for bar in history:
        whale.judge(bar, may_fire=False)
    for remember in (whale.remember_fired, whale.remember_entered):
        remember(breakout.end - timedelta(days=2), Direction.BEARISH)
    judged = whale.judge(breakout)
    assert judged.reason is Reason.COOLING_DOWN
    assert not judged.fired
    assert judged.direction is Direction.BULLISH
    assert whale.standing(breakout.end) is Direction.BEARISH


def test_a_breakout_in_the_history_does_not_silence_the_whale() -> None:
    bars = hours(142)
    whale = Whale("SPY")
    for bar in bars[:140]:
        whale.judge(bar, may_fire=False)
    assert whale.judge(changed(bars[140], 105.0, 5_000.0), may_fire=False).reason is Reason.NOT_LIVE
    assert whale.judge(changed(bars[141], 106.0, 5_000.0)).fired


@given(st.lists(st.tuples(st.integers(0, 400), st.sampled_from(Direction)), max_size=20))
@settings(max_examples=50)
def test_a_cool_down_remembers_only_the_latest_signal(signals: list[tuple[int, Direction]]) -> None:
    cooldown = Cooldown(3_600)
    for minutes, direction in signals:
        cooldown.remember(OPEN + timedelta(minutes=minutes), direction)
    if signals:
        latest = max(minutes for minutes, _ in signals)
        assert cooldown.is_running(OPEN + timedelta(minutes=latest + 59))
        assert not cooldown.is_running(OPEN + timedelta(minutes=latest + 60))
    else:
        assert not cooldown.is_running(OPEN)


def test_a_bar_out_of_order_or_of_another_symbol_stops_the_line() -> None:
    scalp = Scalp("SPY")
    scalp.judge(minute(5, 100.0))
    for wrong in (minute(5, 100.0), minute(4, 100.0)):
        with pytest.raises(RestartTheLine, match="came after"):
            scalp.judge(wrong)
    with pytest.raises(RestartTheLine, match="was shown a bar of SPY 60 mins"):
        scalp.judge(hours(1)[0])
    with pytest.raises(RestartTheLine, match="SPY"):
        Whale("AAPL").judge(hours(1)[0])


def at_an_edge() -> Iterator[tuple[StrategySpec[Any], Any]]:
    """Every strategy with one of its parameters at an end of its range, as far as its check allows that."""
    for spec in STRATEGIES:
        for one in fields(spec.parameters):
            meaning, value = meaning_of(one), one.default
            for edge in (meaning.least, meaning.most):
                if edge is None or not isinstance(value, int | float):
                    continue
                parameters = replace(spec.parameters(), **{one.name: type(value)(edge)})
                if not list(spec.check(parameters)):
                    yield spec, parameters


@pytest.mark.parametrize(("spec", "parameters"), list(at_an_edge()))
def test_every_parameter_may_stand_at_the_edge_of_its_range(spec: StrategySpec[Any], parameters: Any) -> None:
    made = spec.make("SPY", parameters)
    days = [bar for n in (3, 4, 5) for bar in bars_1m("SPY", date(2011, 1, n))]
    hours_before = bars_60m("SPY", OPEN)[-300:]

    judged = [made.judge(bar) for bar in (days if made.bar_size is BarSize.M1 else hours_before)]

    assert all(0 <= one.confidence <= 1 for one in judged)


def test_the_whale_outranks_the_scalp() -> None:
    made: tuple[Strategy, ...] = make_strategies("SPY", {"whale": WhaleParameters(history_bars=7)})
    names = [strategy.name for strategy in made]
    assert names == [spec.name for spec in by_rank()]
    assert names.index("whale") < names.index("scalp")
    assert set(NAMES) == set(names)
    with pytest.raises(KeyError):
        spec_of("straddle")


def test_parameters_reach_the_strategy() -> None:
    made = make_strategies("SPY", {"whale": WhaleParameters(history_bars=7)})
    whale = next(one for one in made if one.name == "whale")
    bars = bars_60m("SPY", datetime(2010, 1, 7, tzinfo=UTC))
    assert [whale.judge(bar).reason is Reason.WARMING_UP for bar in bars[:8]] == [True] * 7 + [False]


def test_a_glance_says_what_a_judgement_says_and_leaves_the_same_state() -> None:
    judged, glanced = Scalp("SPY"), Scalp("SPY")
    glance = glance_of(glanced)

    for n, bar in enumerate(bars_1m("SPY", MONDAY)):
        judgement = judged.judge(bar, may_fire=n % 3 != 0)
        assert glance(bar, n % 3 != 0) == (judgement.fired, judgement.reason)
    after = minute(0, 130.0, day=date(2011, 1, 4))
    assert glanced.judge(after) == judged.judge(after)


def test_a_strategy_that_judges_otherwise_than_its_parent_is_not_glanced_at_as_that_one() -> None:
    class Contrary(Scalp):
        def judge(self, bar: Bar, *, may_fire: bool = True) -> Judgement:
            judgement = super().judge(bar, may_fire=may_fire)
            return replace(judgement, direction=Direction.BULLISH, fired=True, reason="contrary")

    assert glance_of(Contrary("SPY"))(minute(0, 100.0), True) == (True, "contrary")
