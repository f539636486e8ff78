"""Outages, restarts and closed markets."""

from __future__ import annotations

from datetime import timedelta

from bot.domain import broker_messages as b
from bot.domain import messages as m
from tests.execution.line import Line, bracket, open_position, wire

# ── connection ─────────────────────────────────────────────────────────────────────────────────────────────────────────


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
    line.broker.exchange_settings.fails_snapshots = 3
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


# ── hours ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_outside_market_hours_a_position_due_is_guarded_and_not_closed() -> None:
    line = open_position()
    line.disconnect()
    line.broker.now += timedelta(hours=9)
    line.connect()
    line.broker.end("SPY-1/stop")
    line.wait(20)

    assert not line.all(m.ExitPosition)
    assert "send SPY-1/stop-1" in wire(line)
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
