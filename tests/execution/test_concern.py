"""A message about one bracket is judged for that bracket alone; whatever names none concerns all."""

from __future__ import annotations

from decimal import Decimal

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.order import Leg, OrderStatus
from bot.execution.books.concern import concerned
from bot.execution.orders import approved_prices, bracket_orders, ref_of
from tests.execution.line import START, bracket

ONE = frozenset({"SPY-1"})


def status(ref: str) -> b.OrderStatusChanged:
    return b.OrderStatusChanged(
        ref=ref, status=OrderStatus.WORKING, filled=0, remaining=3, perm_id=7, order_id=7, at=START
    )


def test_an_orders_status_concerns_its_bracket() -> None:
    assert concerned(status(ref_of("SPY-1", Leg.STOP))) == ONE


def test_orders_that_are_sent_concern_theirs() -> None:
    place = bracket("SPY-1")
    assert (
        concerned(b.SendOrders(bracket_orders(place, approved_prices(place), place.enter_by), START)) == ONE
    )


def test_an_order_whose_name_is_lost_concerns_everybody() -> None:
    assert concerned(status("")) is None


def test_time_a_halt_and_the_connection_concern_everybody() -> None:
    for message in (
        m.TimePassed(START),
        m.Halted(START, "operator", "", "me"),
        b.BrokerDisconnected(START, "gone"),
    ):
        assert concerned(message) is None


def test_an_exit_concerns_the_position_it_closes() -> None:
    exit_ = m.ExitPosition("SPY-1", 3, 0, "time stop", Decimal("0.5"), START)
    assert concerned(exit_) == ONE
