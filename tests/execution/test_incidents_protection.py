"""Protection that is not what it seems, and refusals: how bots like this really failed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.market import Quote
from bot.domain.order import OrderType
from bot.domain.types import Right, Side
from tests.execution.line import CALL, PUT, Line, bracket, open_position, wire

# ── what is sold, and by what evidence ─────────────────────────────────────────────────────────────────────────────────


def test_a_bearish_bracket_buys_the_put_and_sells_nothing_that_is_not_held() -> None:
    line = Line()
    line.connect()
    line.tell(bracket(contract=PUT))

    parent, *exits = line.last(b.SendOrders).orders
    assert (parent.side, parent.contract.right) == (Side.BUY, Right.PUT)
    assert all(order.parent_ref == parent.ref for order in exits)


def test_a_collapsed_last_price_moves_nothing_because_the_broker_judges_the_stop() -> None:
    line = open_position()
    before = wire(line)

    line.tell(m.QuoteUpdated(Quote(con_id=CALL.con_id, symbol="SPY", at=line.now, last=Decimal("0.01"))))
    line.wait(10)

    assert wire(line) == before


def test_without_a_bid_the_time_stop_uses_a_market_order_and_never_the_last_price() -> None:
    line = open_position()
    line.wait(30 * 60 - 5, step=15)
    line.tell(m.QuoteUpdated(Quote(con_id=CALL.con_id, symbol="SPY", at=line.now, last=Decimal("0.01"))))
    line.wait(10)

    flatten = line.last(b.SendOrders).orders[0]
    assert (flatten.ref, flatten.type, flatten.limit_price) == ("SPY-1/flatten-1", OrderType.MARKET, None)
    assert line.position == 0


@pytest.mark.parametrize("shown_as", [OrderType.LIMIT, OrderType.MARKET])
def test_a_stop_that_the_broker_shows_as_another_type_is_no_protection(shown_as: OrderType) -> None:
    line = Line()
    line.broker.exchange_settings.shows_stops_as = shown_as
    line.price("1.90", "1.95")
    line.connect()
    line.tell(bracket())
    line.wait(25)

    assert not line.all(m.ProtectionChanged)[0].is_proved
    assert line.all(m.PlaceProtection)
    assert line.position == 0, "protection that cannot be proved ends the position"
    assert line.all(m.HaltTrading)
    line.assert_safe()


def test_a_stop_priced_off_the_stock_is_no_protection() -> None:
    line = Line()
    line.connect()
    line.price("1.90", "1.95")
    line.broker.mangle = lambda facts: [_misprice(fact) for fact in facts]
    line.tell(bracket())
    line.wait(0.5)

    assert not line.all(m.ProtectionChanged)[0].is_proved


def _misprice(fact: m.Message) -> m.Message:
    if isinstance(fact, b.OrderSeen) and fact.order.type is OrderType.STOP:
        return b.OrderSeen(replace(fact.order, stop_price=Decimal("598.00")), fact.at)
    return fact


def test_a_stop_that_a_preset_turned_into_a_day_order_is_flagged_and_trading_halts() -> None:
    line = Line()
    line.broker.exchange_settings.shows_tif = "DAY"
    line.price("1.90", "1.95")
    line.connect()
    line.tell(bracket())
    line.wait(5)

    assert line.last(m.ProtectionChanged).is_proved
    assert len(line.all(m.HaltTrading)) == 1


# ── refusals ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_refused_entry_is_abandoned_once_and_not_tried_again() -> None:
    line = Line()
    line.broker.exchange_settings.refuses["SPY-1/entry"] = (
        201,
        "Order rejected - reason: insufficient funds",
    )
    line.connect()
    line.tell(bracket())
    line.wait(60)

    assert [x.idea_id for x in line.all(m.EntryAbandoned)] == ["SPY-1"]
    assert "insufficient funds" in line.last(m.EntryAbandoned).reason
    assert len(line.all(b.SendOrders)) == 1


def test_the_entrys_remainder_is_called_back_before_any_exit_is_sent() -> None:
    line = Line()
    line.broker.exchange_settings.fill_step = 1
    line.connect()
    line.price("1.90", "1.95")
    line.tell(bracket(quantity=4))
    line.price("2.10", "2.15")
    line.tell(m.FlattenAll(line.now, "operator", "me"))
    line.wait(20)

    assert wire(line)[3] == "cancel SPY-1/entry"
    assert line.position == 0
    line.assert_safe()


def test_an_entry_whose_stop_was_refused_is_called_back() -> None:
    line = Line()
    line.broker.exchange_settings.refuses["SPY-1/stop"] = (
        110,
        "The price does not conform to the minimum price variation",
    )
    line.price("2.10", "2.15")
    line.connect()
    line.tell(bracket())
    line.wait(5)

    assert "cancel SPY-1/entry" in wire(line)
    assert line.last(m.EntryAbandoned).idea_id == "SPY-1"


def test_a_refused_stop_of_a_filled_entry_is_replaced() -> None:
    line = Line()
    line.broker.exchange_settings.refuses["SPY-1/stop"] = (201, "Order rejected")
    line.price("1.90", "1.95")
    line.connect()
    line.tell(bracket())
    line.wait(5)

    line.assert_protected_or_flat()
    assert line.position == 3
    gap = [x for x in line.all(m.ProtectionChanged) if x.is_proved][-1]
    assert 0 < gap.unprotected_s <= 5


def test_the_same_idea_is_never_sent_twice() -> None:
    line = open_position()
    line.tell(bracket())

    assert line.last(m.EntryDenied).code == "EXECUTION_ALREADY_PLACED"
    assert len(line.all(b.SendOrders)) == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"stop": Decimal("2.10")}, "senseless"),
        ({"target": Decimal("1.90")}, "senseless"),
        ({"quantity": 0}, "quantity"),
    ],
)
def test_a_bracket_that_makes_no_sense_is_abandoned_unsent(changes: dict[str, object], reason: str) -> None:
    line = Line()
    line.connect()
    line.tell(replace(bracket(), **changes))  # type: ignore[arg-type]  # a table of overrides

    assert reason in line.last(m.EntryAbandoned).reason
    assert not line.all(b.SendOrders)
