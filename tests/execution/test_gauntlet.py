"""How bots like this really failed, each incident against the toy exchange."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.market import Quote
from bot.domain.order import OpenOrder, OrderStatus, OrderType
from bot.domain.types import Right, Side
from tests.execution.line import CALL, Line, bracket, open_position

PUT = replace(CALL, con_id=502, right=Right.PUT)


def _wire(line: Line) -> list[str]:
    """What went to the broker, in order."""
    words = []
    for x in line.said:
        if isinstance(x, b.SendOrders):
            words += [f"send {order.ref}" for order in x.orders]
        elif isinstance(x, b.SendCancel):
            words.append(f"cancel {x.ref}")
        elif isinstance(x, b.SendRevision):
            words.append(f"revise {x.ref} {x.quantity}")
    return words


# ── what is sold, and by what evidence ───────────────────────────────────────────────────────────────────────────


def test_a_bearish_bracket_buys_the_put_and_sells_nothing_that_is_not_held() -> None:
    line = Line()
    line.connect()
    line.tell(bracket(contract=PUT))

    parent, *exits = line.last(b.SendOrders).orders
    assert (parent.side, parent.contract.right) == (Side.BUY, Right.PUT)
    assert all(order.parent_ref == parent.ref for order in exits)


def test_a_collapsed_last_price_moves_nothing_because_the_broker_judges_the_stop() -> None:
    line = open_position()
    before = _wire(line)

    line.tell(m.QuoteUpdated(Quote(con_id=CALL.con_id, symbol="SPY", at=line.now, last=Decimal("0.01"))))
    line.wait(10)

    assert _wire(line) == before


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
    line.broker.knobs.shows_stops_as = shown_as
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
    line.broker.knobs.shows_tif = "DAY"
    line.price("1.90", "1.95")
    line.connect()
    line.tell(bracket())
    line.wait(5)

    assert line.last(m.ProtectionChanged).is_proved
    assert len(line.all(m.HaltTrading)) == 1


# ── refusals ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_refused_entry_is_abandoned_once_and_not_tried_again() -> None:
    line = Line()
    line.broker.knobs.refuses["SPY-1/entry"] = (201, "Order rejected - reason: insufficient funds")
    line.connect()
    line.tell(bracket())
    line.wait(60)

    assert [x.idea_id for x in line.all(m.EntryAbandoned)] == ["SPY-1"]
    assert "insufficient funds" in line.last(m.EntryAbandoned).reason
    assert len(line.all(b.SendOrders)) == 1


def test_the_entrys_remainder_is_called_back_before_any_exit_is_sent() -> None:
    line = Line()
    line.broker.knobs.fill_step = 1
    line.connect()
    line.price("1.90", "1.95")
    line.tell(bracket(quantity=4))
    line.price("2.10", "2.15")
    line.tell(m.FlattenAll(line.now, "operator", "me"))
    line.wait(20)

    wire = _wire(line)[3:]
    assert wire[0] == "cancel SPY-1/entry"
    assert line.position == 0
    line.assert_safe()


def test_an_entry_whose_stop_was_refused_is_called_back() -> None:
    line = Line()
    line.broker.knobs.refuses["SPY-1/stop"] = (
        110,
        "The price does not conform to the minimum price variation",
    )
    line.price("2.10", "2.15")
    line.connect()
    line.tell(bracket())
    line.wait(5)

    assert "cancel SPY-1/entry" in _wire(line)
    assert line.last(m.EntryAbandoned).idea_id == "SPY-1"


def test_a_refused_stop_of_a_filled_entry_is_replaced() -> None:
    line = Line()
    line.broker.knobs.refuses["SPY-1/stop"] = (201, "Order rejected")
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


# ── codes that lie ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_live_stop_that_is_called_cancelled_is_asked_about_and_not_replaced() -> None:
    line = open_position()
    stop = next(held for held in line.broker.live() if held.order.ref == "SPY-1/stop")

    line.tell(
        b.OrderStatusChanged(
            ref="SPY-1/stop",
            status=OrderStatus.CANCELLED,
            filled=0,
            remaining=3,
            perm_id=stop.perm_id,
            order_id=3,
            at=line.now,
        )
    )
    line.wait(10)

    assert len(line.all(b.SendOrders)) == 1
    assert line.last(m.ProtectionChanged).is_proved
    line.assert_safe()


def test_nothing_is_replaced_while_the_broker_cannot_be_asked() -> None:
    line = open_position()
    line.broker.knobs.fails_snapshots = 1000
    line.broker.end("SPY-1/stop")
    line.wait(12)
    assert not line.all(m.PlaceProtection)

    line.broker.knobs.fails_snapshots = 0
    line.wait(5)

    line.assert_protected_or_flat()


def test_exits_are_not_called_back_while_the_broker_cannot_be_asked() -> None:
    line = Line()
    line.price("2.10", "2.15")
    line.connect()
    line.tell(bracket())
    line.broker.knobs.fails_snapshots = 1000
    entry = line.broker.live()[0]
    line.tell(
        b.OrderStatusChanged(
            ref="SPY-1/entry",
            status=OrderStatus.CANCELLED,
            filled=0,
            remaining=3,
            perm_id=entry.perm_id,
            order_id=1,
            at=line.now,
        )
    )
    line.wait(20)

    assert not line.all(m.CancelOrder)


def test_a_rung_is_not_taken_on_what_was_known_before_messages_were_lost() -> None:
    line = open_position(quantity=4)
    line.broker.knobs.fill_step = 1
    line.broker.mangle = lambda _: []
    line.price("1.55")

    line.tell(m.FlattenAll(line.now, "operator", "me"))

    line.assert_safe()
    assert line.last(b.SendRevision).quantity < 4 or line.position == 0


def test_a_snapshot_whose_positions_lag_behind_a_fill_is_no_mismatch() -> None:
    line = open_position()
    line.disconnect()
    line.broker.knobs.stale_positions = 1
    line.connect()
    line.wait(3)

    assert all(not x.mismatches for x in line.all(m.Reconciled))
    assert len([x for x in line.all(b.TakeSnapshot) if "positions differ" in x.reason]) == 1


def test_a_target_filled_during_an_outage_is_no_gap() -> None:
    line = open_position()
    line.disconnect()
    line.price("2.60", quoted=False)
    line.broker.flush()
    line.connect()
    line.wait(12)

    assert all(x.is_proved for x in line.all(m.ProtectionChanged))
    assert line.last(m.BracketClosed).exit_reason == "target"


def test_a_stop_cancelled_before_its_targets_fill_is_heard_sells_nothing_twice() -> None:
    line = open_position()
    line.broker.knobs.cancels_before_fills = True
    line.price("2.60")
    line.wait(10)

    assert len(line.all(b.SendOrders)) == 1
    assert line.last(m.BracketClosed).exit_reason == "target"
    assert all(x.unprotected_s == 0 for x in line.all(m.ProtectionChanged))


def test_an_entry_called_filled_before_its_execution_comes_keeps_its_exits() -> None:
    line = Line()
    line.price("2.10", "2.15")
    line.connect()
    line.tell(bracket())
    line.wait(10)
    held: list[m.Message] = []
    line.broker.mangle = lambda facts: [x for x in facts if not isinstance(x, b.Filled) or held.append(x)]  # type: ignore[func-returns-value]  # keeps it for later
    line.price("1.90", "1.95")
    assert not line.all(b.SendCancel)

    line.tell(*held)

    assert line.last(m.ProtectionChanged).is_proved
    line.assert_protected_or_flat()


def test_exits_of_an_entry_wrongly_called_dead_are_not_called_back() -> None:
    line = Line()
    line.price("2.10", "2.15")
    line.connect()
    line.tell(bracket())
    entry = line.broker.live()[0]
    line.tell(
        b.OrderStatusChanged(
            ref="SPY-1/entry",
            status=OrderStatus.CANCELLED,
            filled=0,
            remaining=3,
            perm_id=entry.perm_id,
            order_id=1,
            at=line.now,
        )
    )
    line.wait(10)
    line.price("1.90", "1.95")
    line.wait(10)

    line.assert_safe()
    line.assert_protected_or_flat()


def test_an_order_nobody_answered_stays_in_flight_until_a_snapshot_shows_it_never_came() -> None:
    line = Line()
    line.broker.knobs.swallows = {"SPY-1/entry", "SPY-1/target", "SPY-1/stop"}
    line.price("2.10", "2.15")
    line.connect()
    line.tell(bracket())
    line.wait(2)
    assert not line.all(m.EntryAbandoned)

    line.wait(10)

    assert line.last(m.EntryAbandoned).reason == "never arrived at the broker"
    assert len(line.all(b.SendOrders)) == 1


def test_an_unanswered_cancel_is_asked_about_and_sent_again_only_when_the_order_still_lives() -> None:
    line = Line()
    line.broker.knobs.swallows_cancels = 1
    line.price("2.10", "2.15")
    line.connect()
    line.tell(bracket())
    line.wait(40)

    assert _wire(line).count("cancel SPY-1/entry") == 2
    assert not line.broker.live()


# ── connection ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_fills_during_an_outage_are_booked_when_the_link_is_restored() -> None:
    line = Line()
    line.price("2.10", "2.15")
    line.connect()
    line.tell(bracket())
    line.tell(b.LinkChanged(line.now, "ib", False, False, 1100))
    line.broker.is_linked = False
    line.price("1.90", "1.95", quoted=False)
    line.wait(10)
    assert not line.booked()

    line.broker.is_linked = True
    line.tell(b.LinkChanged(line.now, "ib", True, False, 1102))
    line.wait(1)

    assert sum(line.booked().values()) == 1
    line.assert_protected_or_flat()


def test_a_farm_that_breaks_holds_no_order_up() -> None:
    line = Line()
    line.price("1.90", "1.95")
    line.connect()
    line.tell(b.LinkChanged(line.now, "usopt", False, False, 2103))
    line.tell(bracket())

    assert line.all(b.SendOrders)


def test_an_entry_approved_while_the_broker_is_away_is_never_kept_for_later() -> None:
    line = Line()
    line.connect()
    line.disconnect()
    line.tell(bracket())
    line.connect()
    line.wait(60)

    assert line.all(m.EntryAbandoned)
    assert not line.all(b.SendOrders)


def test_a_failed_snapshot_is_not_flat() -> None:
    line = open_position()
    line.disconnect()
    line.broker.knobs.fails_snapshots = 3
    line.connect()
    line.wait(2)
    assert not line.all(m.BracketClosed)
    reconciled = len(line.all(m.Reconciled))

    line.wait(20)

    assert len(line.all(m.Reconciled)) > reconciled
    assert line.position == 3
    line.assert_protected_or_flat()


def test_after_a_night_an_open_bracket_is_known_again_by_its_refs() -> None:
    line = Line()
    line.price("1.90", "1.95")
    line.connect()
    line.tell(bracket(close_by=line.now + timedelta(days=2)))
    line.disconnect()
    line.broker.now += timedelta(hours=22)
    line.kill_and_restart()
    line.wait(1)

    assert line.last(m.ProtectionChanged).is_proved
    assert len(line.all(b.SendOrders)) == 1
    line.price("2.60")
    line.wait(1)
    assert line.last(m.BracketClosed).exit_reason == "target"


# ── doubles, partial fills, both exits ───────────────────────────────────────────────────────────────────────────


def test_a_modification_that_made_two_orders_has_the_surplus_called_back_and_is_named() -> None:
    line = open_position()
    line.broker.knobs.doubles_revisions = True
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
    line.broker.knobs.fill_step = 1
    line.wait(30 * 60 - 10, step=15)
    line.price("2.10")
    line.wait(40, step=5)

    assert {x.limit_price for x in line.all(b.SendRevision)} == {Decimal("2.10")}
    assert len(line.all(b.SendOrders)) == 1
    assert all(x.is_proved for x in line.all(m.ProtectionChanged))
    assert line.last(m.BracketClosed).exit_reason == "time stop"


def test_a_partial_entry_is_guarded_from_its_first_contract_on() -> None:
    line = Line()
    line.broker.knobs.fill_step = 1
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
    line.broker.knobs.fill_step = 1
    line.broker.knobs.shrinks_children_of_cut_parent = False
    line.price("1.90", "1.95")
    line.connect()
    line.tell(bracket(quantity=3))
    line.price("2.10", "2.15")
    line.wait(30)

    assert "revise SPY-1/stop 2" in _wire(line) or "revise SPY-1/stop 1" in _wire(line)
    assert 0 < line.position < 3
    line.assert_safe()
    line.assert_protected_or_flat()


def test_an_exit_that_fills_while_the_entry_still_buys_calls_the_entry_back() -> None:
    line = Line()
    line.broker.knobs.fill_step = 1
    line.price("1.90", "1.95")
    line.connect()
    line.tell(bracket(quantity=3))
    line.price("1.50", "1.55")
    line.wait(20)

    assert "cancel SPY-1/entry" in _wire(line)
    assert line.position == 0
    line.assert_safe()


def test_two_exits_that_both_fill_are_bought_back_and_trading_halts() -> None:
    line = open_position()
    line.broker.knobs.breaks_oca = True
    line.price("2.60")
    line.price("1.50", "1.55")
    line.wait(20)

    assert line.position == 0
    assert any("net short 3" in x.reason for x in line.all(m.HaltTrading))
    bought = [o for x in line.all(b.SendOrders) for o in x.orders if o.side is Side.BUY][1:]
    assert [(o.ref, o.quantity) for o in bought] == [("SPY-1/flatten-1", 3)]


# ── messages missing, doubled, late, corrected ───────────────────────────────────────────────────────────────────


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
    line.broker.knobs.commission = commission
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


# ── other hands ──────────────────────────────────────────────────────────────────────────────────────────────────


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


# ── hours ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_outside_market_hours_a_position_due_is_guarded_and_not_closed() -> None:
    line = open_position()
    line.disconnect()
    line.broker.now += timedelta(hours=9)
    line.connect()
    line.broker.end("SPY-1/stop")
    line.wait(20)

    assert not line.all(m.ExitPosition)
    assert "send SPY-1/stop-1" in _wire(line)
    line.assert_safe()
    line.assert_protected_or_flat()

    line.broker.now += timedelta(hours=15)
    line.wait(20)

    assert line.position == 0
    line.assert_safe()


def test_a_command_that_found_nothing_is_followed_by_a_question() -> None:
    line = open_position()
    line.tell(b.RequestFailed("cancel:SPY-1/entry", 10148, "cannot be cancelled, state: Filled", line.now))
    line.wait(2)

    assert "cancel:SPY-1/entry" in line.last(b.TakeSnapshot).reason


# ── the operator ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_halt_calls_the_resting_entry_back_and_leaves_protection_alone() -> None:
    line = open_position()
    line.tell(bracket("SPY-2", contract=PUT, at=line.now))
    line.tell(m.Halted(line.now, "operator", "lunch", "me"))
    line.wait(2)

    assert _wire(line)[-1] == "cancel SPY-2/entry"
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
