"""Historical bars as IB cuts them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from math import log, sqrt
from statistics import stdev

import pytest

from bot.domain.types import Right
from bot.sim.market.catalog import EUR_USD, SPX, VIX
from bot.sim.market.history import HistoryBar, HistoryError, HistoryQuery
from bot.sim.market.listing import ContractQuery
from bot.sim.market.recorded.bars import bars_1m, bars_60m
from bot.sim.world.build import recorded_world, synthetic_world
from bot.sim.world.world import World

SPY = 756733
DAY = date(2011, 1, 20)


def at(hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2011, 1, 20, hour + 5, minute, second, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    made = recorded_world(["SPY"], DAY)
    made.advance_to(at(10, 30))
    return made


def ask(
    world: World,
    duration: str,
    size: str,
    what: str = "TRADES",
    end: datetime | None = None,
    con_id: int = SPY,
) -> list[HistoryBar]:
    return world.history(HistoryQuery(con_id, end, duration, size, what))


def test_one_day_of_minutes_is_today_up_to_now(world: World) -> None:
    bars = ask(world, "1 D", "1 min")

    assert [b.start for b in bars] == [at(9, 30) + timedelta(minutes=n) for n in range(61)]
    assert [(b.open, b.close, b.volume) for b in bars[:60]] == [
        (m.open, m.close, m.volume) for m in bars_1m("SPY", DAY)[:60]
    ]


def test_regular_hours_leave_out_the_bars_of_the_night(world: World) -> None:
    query = HistoryQuery(VIX.con_id, None, "64800 S", "30 mins", "TRADES", use_rth=True)
    regular, all_hours = world.history(query), world.history(replace(query, use_rth=False))

    # The session's first half hour to now; the night before only for whoever asks for all hours.
    assert regular[-3:] == [bar for bar in regular if bar.start >= at(9, 30)]
    assert [bar for bar in all_hours if bar.start >= at(9, 30)] == regular[-3:]
    assert any(bar.start.date() == DAY and bar.start < at(9) for bar in all_hours)
    assert not any(bar.start.date() == DAY and bar.start < at(9) for bar in regular)


def test_the_last_bar_is_still_forming_and_shows_no_future(world: World) -> None:
    whole = bars_1m("SPY", DAY)[60]
    last = ask(world, "1 D", "1 min")[-1]

    assert (last.open, last.high, last.low, last.close) == (whole.open,) * 4
    assert last.volume < whole.volume


def test_the_first_hour_bar_is_half_an_hour(world: World) -> None:
    hours = ask(world, "1 D", "1 hour")

    assert [b.start for b in hours] == [at(9, 30), at(10)]
    assert hours[0].close == bars_60m("SPY", at(10))[-1].close


def test_thirty_days_of_hours_are_thirty_sessions(world: World) -> None:
    hours = ask(world, "30 D", "60 mins")

    assert len({b.start.date() for b in hours}) == 30
    assert [b.start for b in hours] == sorted({b.start for b in hours})
    old = [b for b in bars_60m("SPY", at(9, 30)) if b.start >= hours[0].start]
    assert [(b.start, b.close) for b in hours[:-2]] == [(b.start, b.close) for b in old]


def test_other_sizes_are_sums_of_minutes(world: World) -> None:
    fives = ask(world, "1 D", "5 mins")
    minutes = bars_1m("SPY", DAY)[:5]

    assert fives[0].high == max(m.high for m in minutes)
    assert fives[0].volume == sum(m.volume for m in minutes)
    assert fives[1].start == at(9, 35)


def test_daily_bars_sum_the_sessions(world: World) -> None:
    days = ask(world, "2 W", "1 day")
    yesterday = bars_1m("SPY", date(2011, 1, 19))

    assert len(days) == 10
    assert (days[-2].open, days[-2].close) == (yesterday[0].open, yesterday[-1].close)
    assert days[-1].open == bars_1m("SPY", DAY)[0].open


def test_a_request_may_end_in_the_past(world: World) -> None:
    bars = ask(world, "1800 S", "1 min", end=at(10))

    assert [b.start for b in (bars[0], bars[-1])] == [at(9, 30), at(9, 59)]


def test_a_request_for_the_future_ends_now(world: World) -> None:
    assert ask(world, "1 D", "1 min", end=at(15)) == ask(world, "1 D", "1 min")


def test_bid_middle_and_ask_lie_around_the_trades(world: World) -> None:
    bid, middle, ask_ = (ask(world, "1 D", "1 min", what)[0] for what in ("BID", "MIDPOINT", "ASK"))
    both = ask(world, "1 D", "1 min", "BID_ASK")[0]

    assert bid.open < middle.open < ask_.open
    assert both.low < both.open < both.close < both.high
    assert bid.volume == both.volume == -1


def test_options_have_bars_of_their_own(world: World) -> None:
    query = ContractQuery(
        symbol="SPY", sec_type="OPT", expiry="20110121", strike=Decimal(128), right=Right.CALL
    )
    con_id = world.find_contracts(query)[0].contract.con_id
    bars = ask(world, "1 D", "1 min", "MIDPOINT", con_id=con_id)

    assert len(bars) == 61
    assert all(0 < b.low <= b.close <= b.high < 3 for b in bars)


def test_currencies_and_indices_have_bars(world: World) -> None:
    euro = ask(world, "3600 S", "1 min", "MIDPOINT", con_id=EUR_USD.con_id)

    assert len(euro) == 60
    assert all(1.0 < b.low <= b.high < 1.2 for b in euro)
    index, fund = ask(world, "1 D", "1 hour", con_id=SPX.con_id), ask(world, "1 D", "1 hour")
    assert [bar.close for bar in index] == pytest.approx([10 * bar.close for bar in fund])


def test_where_there_is_nothing_the_answer_is_162() -> None:
    world = recorded_world(["GOOG"], date(2015, 12, 23))

    with pytest.raises(HistoryError) as found:
        ask(world, "1 D", "1 min", con_id=208813719)
    assert found.value.code == 162
    with pytest.raises(HistoryError, match="no data"):
        ask(world, "1 D", "1 hour", con_id=SPX.con_id)


@pytest.mark.parametrize(
    ("code", "change"),
    [
        (321, {"duration": "1 X"}),
        (321, {"duration": "0 D"}),
        (321, {"size": "7 mins"}),
        (321, {"what": "GOSSIP"}),
        (200, {"con_id": 5}),
    ],
)
def test_a_wrong_request_is_named(world: World, code: int, change: dict[str, object]) -> None:
    fields: dict[str, object] = {"duration": "1 D", "size": "1 min", **change}

    with pytest.raises(HistoryError) as found:
        ask(world, **fields)  # type: ignore[arg-type]  # a table of wrong fields
    assert found.value.code == code


def test_a_half_day_stops_at_one() -> None:
    day = date(2015, 12, 24)
    world = recorded_world(["GOOG"], day)
    world.advance_to(datetime(2015, 12, 24, 20, 0, tzinfo=UTC))
    hours = ask(world, "1 D", "60 mins", con_id=208813719)

    assert [b.start.hour for b in hours] == [14, 15, 16, 17]
    assert [s.is_half_day for s in world.schedule(date(2015, 12, 23), day)] == [False, True]


def test_history_continues_what_was_lived_through() -> None:
    world = synthetic_world(["SPY"], date(2026, 1, 8))
    world.advance_to(datetime(2026, 1, 9, 15, 0, tzinfo=UTC))
    minutes = ask(world, "2 D", "1 min")

    assert len(minutes) == 390 + 31
    assert ask(world, "2 D", "1 hour")[0].close == minutes[29].close
    head = world.head_timestamp(SPY)
    assert head is not None
    assert head < minutes[0].start


def test_a_gap_shows_in_history_too(world: World) -> None:
    world.market.gap("SPY", 0.9)
    world.advance_to(at(10, 32))

    assert ask(world, "1 D", "1 min")[61].close == pytest.approx(
        bars_1m("SPY", DAY)[61].close * 0.9, abs=0.01
    )


def test_a_grid_that_misses_the_open_has_a_short_first_bar(world: World) -> None:
    starts = [bar.start for bar in ask(world, "1 D", "20 mins")]
    assert starts[:3] == [at(9, 30), at(9, 40), at(10, 0)]


def test_both_sides_stand_on_the_grid_around_every_print(world: World) -> None:
    bids, asks, middles = (ask(world, "1 D", "1 min", what) for what in ("BID", "ASK", "MIDPOINT"))
    for bid, offer, middle in zip(bids, asks, middles, strict=True):
        assert round(bid.close * 100, 6) == round(bid.close * 100)
        assert offer.close > bid.close
        assert middle.close == pytest.approx((bid.close + offer.close) / 2)


def test_a_pair_has_no_trades_to_report(world: World) -> None:
    with pytest.raises(HistoryError, match="@IDEALPRO Trades") as refused:
        ask(world, "3600 S", "1 min", "TRADES", con_id=EUR_USD.con_id)
    assert refused.value.code == 162


def test_volatility_is_that_of_the_closes_and_that_of_the_options() -> None:
    made = synthetic_world(["AAPL"], date(2026, 1, 5))
    stock = made.market.contracts.find(ContractQuery(symbol="AAPL", sec_type="STK"))[0].contract
    historical, implied = (
        ask(made, "3 M", "1 day", what, con_id=stock.con_id)
        for what in ("HISTORICAL_VOLATILITY", "OPTION_IMPLIED_VOLATILITY")
    )
    closes = [bar.close for bar in ask(made, "3 M", "1 day", con_id=stock.con_id)]
    moves = [log(later / earlier) for earlier, later in pairwise(closes[-31:])]
    assert historical[-1].close == pytest.approx(stdev(moves) * sqrt(252), abs=1e-5)
    assert len(implied) == len(closes)
    assert all(bar.close == pytest.approx(0.26, rel=0.1) for bar in implied), "what its options are priced on"
