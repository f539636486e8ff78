"""Orders on the wire: families, locks, changes, what-ifs, and a second life. The gateway is scripted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from bot.domain import broker_messages as b
from bot.domain.messages import MachineFailed
from bot.domain.order import OrderStatus
from bot.wire import WireMessage
from tests.broker.script import ACCOUNT, NOW, TIMEOUT_S, Said, ScriptedGateway, error, one, running
from tests.broker.script_orders import (
    ALONE,
    ENTRY,
    STOP,
    TARGET,
    accepting,
    executed,
    failures,
    say,
    shown,
    status,
    working,
)
from tests.broker.translate.test_translate import CALL

# ── new orders ──


def test_a_family_goes_out_whole_in_order_and_complete(gateway: ScriptedGateway, library: str) -> None:
    with running(gateway, library, order_id_floor=40) as (broker, facts):
        facts.wait_for(b.AccountUpdated)
        broker.send(b.SendOrders((ENTRY, TARGET, STOP), NOW))
        gateway.wait_request("placeOrder", 3)
    entry, target, stop = gateway.requests("placeOrder")
    assert [x.orderRef for x in (entry, target, stop)] == ["i/entry@7", "i/target@7", "i/stop@7"]
    assert 40 <= entry.orderId < target.orderId < stop.orderId
    assert [x.transmit for x in (entry, target, stop)] == [False, False, True]
    assert [x.parentId for x in (entry, target, stop)] == [0, entry.orderId, entry.orderId]
    assert [x.tif for x in (entry, target, stop)] == ["DAY", "GTC", "GTC"]
    assert (target.ocaGroup, target.ocaType, stop.ocaType, entry.ocaGroup) == ("i", 2, 2, "")
    assert (stop.orderType, stop.auxPrice, stop.lmtPrice) == ("STP", Decimal("0.85"), None)
    assert {x.account for x in (entry, target, stop)} == {ACCOUNT}
    assert not any(x.outsideRth for x in (entry, target, stop))
    assert {x.conId for x in (entry, target, stop)} == {CALL.con_id}


def test_an_entry_tells_the_broker_when_to_end_it_in_new_yorks_time(
    gateway: ScriptedGateway, library: str
) -> None:
    entry = replace(ALONE, good_till=datetime(2026, 7, 1, 14, 5, 30, tzinfo=UTC))
    with running(gateway, library) as (broker, facts):
        facts.wait_for(b.AccountUpdated)
        broker.send(b.SendOrders((entry,), NOW))
        placed = gateway.wait_request("placeOrder")
    assert (placed.tif, placed.goodTillDate) == ("GTD", "20260701 10:05:30 US/Eastern")


def test_what_the_gateway_says_of_an_order_is_told_by_ref(gateway: ScriptedGateway, library: str) -> None:
    with running(gateway, library) as (broker, facts):
        placed = working(gateway, broker, facts)
        say(gateway, executed(placed, 1))
        say(gateway, status(placed, filled=1))
        say(gateway, one("commissionReport", execId="0000e0d5.1.01", commission=0.65, currency="USD"))
        charged = facts.wait_for(b.CommissionCharged)
    seen, heard = facts.of(b.OrderSeen)[0].order, facts.of(b.OrderStatusChanged)
    fill = facts.of(b.Filled)[0].fill
    assert (seen.ref, seen.status, seen.limit_price) == ("i/entry", OrderStatus.WORKING, Decimal("1.3"))
    assert [(x.ref, x.filled, x.remaining) for x in heard] == [("i/entry", 0, 2), ("i/entry", 1, 1)]
    assert (fill.order_ref, fill.quantity, fill.price) == ("i/entry", 1, Decimal("1.3"))
    assert (charged.order_ref, charged.amount) == ("i/entry", Decimal("0.65"))


def test_an_intent_is_never_sent_twice(gateway: ScriptedGateway) -> None:
    with running(gateway) as (broker, facts):
        working(gateway, broker, facts)
        broker.send(b.SendOrders((ALONE,), NOW))
        refused = facts.wait_for(b.OrderRefused)
    assert "sent before" in refused.text
    assert len(gateway.requests("placeOrder")) == 1


@pytest.mark.parametrize("lock", ["read_only", "dry_run"])
def test_behind_the_lock_nothing_about_an_order_leaves(gateway: ScriptedGateway, lock: str) -> None:
    with running(gateway, read_only=lock == "read_only", dry_run=lock == "dry_run") as (broker, facts):
        facts.wait_for(b.AccountUpdated)
        broker.send(b.SendOrders((ENTRY, TARGET, STOP), NOW))
        broker.send(b.SendCancel("i/entry", NOW))
        broker.send(b.SendRevision("i/target", Decimal("1.8"), 2, NOW))
        broker.send(b.QuoteMargin("i", ALONE))
        facts.wait_for(b.RequestFailed, 4)
        broker.settle(TIMEOUT_S)
    assert {subject for subject, _ in failures(facts)} == {
        "orders:i/entry",
        "cancel:i/entry",
        "revise:i/target",
        "margin:i",
    }
    assert len(facts.of(b.OrderRefused)) == 3
    assert not gateway.requests("placeOrder")
    assert not gateway.requests("cancelOrder")


def test_an_order_given_while_disconnected_is_refused_and_never_sent_later(gateway: ScriptedGateway) -> None:
    gateway.greeting = "silent"
    with running(gateway) as (broker, facts):
        broker.send(b.SendOrders((ALONE,), NOW))
        refused = facts.wait_for(b.OrderRefused)
        gateway.greeting = "speak"
        facts.wait_for(b.AccountUpdated)
        broker.settle(TIMEOUT_S)
    assert refused.code == 504
    assert not gateway.requests("placeOrder")


def test_no_order_enters_a_session_that_is_still_being_opened(gateway: ScriptedGateway, library: str) -> None:
    del gateway.answers["reqOpenOrders"]
    with running(gateway, library, request_timeout_s=30.0) as (broker, facts):
        gateway.wait_request("reqOpenOrders")
        broker.send(b.SendOrders((ALONE,), NOW))
        refused = facts.wait_for(b.OrderRefused)
        gateway.say("openOrderEnd")
        facts.wait_for(b.AccountUpdated)
    assert refused.code == 504
    assert not gateway.requests("placeOrder")


def test_nothing_new_is_sent_while_the_gateway_is_cut_off_from_ib(gateway: ScriptedGateway) -> None:
    with running(gateway) as (broker, facts):
        working(gateway, broker, facts)
        gateway.say("error", reqId=-1, errorCode=1100, errorString="Connectivity lost")
        facts.wait_for(b.LinkChanged)
        broker.send(b.SendOrders((replace(ALONE, ref="j/entry"),), NOW))
        broker.send(b.SendRevision("i/entry", Decimal("1.4"), 2, NOW))
        facts.wait_for(b.RequestFailed, 2)
    assert failures(facts) == [("orders:j/entry", 1100), ("revise:i/entry", 1100)]
    assert len(gateway.requests("placeOrder")) == 1


# ── changes ──


def test_a_cancel_and_a_revision_name_the_order_by_its_id(gateway: ScriptedGateway, library: str) -> None:
    with running(gateway, library) as (broker, facts):
        placed = working(gateway, broker, facts)
        broker.send(b.SendRevision("i/entry", Decimal("1.4"), 1, NOW))
        broker.send(b.SendCancel("i/entry", NOW))
        cancelled = gateway.wait_request("cancelOrder")
    revised = gateway.requests("placeOrder")[1]
    assert revised.orderId == cancelled.orderId == placed.orderId
    assert (revised.lmtPrice, revised.totalQuantity, revised.orderRef) == (Decimal("1.4"), 1, "i/entry@7")


def test_a_revised_child_forgets_a_parent_that_is_gone(gateway: ScriptedGateway) -> None:
    gateway.answers["placeOrder"] = accepting
    with running(gateway) as (broker, facts):
        facts.wait_for(b.AccountUpdated)
        broker.send(b.SendOrders((ENTRY, TARGET, STOP), NOW))
        facts.wait_for(b.OrderStatusChanged, 3)
        entry = gateway.requests("placeOrder")[0]
        broker.send(b.SendRevision("i/target", Decimal("1.8"), 2, NOW))
        before = gateway.wait_request("placeOrder", 4)
        say(gateway, status(entry, "Filled", 2))
        facts.wait(lambda x: isinstance(x, b.OrderStatusChanged) and x.status is OrderStatus.FILLED)
        broker.send(b.SendRevision("i/target", Decimal("1.7"), 2, NOW))
        after = gateway.wait_request("placeOrder", 5)
    assert (before.parentId, after.parentId) == (entry.orderId, 0)
    assert (after.ocaGroup, after.tif) == ("i", "GTC")


def test_an_order_nobody_knows_cannot_be_changed(gateway: ScriptedGateway) -> None:
    with running(gateway) as (broker, facts):
        facts.wait_for(b.AccountUpdated)
        broker.send(b.SendCancel("x/stop", NOW))
        assert facts.wait_for(b.RequestFailed).subject == "cancel:x/stop"
    assert not gateway.requests("cancelOrder")


def test_one_of_two_live_orders_under_a_ref_is_cancelled_by_perm_id(gateway: ScriptedGateway) -> None:
    with running(gateway) as (broker, facts):
        placed = working(gateway, broker, facts)
        say(gateway, shown(placed, orderId=placed.orderId + 50, permId=9999))
        facts.wait_for(b.OrderSeen, 2)
        broker.send(b.SendCancel("i/entry", NOW, 1000 + placed.orderId))
        broker.send(b.SendCancel("i/entry", NOW, 9999))
        gateway.wait_request("cancelOrder", 2)
    assert [x.orderId for x in gateway.requests("cancelOrder")] == [placed.orderId, placed.orderId + 50]


# ── what-if ──


def test_a_what_if_is_answered_with_its_figures_and_leaves_no_order(
    gateway: ScriptedGateway, library: str
) -> None:
    figures = {
        "initMarginChange": 260,
        "initMarginAfter": 260,
        "equityWithLoanAfter": 24_738.7,
        "commission": 1.3,
    }

    def answer(placed: WireMessage) -> Said:
        return shown(placed, "PreSubmitted", whatIf=True, **figures)

    gateway.answers["placeOrder"] = answer
    with running(gateway, library) as (broker, facts):
        facts.wait_for(b.AccountUpdated)
        broker.send(b.QuoteMargin("i", replace(ENTRY, oca_group="i")))
        quoted = facts.wait_for(b.MarginQuoted)
    asked = gateway.requests("placeOrder")[0]
    assert (asked.whatIf, asked.transmit, asked.parentId, asked.ocaGroup) == (True, True, 0, "")
    assert (quoted.idea_id, quoted.initial_margin_change, quoted.commission) == ("i", 260, Decimal("1.3"))
    assert not facts.of(b.OrderSeen)


REFUSALS: list[Callable[[WireMessage], Said]] = [
    lambda x: error(x.orderId, 201, "Order rejected - reason:insufficient funds"),
    lambda x: shown(x, "PreSubmitted", whatIf=True),
]


@pytest.mark.parametrize("answer", REFUSALS, ids=["an error", "an answer without figures"])
def test_a_what_if_without_an_answer_fails(
    gateway: ScriptedGateway, library: str, answer: Callable[[WireMessage], Said]
) -> None:
    gateway.answers["placeOrder"] = answer
    with running(gateway, library, request_timeout_s=0.1) as (broker, facts):
        facts.wait_for(b.AccountUpdated)
        broker.send(b.QuoteMargin("i", ALONE))
        assert facts.wait_for(b.RequestFailed).subject == "margin:i"
    assert not facts.of(b.MarginQuoted)


# ── a new session ──


def test_orders_of_an_earlier_life_are_told_after_connected_with_their_fills(
    gateway: ScriptedGateway, library: str
) -> None:
    earlier: dict[str, WireMessage] = {}
    with running(gateway, library) as (broker, facts):
        earlier["entry"] = working(gateway, broker, facts)
    placed = earlier["entry"]
    gateway.answers["reqOpenOrders"] = lambda _: [
        *shown(placed),
        *status(placed, filled=1),
        *one("openOrderEnd"),
    ]
    with running(gateway, library) as (broker, facts):
        facts.wait_for(b.AccountUpdated)
        broker.send(b.SendCancel("i/entry", NOW))
        assert gateway.wait_request("cancelOrder").orderId == placed.orderId
    kinds = [b.BrokerConnected, b.BrokerPulse, b.OrderSeen, b.OrderStatusChanged]
    assert [type(fact) for fact in facts.all[:4]] == kinds
    connected, _, seen, changed = facts.all[:4]
    assert connected.next_order_id > placed.orderId
    assert (seen.order.filled, seen.order.remaining) == (1, 1)
    assert (changed.filled, changed.remaining) == (1, 1)


def test_no_test_above_hid_a_fault(gateway: ScriptedGateway) -> None:
    """A whole life in one session, and nothing reported as a fault of ours."""
    with running(gateway) as (broker, facts):
        placed = working(gateway, broker, facts)
        say(gateway, executed(placed, 2))
        say(gateway, status(placed, "Filled", 2))
        broker.settle(TIMEOUT_S)
    assert not facts.of(MachineFailed)
