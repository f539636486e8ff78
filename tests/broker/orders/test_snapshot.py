"""A snapshot is whole or it is not one."""

from __future__ import annotations

import pytest

from bot.domain import broker_messages as b
from bot.domain.types import SecType
from bot.wire import WireMessage
from tests.broker.script import ACCOUNT, NOW, Said, ScriptedGateway, error, one, running
from tests.broker.script_orders import accepting, executed, shown, working

ASK = b.TakeSnapshot("test", NOW)
PARTS = ["reqAllOpenOrders", "reqCompletedOrders", "reqExecutions", "reqPositions", "reqAccountUpdates"]


def position(quantity: int, **changes: object) -> Said:
    values = {"account": ACCOUNT, "conId": 901, "symbol": "SPY", "secType": "OPT", "strike": 127.5}
    values |= {
        "lastTradeDateOrContractMonth": "20110107",
        "right": "C",
        "multiplier": "100",
        "currency": "USD",
    }
    return one("position", **values | {"position": quantity, "avgCost": 130.65} | changes)


def test_everything_the_broker_knows_is_in_it(gateway: ScriptedGateway, library: str) -> None:
    with running(gateway, library) as (broker, facts):
        placed = working(gateway, broker, facts)
        foreign = {"clientId": 3, "permId": 5555, "orderRef": "", "orderId": 9}
        gateway.answers["reqAllOpenOrders"] = lambda _: [
            *accepting(placed),
            *shown(placed, "PreSubmitted", **foreign),
            *one("openOrderEnd"),
        ]
        gateway.answers["reqExecutions"] = lambda x: [
            *executed(placed, 1, request_id=x.reqId),
            *one("commissionReport", execId="0000e0d5.1.01", commission=0.65, currency="USD"),
            *one("execDetailsEnd", reqId=x.reqId),
        ]
        gateway.answers["reqPositions"] = lambda _: [*position(1), *one("positionEnd")]
        broker.send(ASK)
        taken = facts.wait_for(b.SnapshotTaken)
    snapshot = taken.snapshot
    assert (taken.reason, taken.requested_at) == ("test", NOW)
    assert [(x.ref, x.client_id, x.perm_id) for x in snapshot.open_orders] == [
        ("i/entry", 7, 1000 + placed.orderId),
        ("", 3, 5555),
    ]
    assert [(x.order_ref, x.quantity) for x in snapshot.fills] == [("i/entry", 1)]
    assert [(x.contract.con_id, x.quantity) for x in snapshot.positions] == [(901, 1)]
    assert [x.exec_id for x in snapshot.commissions] == ["0000e0d5.1.01"]
    assert snapshot.account.net_liquidation is not None
    assert not [x for x in facts.of(b.OrderSeen) if x.order.client_id == 3]


@pytest.mark.parametrize("part", PARTS)
def test_one_part_unanswered_makes_no_snapshot(gateway: ScriptedGateway, part: str) -> None:
    with running(gateway, request_timeout_s=0.1, shortest_deadline_wall_s=0.05) as (broker, facts):
        facts.wait_for(b.AccountUpdated)
        answer = gateway.answers.pop(part)
        broker.send(ASK)
        assert facts.wait_for(b.RequestFailed).subject == "snapshot"
        gateway.answers[part] = answer
        # On a busy machine an answer may take longer than so short a deadline: then it is asked again.
        for answers in range(2, 50):
            broker.send(ASK)
            facts.wait(lambda x: isinstance(x, (b.SnapshotTaken, b.RequestFailed)), answers)
            if facts.of(b.SnapshotTaken):
                break
    assert len(facts.of(b.SnapshotTaken)) == 1


def test_a_refused_part_makes_no_snapshot(gateway: ScriptedGateway) -> None:
    gateway.answers["reqExecutions"] = lambda x: error(x.reqId, 321, "Read-only")
    with running(gateway) as (broker, facts):
        facts.wait_for(b.AccountUpdated)
        broker.send(ASK)
        failed = facts.wait_for(b.RequestFailed)
    assert (failed.subject, failed.code) == ("snapshot", 321)


def test_a_snapshot_cut_off_by_a_disconnect_fails(gateway: ScriptedGateway) -> None:
    with running(gateway, request_timeout_s=60.0) as (broker, facts):
        facts.wait_for(b.AccountUpdated)
        del gateway.answers["reqPositions"]
        broker.send(ASK)
        gateway.wait_request("reqPositions")
        gateway.drop_client()
        failed = facts.wait_for(b.RequestFailed)
    assert (failed.subject, failed.code) == ("snapshot", 504)


def test_two_snapshots_at_once_take_turns(gateway: ScriptedGateway, library: str) -> None:
    with running(gateway, library) as (broker, facts):
        facts.wait_for(b.AccountUpdated)
        for reason in ("first", "second"):
            broker.send(b.TakeSnapshot(reason, NOW))
        facts.wait_for(b.SnapshotTaken, 2)
    assert [x.reason for x in facts.of(b.SnapshotTaken)] == ["first", "second"]


def test_a_closed_position_and_one_of_another_account_are_not_held(gateway: ScriptedGateway) -> None:
    gateway.answers["reqPositions"] = lambda _: [
        *position(0),
        *position(5, conId=902, account="DU7654321"),
        *position(-1, conId=903, secType="FUT", symbol="ES", strike=0, right="", multiplier="50"),
        *one("positionEnd"),
    ]
    with running(gateway) as (broker, facts):
        facts.wait_for(b.AccountUpdated)
        broker.send(ASK)
        held = facts.wait_for(b.SnapshotTaken).snapshot.positions
    assert [(x.contract.con_id, x.contract.sec_type, x.quantity) for x in held] == [(903, SecType.OTHER, -1)]


def test_an_order_that_ended_while_the_rest_was_asked_is_not_at_rest(gateway: ScriptedGateway) -> None:
    with running(gateway) as (broker, facts):
        placed = working(gateway, broker, facts)

        def filled_meanwhile(request: WireMessage) -> Said:
            values = {"orderId": placed.orderId, "status": "Filled", "filled": 2, "remaining": 0}
            values |= {"avgFillPrice": 1.3, "permId": 1000 + placed.orderId, "parentId": 0, "clientId": 7}
            status = one("orderStatus", **values | {"lastFillPrice": 1.3, "whyHeld": "", "mktCapPrice": 0})
            return [*status, *one("execDetailsEnd", reqId=request.reqId)]

        gateway.answers["reqAllOpenOrders"] = lambda _: [*accepting(placed), *one("openOrderEnd")]
        gateway.answers["reqExecutions"] = filled_meanwhile
        broker.send(ASK)
        assert facts.wait_for(b.SnapshotTaken).snapshot.open_orders == ()
