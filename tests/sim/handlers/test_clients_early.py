"""Early trading as client libraries see it: at 07:00, before the session."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bot.sim.world.build import synthetic_world
from tests.sim.desk import Desk

pytestmark = pytest.mark.line
SEVEN = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


@pytest.fixture
def early(make_desk: Callable[..., Desk]) -> Desk:
    world = synthetic_world(["SPY"], date(2026, 1, 5), start=SEVEN, has_extended_hours=True)
    return make_desk(world)


def test_contract_details_say_when_it_trades(early: Desk) -> None:
    (details,) = early.do(early.ib.reqContractDetailsAsync(early.spy()))
    assert details.tradingHours.startswith("20260105:0400-20260105:2000;")
    assert details.liquidHours.startswith("20260105:0930-20260105:1600;")


def test_a_limit_order_with_the_flag_fills_within_the_quotes_of_then(early: Desk) -> None:
    line = early.ib.reqMktData(early.spy())
    early.advance(seconds=20)
    order = early.lib.LimitOrder("BUY", 5, float(line.ask), outsideRth=True)
    trade = early.ib.placeOrder(early.spy(), order)
    early.advance(seconds=1)
    assert trade.orderStatus.status == "Filled"
    assert trade.fills[0].execution.price == line.ask


def test_an_order_without_the_flag_is_presubmitted_until_half_past_nine(early: Desk) -> None:
    trade = early.ib.placeOrder(early.spy(), early.lib.MarketOrder("BUY", 5))
    early.settle()
    # ib_async takes 399 for a refusal of its own accord; the gateway's word is the order's status.
    (warning,) = [text for _, code, text in early.errors if code == 399]
    assert (
        "BUY 5 SPY ARCA\nWarning: Your order will not be placed at the exchange until 2026-01-05 09:30:00"
        in warning
    )
    early.advance(hours=2, minutes=31)
    assert trade.orderStatus.status == "Filled"


def test_bars_and_ticks_of_all_hours_agree_with_the_live_ones(early: Desk) -> None:
    live = early.ib.reqRealTimeBars(early.spy(), 5, "TRADES", useRTH=False)
    silent = early.ib.reqRealTimeBars(early.spy(), 5, "TRADES", useRTH=True)
    kept = early.do(early.ib.reqHistoricalDataAsync(early.spy(), **_today(keepUpToDate=True)))
    early.advance(minutes=2)
    bars = early.do(early.ib.reqHistoricalDataAsync(early.spy(), **_today()))
    ticks = early.do(early.ib.reqHistoricalTicksAsync(early.spy(), SEVEN, "", 8, "TRADES", useRth=False))

    assert (len(live), len(silent)) == (24, 0)
    assert (bars[0].date.hour, bars[0].date.minute) == (9, 0)  # 04:00 in New York
    second = next(bar for bar in bars if bar.date == SEVEN + timedelta(minutes=1))
    assert second.open == live[12].open_ == ticks[4].price
    assert second.volume == sum(bar.volume for bar in live[12:]) == sum(tick.size for tick in ticks[4:])
    assert (kept[-2].date, kept[-2].close) == (bars[-2].date, bars[-2].close)


def test_the_schedule_of_all_hours_is_longer(early: Desk) -> None:
    def day(use_rth: bool) -> Any:
        work = early.ib.reqHistoricalScheduleAsync(early.spy(), 1, "", use_rth)
        return early.do(work).sessions[0].startDateTime

    assert (day(True), day(False)) == ("20260105-09:30:00", "20260105-04:00:00")


def _today(**more: object) -> dict[str, object]:
    what = {"endDateTime": "", "durationStr": "1 D", "barSizeSetting": "1 min", "whatToShow": "TRADES"}
    return {**what, "useRTH": False, "formatDate": 2, **more}
