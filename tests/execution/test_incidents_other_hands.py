"""Positions and orders of other hands, losses without a trace, and the operator."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.order import OpenOrder, OrderStatus, OrderType
from bot.domain.types import Side
from tests.execution.line import CALL, PUT, Line, bracket, open_position, wire

# ── other hands ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_position_that_is_not_ours_is_named() -> None:
    line = Line()
    line.broker.trade_by_hand(PUT, Side.SELL, 2, Decimal("1.00"))
    line.connect()
    line.wait(3)

    assert any("-2 at the broker, 0 in our books" in x for x in line.last(m.Reconciled).mismatches)


def test_a_position_that_another_hand_has_moved_is_asked_about_at_once() -> None:
    line = open_position(3)
    asked = len(line.all(b.TakeSnapshot))

    line.tell(b.PositionChanged(CALL.con_id, 3, line.now))
    assert len(line.all(b.TakeSnapshot)) == asked

    line.tell(b.PositionChanged(CALL.con_id, 1, line.now))
    line.wait(2)
    assert len(line.all(b.TakeSnapshot)) > asked


def test_what_was_named_and_accepted_by_resuming_is_not_named_again_until_it_changes() -> None:
    line = Line()
    line.broker.trade_by_hand(PUT, Side.SELL, 2, Decimal("1.00"))
    line.connect()
    line.wait(3)
    line.tell(m.Resumed(line.now, "reconciliation_mismatch", "my hedge", "me"))
    line.kill_and_restart()
    line.wait(3)
    assert line.last(m.Reconciled).mismatches == ()

    line.broker.trade_by_hand(PUT, Side.SELL, 1, Decimal("1.00"))
    line.disconnect()
    line.connect()
    line.wait(3)

    assert any("-3 at the broker" in x for x in line.last(m.Reconciled).mismatches)


@pytest.mark.parametrize("is_accepted", [False, True])
@pytest.mark.parametrize("restarts", [False, True])
def test_what_differed_and_does_not_any_more_is_said_once(is_accepted: bool, restarts: bool) -> None:
    line = Line()
    line.broker.trade_by_hand(PUT, Side.SELL, 2, Decimal("1.00"))
    line.connect()
    line.wait(3)
    if is_accepted:
        line.tell(m.Resumed(line.now, "reconciliation_mismatch", "my hedge", "me"))
    if restarts:
        line.kill_and_restart()
        line.wait(3)

    line.broker.trade_by_hand(PUT, Side.BUY, 2, Decimal("1.00"))
    for _ in range(2):
        line.disconnect()
        line.connect()
        line.wait(3)

    said = [text for news in line.all(m.Reconciled) for text in news.agreed]
    assert len(said) == 1
    assert "-2 at the broker, 0 in our books" in said[0]


def test_a_strangers_order_is_named() -> None:
    line = Line()
    line.broker.strangers.append(
        OpenOrder(
            ref="",
            order_id=0,
            perm_id=88,
            client_id=0,
            contract=PUT,
            side=Side.BUY,
            type=OrderType.LIMIT,
            quantity=1,
            filled=0,
            status=OrderStatus.WORKING,
            limit_price=Decimal("1.00"),
        )
    )
    line.connect()

    assert any("permId 88" in x for x in line.last(m.Reconciled).mismatches)


def test_a_position_sold_by_hand_is_adopted_its_exits_end_and_the_trade_is_closed() -> None:
    line = open_position()
    line.broker.trade_by_hand(CALL, Side.SELL, 3, Decimal("2.20"))
    line.disconnect()
    line.connect()
    line.wait(14)

    assert any("another hand" in x for r in line.all(m.Reconciled) for x in r.mismatches)
    assert not any(r.agreed for r in line.all(m.Reconciled))  # a sale that is booked was told, and is over
    closed = line.last(m.BracketClosed)
    assert (closed.exit_reason, closed.exit_price) == ("closed by another hand", Decimal("2.20"))
    assert not line.broker.live()


def test_a_position_that_vanished_without_a_trace_has_its_exits_called_back_and_stays_open() -> None:
    line = open_position()
    entry = line.broker.fills.pop()
    line.disconnect()
    line.connect()
    line.wait(10)

    assert line.booked() == {entry.exec_id: 1}
    assert any("0 at the broker, 3 in our books" in x for x in line.last(m.Reconciled).mismatches)
    assert not line.broker.live()
    assert not line.all(m.BracketClosed)


@pytest.mark.parametrize(("days", "price"), [(0, "1.60"), (5, "0")])
def test_a_loss_without_a_trace_is_written_off_once_a_person_has_resumed_over_it(
    days: int, price: str
) -> None:
    line = Line()
    line.price("1.90", "1.95")
    line.connect()
    line.tell(bracket(close_by=line.now + timedelta(days=9)))
    line.broker.fills.pop()
    line.disconnect()
    line.broker.now += timedelta(days=days)
    line.connect()
    line.wait(10)
    assert not line.all(m.BracketClosed)

    line.tell(m.Resumed(line.now, "reconciliation_mismatch", "assigned overnight", "me"))
    line.kill_and_restart()
    line.wait(15)

    assert line.last(m.BracketClosed).exit_price == Decimal(price)
    assert line.last(m.Reconciled).mismatches == ()
    assert sum(line.booked().values()) == 2
    assert not any(r.agreed for r in line.all(m.Reconciled))  # it was the bot itself that booked it


def test_an_exit_of_an_earlier_day_is_known_by_its_completed_order_and_the_position() -> None:
    line = Line()
    line.price("1.90", "1.95")
    line.connect()
    line.tell(bracket(close_by=line.now + timedelta(days=9)))
    line.disconnect()
    line.price("2.60", quoted=False)
    line.broker.forget_executions()
    line.connect()
    line.wait(15)

    closed = line.last(m.BracketClosed)
    assert (closed.exit_reason, closed.exit_price) == ("target", Decimal("2.60"))
    assert line.last(m.Reconciled).mismatches == ()


# ── the operator ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_halt_calls_the_resting_entry_back_and_leaves_protection_alone() -> None:
    line = open_position()
    line.tell(bracket("SPY-2", contract=PUT, at=line.now))
    line.tell(m.Halted(line.now, "operator", "lunch", "me"))
    line.wait(2)

    assert wire(line)[-1] == "cancel SPY-2/entry"
    assert {held.order.ref for held in line.broker.live()} == {"SPY-1/target", "SPY-1/stop"}


def test_a_halt_survives_a_restart() -> None:
    line = Line()
    line.connect()
    line.tell(m.Halted(line.now, "operator", "lunch", "me"))
    line.kill_and_restart()
    line.tell(bracket(at=line.now))

    assert line.all(m.EntryAbandoned)
    assert not line.all(b.SendOrders)


def test_flatten_survives_a_restart() -> None:
    line = open_position()
    line.tell(m.FlattenAll(line.now, "operator", "me"))
    line.kill_and_restart()
    line.wait(20)

    assert line.position == 0
    assert not line.broker.live()
    assert line.last(m.BracketClosed).exit_reason == "operator"
