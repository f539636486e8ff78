"""Messages that lie about an order, and what the adapter makes of them. The gateway says what a test needs."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.domain import broker_messages as b
from bot.domain.order import OrderStatus
from bot.wire import WireMessage
from tests.broker.script import NOW, TIMEOUT_S, Said, ScriptedGateway, error, one, running
from tests.broker.script_orders import (
    ALONE,
    accepting,
    executed,
    say,
    shown,
    working,
)


@pytest.mark.parametrize("code", [110, 201, 203, 460])
def test_a_true_reject_of_a_new_order_is_told_as_one(
    gateway: ScriptedGateway, library: str, code: int
) -> None:
    gateway.answers["placeOrder"] = lambda x: error(x.orderId, code, "Order rejected - reason:no")
    with running(gateway, library) as (broker, facts):
        facts.wait_for(b.AccountUpdated)
        broker.send(b.SendOrders((ALONE,), NOW))
        refused = facts.wait_for(b.OrderRefused)
    assert (refused.ref, refused.code) == ("i/entry", code)


@pytest.mark.parametrize("code", [10349, 399, 2109, 404, 2161])
def test_news_of_a_live_order_says_nothing_of_its_end(
    gateway: ScriptedGateway, library: str, code: int
) -> None:
    with running(gateway, library) as (broker, facts):
        placed = working(gateway, broker, facts)
        told = len(facts.all)
        say(gateway, error(placed.orderId, code, "informational"))
        broker.settle(TIMEOUT_S)
        assert facts.all[told:] == []
        broker.send(b.SendCancel("i/entry", NOW))
        gateway.wait_request("cancelOrder")


@pytest.mark.parametrize("code", [321, 10148, 10147, 161, 492, 77777])
def test_a_doubtful_code_about_a_live_order_is_settled_by_the_brokers_books(
    gateway: ScriptedGateway, library: str, code: int
) -> None:
    with running(gateway, library) as (broker, facts):
        placed = working(gateway, broker, facts)
        gateway.answers["reqAllOpenOrders"] = lambda _: [*accepting(placed), *one("openOrderEnd")]
        say(gateway, error(placed.orderId, code, "it may be gone"))
        facts.wait(lambda x: isinstance(x, b.RequestFailed) and x.subject == "order:i/entry")
    assert not facts.of(b.OrderRefused)
    assert {x.status for x in facts.of(b.OrderStatusChanged)} == {OrderStatus.WORKING}


def test_a_cancel_that_came_too_late_is_settled_by_the_fill(gateway: ScriptedGateway, library: str) -> None:
    def completed(placed: WireMessage) -> Said:
        values = dict(shown(placed)[0][1])
        for name in ("orderId", "clientId", "parentId", "ocaType"):
            values.pop(name)
        return one("completedOrder", **values | {"status": "Filled", "totalQuantity": 0, "filledQuantity": 2})

    with running(gateway, library) as (broker, facts):
        placed = working(gateway, broker, facts)
        gateway.answers["reqCompletedOrders"] = lambda _: [*completed(placed), *one("completedOrdersEnd")]
        gateway.answers["reqExecutions"] = lambda x: [
            *executed(placed, 2, request_id=x.reqId),
            *one("execDetailsEnd", reqId=x.reqId),
        ]
        gateway.answers["cancelOrder"] = lambda x: error(x.orderId, 10148, "state: Filled")
        broker.send(b.SendCancel("i/entry", NOW))
        ended = facts.wait(lambda x: isinstance(x, b.OrderStatusChanged) and x.status is OrderStatus.FILLED)
    assert (ended.filled, ended.remaining) == (2, 0)
    assert ended.reason.startswith("10148")
    assert facts.of(b.Filled)[0].fill.quantity == 2


def test_a_new_order_that_is_nowhere_in_complete_books_was_refused(gateway: ScriptedGateway) -> None:
    gateway.answers["placeOrder"] = lambda x: error(x.orderId, 321, "Error validating request: read-only")
    with running(gateway) as (broker, facts):
        facts.wait_for(b.AccountUpdated)
        broker.send(b.SendOrders((ALONE,), NOW))
        refused = facts.wait_for(b.OrderRefused)
    assert refused.code == 321
    assert gateway.requests("reqAllOpenOrders")
    assert gateway.requests("reqCompletedOrders")


def test_an_accepted_order_that_is_nowhere_is_a_riddle_and_no_refusal(gateway: ScriptedGateway) -> None:
    with running(gateway) as (broker, facts):
        placed = working(gateway, broker, facts)
        say(gateway, error(placed.orderId, 321, "it may be gone"))
        facts.wait(lambda x: isinstance(x, b.RequestFailed) and x.subject == "order:i/entry")
    assert not facts.of(b.OrderRefused)


def test_without_the_brokers_books_there_is_no_verdict(gateway: ScriptedGateway) -> None:
    del gateway.answers["reqCompletedOrders"]
    gateway.answers["placeOrder"] = lambda x: error(x.orderId, 321, "Error validating request")
    with running(gateway, request_timeout_s=0.1) as (broker, facts):
        facts.wait_for(b.AccountUpdated)
        broker.send(b.SendOrders((ALONE,), NOW))
        failed = facts.wait(lambda x: isinstance(x, b.RequestFailed) and x.subject == "order:i/entry")
    assert "asking the broker failed too" in failed.text
    assert not facts.of(b.OrderRefused)


def test_a_refused_revision_leaves_the_order_alive(gateway: ScriptedGateway, library: str) -> None:
    with running(gateway, library) as (broker, facts):
        placed = working(gateway, broker, facts)
        gateway.answers["reqAllOpenOrders"] = lambda _: [*accepting(placed), *one("openOrderEnd")]
        gateway.answers["placeOrder"] = lambda x: error(x.orderId, 110, "price off the grid")
        broker.send(b.SendRevision("i/entry", Decimal("1.333"), 2, NOW))
        facts.wait(lambda x: isinstance(x, b.RequestFailed) and x.subject == "revise:i/entry")
    assert not facts.of(b.OrderRefused)


def test_a_cancel_confirmed_without_a_status_is_looked_into(gateway: ScriptedGateway) -> None:
    with running(gateway, speed=100.0, shortest_deadline_wall_s=0.3) as (broker, facts):
        placed = working(gateway, broker, facts)
        say(gateway, error(placed.orderId, 202, "Order Canceled - reason:"))
        gateway.wait_request("reqAllOpenOrders")


def test_a_status_of_an_unknown_order_of_ours_makes_us_ask(gateway: ScriptedGateway) -> None:
    with running(gateway) as (_, facts):
        facts.wait_for(b.AccountUpdated)
        strange = {"orderId": 900, "status": "Submitted", "filled": 0, "remaining": 1, "permId": 4711}
        strange |= {"avgFillPrice": 0, "parentId": 0, "lastFillPrice": 0, "clientId": 7, "whyHeld": ""}
        gateway.say("orderStatus", **strange | {"mktCapPrice": 0})
        gateway.wait_request("reqAllOpenOrders")


def test_repeated_and_corrected_executions_are_all_told(gateway: ScriptedGateway, library: str) -> None:
    with running(gateway, library) as (broker, facts):
        placed = working(gateway, broker, facts)
        for exec_id in ("0000e0d5.1.01", "0000e0d5.1.01", "0000e0d5.1.02"):
            say(gateway, executed(placed, 1, exec_id))
        facts.wait_for(b.Filled, 3)
    assert [x.fill.exec_id[-2:] for x in facts.of(b.Filled)] == ["01", "01", "02"]
