"""The life of a bracket when nothing goes wrong."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.order import OrderType
from tests.execution.line import START, Line, bracket, open_position


def test_a_family_goes_out_parent_first_and_only_the_stop_transmits() -> None:
    line = open_position()
    sent = line.all(b.SendOrders)[0].orders

    assert [o.ref for o in sent] == ["SPY-1/entry", "SPY-1/target", "SPY-1/stop"]
    assert [o.transmit for o in sent] == [False, False, True]
    assert [o.type for o in sent] == [OrderType.LIMIT, OrderType.LIMIT, OrderType.STOP]
    assert [str(o.tif) for o in sent] == ["DAY", "GTC", "GTC"]
    assert [o.good_till for o in sent] == [START + timedelta(seconds=30 + 60), None, None]
    assert sent[1].oca_group == sent[2].oca_group != ""


def test_a_filled_entry_is_proved_protected_at_once() -> None:
    line = open_position()

    proved = line.all(m.ProtectionChanged)
    assert [(p.is_proved, p.position, p.stop_quantity, p.unprotected_s) for p in proved] == [
        (True, 3, 3, 0.0)
    ]
    line.assert_protected_or_flat()


def test_the_target_closes_the_trade_and_the_books_add_up() -> None:
    line = open_position()
    line.price("2.60")
    line.wait(1)

    closed = line.last(m.BracketClosed)
    assert closed.exit_reason == "target"
    assert closed.commission == Decimal("3.90")
    assert closed.pnl == (Decimal("2.60") - Decimal("1.95")) * 300 - Decimal("3.90")
    assert closed.commissions_complete
    assert not line.broker.live()


def test_the_average_prices_of_a_trade_bring_its_result_back_to_the_cent() -> None:
    line = Line()
    line.broker.exchange_settings.fill_step = 1
    line.price("1.90", "1.94")
    line.connect()
    line.tell(bracket(quantity=7))
    line.price("1.90", "1.95")
    line.wait(9)
    line.price("2.60")
    line.wait(12)

    closed = line.last(m.BracketClosed)
    assert {x.fill.price for x in line.all(m.FillBooked)} >= {Decimal("1.94"), Decimal("1.95")}
    assert closed.quantity == 7
    money = [round(price * 700, 2) for price in (closed.entry_price, closed.exit_price)]
    assert closed.pnl == money[1] - money[0] - closed.commission


def test_the_stop_closes_the_trade() -> None:
    line = open_position()
    line.price("1.50")
    line.wait(1)

    assert line.last(m.BracketClosed).exit_reason == "stop"
    assert line.position == 0
    assert not line.broker.live()


def test_when_time_is_up_the_target_walks_down_from_the_bid() -> None:
    line = open_position()
    line.wait(30 * 60 - 10, step=15)
    line.price("2.10")
    line.wait(10)

    revision = line.all(b.SendRevision)[2]  # behind the two that count from the price paid
    assert (revision.ref, revision.quantity, revision.limit_price) == ("SPY-1/target", 3, Decimal("2.10"))
    assert line.last(m.BracketClosed).exit_reason == "time stop"
    assert line.position == 0
    assert not line.broker.live()


def test_an_entry_that_does_not_fill_is_cancelled_and_abandoned() -> None:
    line = Line()
    line.price("2.10")
    line.connect()
    line.tell(bracket())
    line.wait(31)

    assert line.last(b.SendCancel).ref == "SPY-1/entry"
    assert line.last(m.EntryAbandoned).idea_id == "SPY-1"
    assert not line.broker.live()
