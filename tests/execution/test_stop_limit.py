"""A stop with a limit sells at it or better, and at the market where the market has passed it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.market import Quote
from bot.domain.order import STOP_LIMIT, Leg, OrderType
from bot.execution.limits import ExecutionLimits
from bot.execution.orders import approved_prices, bracket_orders
from tests.execution.line import CALL, START, Line, bracket

CLOSE = START + timedelta(hours=6)
NEXT_OPEN = START + timedelta(hours=23, minutes=30)


def opened(stays: timedelta = timedelta(minutes=30)) -> Line:
    line = Line(limits=ExecutionLimits(stop_limit_pct=Decimal("0.10")))
    line.price("1.95", "2.00")
    line.connect()
    line.tell(bracket(quantity=3, close_by=START + stays))  # limit 2.00, stop 1.60, so its limit 1.44
    line.wait(1)
    return line


def test_the_stop_carries_its_limit_by_ibs_name() -> None:
    *_, stop = bracket_orders(bracket(), approved_prices(bracket()), START, 0, Decimal("0.10"))
    *_, plain = bracket_orders(bracket(), approved_prices(bracket()), START)

    assert (stop.broker_type, stop.stop_price, stop.limit_price) == (
        STOP_LIMIT,
        Decimal("1.60"),
        Decimal("1.44"),
    )
    assert (plain.broker_type, plain.limit_price) == (OrderType.STOP, None)


def test_it_protects_and_sells_within_its_limit() -> None:
    line = opened()
    assert line.last(m.ProtectionChanged).is_proved

    line.price("1.50", "1.55")
    line.wait(2)

    assert line.last(m.BracketClosed).exit_reason == "stop"
    assert not [x for x in line.all(b.SendOrders) if x.orders[0].leg is Leg.FLATTEN]


@pytest.mark.parametrize("ask", ["1.35", "1.58"])
def test_a_market_beyond_its_limit_is_sold_into_at_the_market(ask: str) -> None:
    line = opened()
    line.price("1.30", ask)
    line.wait(4)
    assert line.position == 3

    line.wait(30)

    (closing,) = [order for x in line.all(b.SendOrders) for order in x.orders if order.leg is Leg.FLATTEN]
    assert closing.type is OrderType.MARKET
    assert closing.oca_group == "SPY-1/exits"
    assert line.last(m.BracketClosed).exit_reason == "stop"
    assert line.position == 0
    assert not line.broker.live()


def told(line: Line, bid: str, ask: str, *, is_halted: bool = False) -> None:
    """What the bot is told of the book; at the exchange nothing trades there."""
    quote = Quote(
        con_id=CALL.con_id,
        symbol="SPY",
        at=line.now,
        bid=Decimal(bid),
        ask=Decimal(ask),
        is_halted=is_halted,
    )
    line.tell(m.QuoteUpdated(quote))


def test_while_trading_is_halted_no_limit_counts_as_passed() -> None:
    line = opened()
    told(line, "1.30", "1.35", is_halted=True)
    line.wait(60)

    told(line, "1.95", "2.00")
    line.wait(60)

    assert line.position == 3
    assert not line.all(m.ExitPosition)


def test_after_the_close_no_limit_counts_as_passed() -> None:
    line = opened(stays=timedelta(days=5))
    line.wait((CLOSE - line.now).total_seconds() + 5, step=60)
    told(line, "1.30", "1.35")
    line.wait(60)
    told(line, "1.95", "2.00")
    line.wait((NEXT_OPEN - line.now).total_seconds() + 60, step=600)

    assert line.position == 3
    assert not line.all(m.ExitPosition)


def test_a_wide_book_that_has_not_reached_the_trigger_sells_nothing() -> None:
    line = opened()
    line.price("1.30", "2.40")
    line.wait(60)

    assert line.position == 3
    assert not line.all(m.ExitPosition)


def test_a_stop_that_another_hand_gave_a_limit_protects_no_more() -> None:
    line = Line()
    line.price("1.95", "2.00")
    line.connect()
    line.tell(bracket())
    line.wait(1)
    held = next(x for x in line.broker.live() if x.order.leg is Leg.STOP)
    held.limit_price = Decimal("1.50")
    line.wait(400, step=5)

    assert any("has a limit" in x.reason for x in line.all(m.PlaceProtection))
