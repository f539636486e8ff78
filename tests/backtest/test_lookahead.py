"""Strategies that know what comes, each in a way of its own, and the check that finds them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.backtest import lookahead
from bot.backtest.changed_future import ChangedFuture, turn_at
from bot.backtest.exact.run import run_exact
from bot.backtest.feed.markets import market_of
from bot.backtest.feed.stretches import Stretch
from bot.backtest.lookahead import PeekSearch, find_any_peek, instants, peek_search_of, sessions_to_play
from bot.backtest.plan import BacktestPlan
from bot.domain.market import Bar
from bot.domain.session import Session, new_york_day, session_on
from bot.domain.types import Direction
from bot.sim.market.recorded.library import BUNDLE, Library
from bot.strategies.base import Judgement, Reason
from bot.strategies.scalp import Scalp
from tests.backtest.conftest import DAY, plan

MINUTE = timedelta(minutes=1)
Cheat = Callable[[Bar, Judgement], Judgement]


def session(day: date = DAY) -> Session:
    found = session_on(day)
    assert found is not None
    return found


def fires(x: Judgement, *, up: bool) -> Judgement:
    return replace(
        x,
        direction=Direction.BULLISH if up else Direction.BEARISH,
        confidence=0.9,
        fired=True,
        reason=Reason.FIRED,
    )


def cheating(monkeypatch: pytest.MonkeyPatch, cheat: Cheat) -> None:
    """The scalper says what ``cheat`` makes of its judgement, and is never quicker than that."""
    honest = Scalp.judge

    def judge(self: Scalp, bar: Bar, *, may_fire: bool = True) -> Judgement:
        found = honest(self, bar, may_fire=may_fire)
        return cheat(bar, found) if may_fire else found

    monkeypatch.setattr(Scalp, "judge", judge)


@pytest.fixture
def played_from(monkeypatch: pytest.MonkeyPatch) -> list[Library]:
    """The library of the run in progress, as if it had leaked."""
    shown: list[Library] = [BUNDLE]

    def run(chosen: BacktestPlan, library: Library, *args: Any, **options: Any) -> Any:
        shown[0] = library
        return run_exact(chosen, library, *args, **options)

    monkeypatch.setattr(lookahead, "run_exact", run)
    return shown


def found_in(chosen: BacktestPlan) -> lookahead.Peek | None:
    return find_any_peek(chosen, BUNDLE, peek_search_of(chosen, BUNDLE))


@pytest.mark.slow
def test_who_looks_a_minute_ahead_at_one_minute_of_each_hour_is_found(
    monkeypatch: pytest.MonkeyPatch, played_from: list[Library]
) -> None:
    def cheat(bar: Bar, found: Judgement) -> Judgement:
        if bar.end.minute != 52:
            return replace(found, fired=False)
        day = new_york_day(bar.start)
        [coming] = [x for x in played_from[0].minutes(bar.symbol, day) if x.start == bar.end] or [bar]
        return fires(found, up=True) if coming.close > bar.close else replace(found, fired=False)

    cheating(monkeypatch, cheat)

    peek = found_in(plan())

    assert peek is not None
    assert peek.is_repeatable
    assert peek.what.startswith("scalp on GOOG, 2015-12-24 ")


@pytest.mark.slow
def test_who_looks_to_the_day_s_end_once_a_day_is_found(
    monkeypatch: pytest.MonkeyPatch, played_from: list[Library]
) -> None:
    at = session().open + 100 * MINUTE

    def cheat(bar: Bar, found: Judgement) -> Judgement:
        if bar.end != at:
            return replace(found, fired=False)
        return fires(found, up=played_from[0].minutes("GOOG", DAY)[-1].close > bar.close)

    cheating(monkeypatch, cheat)

    peek = found_in(plan())

    assert peek is not None
    assert peek.is_repeatable


@pytest.mark.slow
def test_who_keeps_the_days_in_a_global_and_looks_there_in_the_last_minutes_only_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: dict[Any, float] = {}
    late = session().close - 10 * MINUTE

    def cheat(bar: Bar, found: Judgement) -> Judgement:
        seen[bar.start] = bar.close
        coming = seen.get(bar.end)
        is_late = bar.end > late and coming is not None
        return replace(found, numbers={**found.numbers, "coming": coming if is_late else None})

    cheating(monkeypatch, cheat)

    peek = found_in(plan())

    assert peek is not None
    assert not peek.is_repeatable or peek.cut == session().close - MINUTE


@pytest.mark.slow
def test_the_strategies_as_shipped_know_nothing_of_what_comes_be_the_days_recorded_or_made_up() -> None:
    made_up = replace(plan("SPY", date(2025, 1, 2), date(2025, 1, 3)), is_synthetic=True)

    assert found_in(plan()) is None
    assert found_in(made_up) is None


@pytest.mark.slow
def test_who_knows_how_a_made_up_day_will_end_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    day = date(2025, 1, 2)
    shown: list[float] = []

    def market(chosen: BacktestPlan, stretch: Stretch, library: Library, equity: Any) -> Any:
        made = market_of(chosen, stretch, library, equity)
        shown[:] = [made.market.stocks["SPY"].tape.minutes(day)[-1].close]
        return made

    def cheat(bar: Bar, found: Judgement) -> Judgement:
        is_time = bar.end.minute % 20 == 0
        return fires(found, up=shown[0] > bar.close) if is_time else replace(found, fired=False)

    monkeypatch.setattr("bot.backtest.exact.run.market_of", market)
    cheating(monkeypatch, cheat)

    assert found_in(replace(plan("SPY", day, day), is_synthetic=True)) is not None


def test_few_days_have_many_instants_and_many_days_two_each() -> None:
    month = plan("SPY", date(2011, 1, 3), date(2011, 1, 31))

    assert peek_search_of(plan(), BUNDLE).instants == 16
    assert peek_search_of(month, BUNDLE).each_day == 2
    assert peek_search_of(month, BUNDLE, 5).instants == 100
    assert sessions_to_play(month, BUNDLE, peek_search_of(month, BUNDLE)) == 2 * 20 + 20 * 3


def test_of_a_year_s_days_some_are_drawn_and_the_same_by_the_same_seed() -> None:
    year = replace(plan("SPY", date(2024, 1, 2), date(2024, 12, 31)), is_synthetic=True)

    def drawn(seed: int) -> PeekSearch:
        return peek_search_of(replace(year, seed=seed), BUNDLE)

    assert len(drawn(1).days) == 60
    assert drawn(1) == drawn(1) != drawn(2)


@given(count=st.integers(1, 50), seed=st.integers(0, 9), decided=st.sets(st.integers(-5, 400), max_size=40))
def test_instants_are_ends_of_minutes_half_of_them_where_something_was_decided(
    count: int, seed: int, decided: set[int]
) -> None:
    day = session(date(2011, 1, 26))
    busy = {day.open + n * MINUTE for n in decided}

    found = instants(day, sorted(busy), count, seed)

    assert len({*found}) == len(found) == count
    assert all(day.open < x < day.close for x in found)
    within = {x for x in busy if day.open < x < day.close}
    assert len(within & {*found}) >= min(len(within), -(-count // 2))
    assert found == instants(day, sorted(busy), count, seed)


@pytest.mark.parametrize("is_far", [False, True])
@pytest.mark.parametrize("minute", [1, 60, 151, 209])
def test_after_the_cut_prices_go_the_other_way_and_before_it_nothing_is_changed(
    minute: int, is_far: bool
) -> None:
    bars = BUNDLE.minutes("GOOG", DAY)
    cut = session().open + minute * MINUTE
    turn = turn_at(bars, cut, is_far=is_far)

    changed = [turn.bar(x) for x in bars]

    past = [x for x in bars if x.end <= cut]
    assert changed[: len(past)] == past
    level = past[-1].close
    real, other = (x[-1 if is_far else len(past)].close for x in (bars, changed))
    assert (real > level) == (other < level)
    assert all(x.low <= min(x.open, x.close) <= max(x.open, x.close) <= x.high for x in changed)


def test_a_symbol_that_has_nothing_of_the_day_has_no_level_and_is_changed_all_the_same() -> None:
    bars = BUNDLE.minutes("GOOG", DAY)

    turn = turn_at((), session().open)

    assert all(turn.bar(x).close != x.close for x in bars)


def test_a_made_up_tape_is_another_after_the_cut_in_minutes_hours_days_and_ends() -> None:
    from bot.backtest.feed.stretches import synthetic_tape

    day = date(2025, 1, 3)
    cut = session(day).open + 100 * MINUTE
    tape = synthetic_tape("SPY", date(2025, 1, 2), 1)

    other = ChangedFuture(BUNDLE, cut).turned(tape)

    real, changed = tape.minutes(day), other.minutes(day)
    assert [x == y for x, y in zip(real, changed, strict=True)] == [x.end <= cut for x in real]
    end = session(day).close
    assert [x == y for x, y in zip(tape.hours(end), other.hours(end), strict=True)] == [
        x.end <= cut for x in tape.hours(end)
    ]
    first = date(2025, 1, 2)
    assert [x == y for x, y in zip(tape.days(first, end), other.days(first, end), strict=True)] == [
        True,
        False,
    ]
    assert other.ends(day) == (changed[0].open, changed[-1].close)
    assert other.last_close(end) == changed[-1].close != tape.last_close(end)
    assert other.last_close(cut - 60 * MINUTE) == tape.last_close(cut - 60 * MINUTE)
