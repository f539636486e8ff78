"""Statuses and codes that lie, orders nobody answers, and the rule to ask before anything is undone."""

from __future__ import annotations

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.order import OrderStatus
from tests.execution.line import Line, bracket, open_position, wire

# ── codes that lie ─────────────────────────────────────────────────────────────────────────────────────────────────────


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
    line.broker.exchange_settings.fails_snapshots = 1000
    line.broker.end("SPY-1/stop")
    line.wait(12)
    assert not line.all(m.PlaceProtection)

    line.broker.exchange_settings.fails_snapshots = 0
    line.wait(5)

    line.assert_protected_or_flat()


def test_exits_are_not_called_back_while_the_broker_cannot_be_asked() -> None:
    line = Line()
    line.price("2.10", "2.15")
    line.connect()
    line.tell(bracket())
    line.broker.exchange_settings.fails_snapshots = 1000
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
    line.broker.exchange_settings.fill_step = 1
    line.broker.mangle = lambda _: []
    line.price("1.55")

    line.tell(m.FlattenAll(line.now, "operator", "me"))

    line.assert_safe()
    assert line.last(b.SendRevision).quantity < 4 or line.position == 0


def test_a_snapshot_whose_positions_lag_behind_a_fill_is_no_mismatch() -> None:
    line = open_position()
    line.disconnect()
    line.broker.exchange_settings.stale_positions = 1
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
    line.broker.exchange_settings.cancels_before_fills = True
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
    line.broker.exchange_settings.swallows = {"SPY-1/entry", "SPY-1/target", "SPY-1/stop"}
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
    line.broker.exchange_settings.swallows_cancels = 1
    line.price("2.10", "2.15")
    line.connect()
    line.tell(bracket())
    line.wait(40)

    assert wire(line).count("cancel SPY-1/entry") == 2
    assert not line.broker.live()
