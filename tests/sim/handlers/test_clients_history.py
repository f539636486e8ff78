"""Historical bars, kept-up-to-date bars, ticks, schedules and calculations, as client libraries see them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bot.sim.market.recorded.bars import bars_1m, recorded_sessions
from tests.sim.desk import DAY, Desk

pytestmark = pytest.mark.line


def history(desk: Desk, contract: Any = None, **changes: Any) -> Any:
    wanted = {
        "endDateTime": "",
        "durationStr": "1 D",
        "barSizeSetting": "1 min",
        "whatToShow": "TRADES",
        "useRTH": True,
        "formatDate": 2,
        **changes,
    }
    return desk.do(desk.ib.reqHistoricalDataAsync(contract or desk.spy(), **wanted))


def test_minute_bars_are_the_recorded_ones(desk: Desk) -> None:
    desk.open_market()
    *bars, forming = history(desk)
    recorded = bars_1m("SPY", DAY)[: len(bars)]
    assert len(bars) == 10
    assert forming.open == bars_1m("SPY", DAY)[10].open
    assert [(b.date, b.open, b.high, b.low, b.close) for b in bars] == [
        (b.start, b.open, b.high, b.low, b.close) for b in recorded
    ]


@pytest.mark.parametrize("format_date", [1, 2])
def test_times_are_right_in_both_formats(desk: Desk, format_date: int) -> None:
    desk.open_market()
    assert history(desk, formatDate=format_date)[0].date == datetime(2011, 1, 4, 14, 30, tzinfo=UTC)


def test_daily_bars_bear_dates(desk: Desk) -> None:
    bars = history(desk, durationStr="1 M", barSizeSetting="1 day")
    assert isinstance(bars[-1].date, date)
    assert len(bars) == 21


def test_hour_bars_begin_at_half_past_nine_and_then_on_the_hour(desk: Desk) -> None:
    bars = history(desk, durationStr="2 D", barSizeSetting="1 hour")
    assert [bar.date.minute for bar in bars[:3]] == [30, 0, 0]


def test_the_past_can_be_asked_for_up_to_an_end(desk: Desk) -> None:
    desk.advance(hours=2)
    end = datetime(2011, 1, 4, 15, 0, tzinfo=UTC)
    bars = history(desk, endDateTime=end, durationStr="600 S")
    assert [bar.date for bar in bars] == [end - timedelta(minutes=n) for n in range(10, 0, -1)]


def test_kept_bars_close_when_the_next_one_begins(desk: Desk) -> None:
    desk.open_market()
    bars = history(desk, keepUpToDate=True)
    closed: list[Any] = []
    bars.updateEvent += lambda all_bars, has_new: closed.append(all_bars[-2]) if has_new else None
    desk.advance(minutes=5)
    recorded = {bar.start: bar for bar in bars_1m("SPY", DAY)}
    assert len(closed) >= 5
    for bar in closed:
        expected = recorded[bar.date]
        assert (bar.open, bar.high, bar.low, bar.close) == (
            expected.open,
            expected.high,
            expected.low,
            expected.close,
        )
        assert bar.volume == expected.volume
    desk.ib.cancelHistoricalData(bars)
    desk.settle()
    assert desk.codes() == [162]
    before = len(bars)
    desk.advance(minutes=2)
    assert len(bars) == before


def test_kept_hour_bars_close_on_the_hour(desk: Desk) -> None:
    desk.open_market()
    bars = history(desk, barSizeSetting="1 hour", durationStr="2 D", keepUpToDate=True)
    count = len(bars)
    desk.advance(minutes=20)
    assert len(bars) == count + 1
    minutes = bars_1m("SPY", DAY)[:30]
    assert bars[-2].high == max(bar.high for bar in minutes)
    assert bars[-2].volume == sum(bar.volume for bar in minutes)


def test_an_end_with_kept_bars_is_refused(desk: Desk) -> None:
    desk.ib.client.reqHistoricalData(
        9, desk.spy(), "20110103-16:00:00", "1 D", "1 min", "TRADES", True, 1, True, []
    )
    desk.settle()
    assert desk.codes() == [321]


def test_an_unreadable_time_is_10314_and_an_implied_zone_is_warned_of(desk: Desk) -> None:
    history(desk, endDateTime="20110199 10:00:00 US/Eastern")
    history(desk, endDateTime="20110103 16:00:00")
    assert desk.codes() == [10314, 2174]


def test_nothing_known_is_error_162(desk: Desk) -> None:
    assert len(history(desk, endDateTime="20050103-16:00:00", barSizeSetting="1 day")) == 0
    assert desk.codes() == [162]


def test_small_bars_add_up_to_the_minute_and_are_paced(desk: Desk) -> None:
    desk.open_market()
    small = history(desk, barSizeSetting="15 secs", durationStr="300 S")
    minutes = {bar.date: bar for bar in history(desk, durationStr="600 S")}
    for bar in small:
        minute = minutes[bar.date.replace(second=0)]
        assert minute.low <= bar.low <= bar.high <= minute.high
    history(desk, barSizeSetting="15 secs", durationStr="300 S")
    assert desk.codes() == [162]
    assert "pacing violation" in desk.errors[-1][2]


def test_only_so_many_requests_run_at_once(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(simultaneous_history=1)
    desk.open_market()
    history(desk, keepUpToDate=True)
    history(desk)
    assert desk.codes() == [322]


def test_the_schedule_knows_half_days_and_holidays(desk: Desk) -> None:
    schedule = desk.do(desk.ib.reqHistoricalScheduleAsync(desk.spy(), 30, "20101231-21:00:00", True))
    by_day = {session.refDate: session for session in schedule.sessions}
    assert len(by_day) == 30
    assert "20101224" not in by_day
    assert by_day["20101126"].endDateTime.endswith("13:00:00")


def test_the_first_bar_has_a_time_stamp(desk: Desk) -> None:
    found = desk.do(desk.ib.reqHeadTimeStampAsync(desk.spy(), "TRADES", True, 2))
    assert found == datetime(2010, 1, 4, 14, 30, tzinfo=UTC)


def test_a_histogram_holds_the_days_volume(desk: Desk) -> None:
    desk.open_market()
    items = desk.do(desk.ib.reqHistogramDataAsync(desk.spy(), True, "1 day"))
    minutes = bars_1m("SPY", DAY)
    volume = sum(item.count for item in items)
    assert sum(bar.volume for bar in minutes[:10]) < volume < sum(bar.volume for bar in minutes[:11])


@pytest.mark.parametrize("what", ["TRADES", "MIDPOINT", "BID_ASK"])
def test_historical_ticks_go_forward_from_a_start(desk: Desk, what: str) -> None:
    desk.open_market()
    ticks = desk.do(
        desk.ib.reqHistoricalTicksAsync(desk.spy(), "20110104-14:32:00", "", 20, what, True, False, [])
    )
    assert len(ticks) == 20
    assert ticks[0].time == datetime(2011, 1, 4, 14, 32, tzinfo=UTC)
    assert [tick.time for tick in ticks] == sorted(tick.time for tick in ticks)


def test_historical_ticks_go_back_from_an_end(desk: Desk) -> None:
    desk.open_market()
    ticks = desk.do(
        desk.ib.reqHistoricalTicksAsync(desk.spy(), "", "20110104-14:32:00", 5, "TRADES", True, False, [])
    )
    assert len(ticks) == 5
    assert ticks[-1].time < datetime(2011, 1, 4, 14, 32, tzinfo=UTC)


def test_an_options_volatility_and_price_belong_together(desk: Desk) -> None:
    desk.open_market()
    option = desk.option()
    by_vol = desk.do(desk.ib.calculateOptionPriceAsync(option, 0.2, 127.0))
    assert by_vol.optPrice > 0
    back = desk.do(desk.ib.calculateImpliedVolatilityAsync(option, by_vol.optPrice, 127.0))
    assert back.impliedVol == pytest.approx(0.2, abs=0.001)
    assert 0 < back.delta < 1


def test_an_impossible_option_price_has_no_volatility(desk: Desk) -> None:
    desk.ib.client.calculateImpliedVolatility(70, desk.option(), 500.0, 127.0, [])
    desk.settle()
    assert desk.codes() == [321]


def test_options_have_bars_too(desk: Desk) -> None:
    desk.open_market()
    bars = history(desk, desk.option(), whatToShow="MIDPOINT")
    assert len(bars) == 11
    assert all(bar.low > 0 for bar in bars)


def test_every_recorded_day_can_be_read_whole(desk: Desk) -> None:
    days = [day for symbol, day in recorded_sessions() if symbol == "SPY" and day < DAY]
    bars = history(desk, durationStr=f"{len(days)} D")
    assert len(bars) == sum(len(bars_1m("SPY", day)) for day in days)


def test_the_last_seconds_are_known_before_their_minute_is_over(desk: Desk) -> None:
    desk.open_market()
    desk.advance(seconds=37)
    bars = history(desk, barSizeSetting="5 secs", durationStr="60 S")
    assert len(bars) >= 10


def test_what_is_to_be_shown_may_be_spelled_in_any_case(desk: Desk) -> None:
    desk.open_market()
    lower, upper = history(desk, whatToShow="Trades"), history(desk, whatToShow="TRADES")
    assert [bar.close for bar in lower] == [bar.close for bar in upper]


def test_adjusted_bars_lack_the_dividends_since_and_trades_do_not(desk: Desk) -> None:
    desk.open_market()
    year = {"durationStr": "1 Y", "barSizeSetting": "1 day"}
    trades, adjusted = (history(desk, whatToShow=what, **year) for what in ("TRADES", "ADJUSTED_LAST"))

    assert [bar.date for bar in trades] == [bar.date for bar in adjusted]
    left = {bar.date: round(a.close / bar.close, 4) for bar, a in zip(trades, adjusted, strict=True)}
    assert left[date(2011, 1, 3)] == left[date(2010, 12, 17)] == 1
    # SPY's yield is 1.8 %: 0.45 % a quarter, ex on the third Friday.
    assert left[date(2010, 12, 16)] == left[date(2010, 9, 17)] == pytest.approx(0.9955, abs=0.0001)
    assert left[date(2010, 9, 16)] == pytest.approx(0.9955**2, abs=0.0002)


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"endDateTime": datetime(2011, 1, 3, 21, tzinfo=UTC)}, "End date not supported with adjusted last"),
        (
            {"barSizeSetting": "1 week", "durationStr": "1 Y"},
            "Multi day bar size not supported with adjusted last",
        ),
    ],
)
def test_adjusted_bars_reach_up_to_now_and_are_a_day_long_at_most(
    desk: Desk, changes: dict[str, Any], cause: str
) -> None:
    wanted = {"endDateTime": "", "durationStr": "1 D", "barSizeSetting": "1 day", **changes}
    request = desk.ib.reqHistoricalDataAsync(desk.spy(), **wanted, whatToShow="ADJUSTED_LAST", useRTH=True)
    task = desk.start(request)  # ib_async waits on behind a 321
    task.cancel()
    ((_, code, text),) = [error for error in desk.errors if error[0] != -1]
    assert (code, text.partition("cause - ")[2]) == (321, cause)
