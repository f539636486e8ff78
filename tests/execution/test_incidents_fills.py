"""Partial fills, both exits, doubles; messages missing, repeated, late and corrected."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.types import Side
from tests.execution.line import CALL, Line, bracket, open_position, wire

# ── doubles, partial fills, both exits ─────────────────────────────────────────────────────────────────────────────────


def test_a_modification_that_made_two_orders_has_the_surplus_called_back_and_is_named() -> None:
    line = open_position()
    line.broker.exchange_settings.doubles_revisions = True
    line.wait(30 * 60 - 10, step=15)
    line.price("1.90", "1.95")
    line.broker.bids[CALL.con_id] = (Decimal("1.70"), Decimal("1.75"))
    line.wait(12)

    assert any("second live order" in x for r in line.all(m.Reconciled) for x in r.mismatches)
    line.wait(60)
    assert line.position == 0
    assert not line.broker.live()


def test_an_exit_that_sells_in_parts_keeps_its_price_and_its_stop() -> None:
    line = open_position(quantity=4)
    line.broker.exchange_settings.fill_step = 1
    line.wait(30 * 60 - 10, step=15)
    line.price("2.10")
    line.wait(40, step=5)

    # The first two count stop and target from the price paid.
    assert {x.limit_price for x in line.all(b.SendRevision)[2:]} == {Decimal("2.10")}
    assert len(line.all(b.SendOrders)) == 1
    assert all(x.is_proved for x in line.all(m.ProtectionChanged))
    assert line.last(m.BracketClosed).exit_reason == "time stop"


def test_a_partial_entry_is_guarded_from_its_first_contract_on() -> None:
    line = Line()
    line.broker.exchange_settings.fill_step = 1
    line.price("1.90", "1.95")
    line.connect()
    line.tell(bracket(quantity=3))

    assert line.position == 1
    assert line.last(m.ProtectionChanged).is_proved
    line.wait(3)
    assert line.position == 3
    line.assert_protected_or_flat()


def test_children_that_outgrow_a_cut_entry_are_reduced_to_the_position_at_once() -> None:
    line = Line()
    line.broker.exchange_settings.fill_step = 1
    line.broker.exchange_settings.shrinks_children_of_cut_parent = False
    line.price("1.90", "1.95")
    line.connect()
    line.tell(bracket(quantity=3))
    line.price("2.10", "2.15")
    line.wait(30)

    assert "revise SPY-1/stop 2" in wire(line) or "revise SPY-1/stop 1" in wire(line)
    assert 0 < line.position < 3
    line.assert_safe()
    line.assert_protected_or_flat()


def test_an_exit_that_fills_while_the_entry_still_buys_calls_the_entry_back() -> None:
    line = Line()
    line.broker.exchange_settings.fill_step = 1
    line.price("1.90", "1.95")
    line.connect()
    line.tell(bracket(quantity=3))
    line.price("1.50", "1.55")
    line.wait(20)

    assert "cancel SPY-1/entry" in wire(line)
    assert line.position == 0
    line.assert_safe()


def test_two_exits_that_both_fill_are_bought_back_and_trading_halts() -> None:
    line = open_position()
    line.broker.exchange_settings.breaks_oca = True
    line.price("2.60")
    line.price("1.50", "1.55")
    line.wait(20)

    assert line.position == 0
    assert any("net short 3" in x.reason for x in line.all(m.HaltTrading))
    bought = [o for x in line.all(b.SendOrders) for o in x.orders if o.side is Side.BUY][1:]
    assert [(o.ref, o.quantity) for o in bought] == [("SPY-1/flatten-1", 3)]


# ── messages missing, doubled, late, corrected ─────────────────────────────────────────────────────────────────────────


def test_every_message_twice_changes_nothing() -> None:
    once, twice = open_position(), Line()
    twice.broker.mangle = lambda facts: [fact for fact in facts for _ in range(2)]
    twice.price("1.90", "1.95")
    twice.connect()
    twice.tell(bracket())
    twice.wait(1)
    for line in (once, twice):
        line.price("2.60")
        line.wait(2)

    assert twice.last(m.BracketClosed) == once.last(m.BracketClosed)


def test_executions_alone_are_enough() -> None:
    line = Line()
    line.broker.mangle = lambda facts: [fact for fact in facts if isinstance(fact, b.Filled)]
    line.price("1.90", "1.95")
    line.connect()
    line.tell(bracket())
    line.wait(10)
    line.assert_protected_or_flat()

    line.price("2.60")
    line.wait(10)

    assert line.last(m.BracketClosed).exit_reason == "target"
    assert len(line.all(b.SendOrders)) == 1


def test_a_fill_whose_execution_is_lost_is_found_by_asking() -> None:
    line = Line()
    line.broker.mangle = lambda facts: [fact for fact in facts if not isinstance(fact, b.Filled)]
    line.price("1.90", "1.95")
    line.connect()
    line.tell(bracket())
    line.wait(5)

    assert sum(line.booked().values()) == 1
    assert line.last(m.ProtectionChanged).is_proved


def test_a_corrected_execution_replaces_the_first_and_is_not_added() -> None:
    line = open_position()
    first = line.broker.fills[0]
    line.broker.correct(first.exec_id, 3, Decimal("1.94"))
    line.wait(1)
    line.price("2.60")
    line.wait(2)

    assert line.all(m.FillBooked)[1].replaces == first.exec_id
    assert line.last(m.BracketClosed).entry_price == Decimal("1.94")
    assert line.last(m.BracketClosed).quantity == 3


@pytest.mark.parametrize("dies", [False, True])
def test_a_price_corrected_after_the_end_has_the_trade_written_down_anew_once(*, dies: bool) -> None:
    line = open_position()
    line.price("2.60")
    line.wait(2)
    first = line.last(m.BracketClosed)
    line.broker.correct(line.broker.fills[0].exec_id, 3, Decimal("1.94"))
    if dies:
        line.kill_and_restart()
    line.wait(60)

    again = line.last(m.BracketClosed)
    assert len(line.all(m.BracketClosed)) == 2
    assert again.pnl - first.pnl == Decimal("0.01") * 3 * 100
    assert (again.exit_reason, again.quantity) == (first.exit_reason, first.quantity)
    assert not line.all(m.PlaceProtection)


def test_a_commission_that_comes_after_the_end_has_the_trade_written_down_anew() -> None:
    line = Line()
    line.broker.exchange_settings.commission = "late"
    line.price("1.90", "1.95")
    line.connect()
    line.tell(bracket())
    line.price("2.60")
    line.wait(30)
    assert not line.last(m.BracketClosed).commissions_complete

    line.tell(*line.broker.pay_late_charges())
    line.wait(5)

    first, again = line.all(m.BracketClosed)
    assert again.commissions_complete
    assert again.pnl == first.pnl - again.commission


def test_a_correction_that_adds_a_contract_has_it_guarded() -> None:
    line = open_position(quantity=3)
    line.broker.correct(line.broker.fills[0].exec_id, 4, Decimal("1.95"))
    line.wait(10)

    assert line.position == 4
    line.assert_safe()
    line.assert_protected_or_flat()


@pytest.mark.parametrize(("commission", "is_complete"), [("late", True), ("never", False)])
def test_a_late_commission_is_waited_for_and_a_missing_one_is_not_made_up(
    commission: str, is_complete: bool
) -> None:
    line = Line()
    line.broker.exchange_settings.commission = commission
    line.price("1.90", "1.95")
    line.connect()
    line.tell(bracket())
    line.price("2.60")
    line.wait(3)
    assert not line.all(m.BracketClosed)

    line.tell(*line.broker.pay_late_charges())
    line.wait(12)

    closed = line.last(m.BracketClosed)
    assert closed.commissions_complete is is_complete
    assert closed.commission == (Decimal("3.90") if is_complete else Decimal(0))
