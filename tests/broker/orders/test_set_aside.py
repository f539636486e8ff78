"""Rows that are not ours, and messages nobody can read: set aside, told once, and the line goes on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.domain import broker_messages as b
from tests.broker.orders.test_snapshot import ASK, position
from tests.broker.script import ScriptedGateway, one, running
from tests.broker.script_orders import accepting, executed, say, shown, status, working

FOREIGN = {
    "a fraction of a share": {
        "conId": 8894,
        "symbol": "KO",
        "secType": "STK",
        "strike": 0,
        "right": "",
        "position": 0.4528,
    },
    "a converted currency": {
        "conId": 12087792,
        "symbol": "EUR",
        "secType": "CASH",
        "right": "",
        "position": -1523.37,
    },
    "an option without a multiplier": {"conId": 6005, "symbol": "XYZ", "multiplier": "", "position": 1},
    "a bond without a size": {"conId": 6002, "symbol": "B", "secType": "BOND", "right": "", "position": 0.5},
}


@pytest.mark.parametrize("row", FOREIGN.values(), ids=FOREIGN.keys())
def test_a_foreign_position_is_kept_told_once_and_the_snapshot_is_whole(
    gateway: ScriptedGateway, row: dict[str, object]
) -> None:
    gateway.answers["reqPositions"] = lambda _: [*position(3), *position(0, **row), *one("positionEnd")]
    with running(gateway) as (broker, facts):
        facts.wait_for(b.AccountUpdated)
        for count in (1, 2):
            broker.send(ASK)
            taken = facts.wait_for(b.SnapshotTaken, count)
    assert [x.contract.con_id for x in taken.snapshot.positions] == [901]
    (aside,) = facts.of(b.RowSetAside)
    assert aside.kind == "foreign"
    assert str(row["symbol"]) in aside.text


def test_a_strangers_order_of_a_fraction_and_a_linked_accounts_order_are_foreign(
    gateway: ScriptedGateway,
) -> None:
    with running(gateway) as (broker, facts):
        placed = working(gateway, broker, facts)
        stranger: dict[str, Any] = {
            "clientId": 0,
            "permId": 5555,
            "orderRef": "",
            "orderId": -5,
            "totalQuantity": 0.7,
        }
        linked: dict[str, Any] = {"permId": 6666, "orderId": 99, "account": "DU7654321"}
        gateway.answers["reqAllOpenOrders"] = lambda _: [
            *accepting(placed),
            *shown(placed, **stranger),
            *shown(placed, **linked),
            *one("openOrderEnd"),
        ]
        broker.send(ASK)
        taken = facts.wait_for(b.SnapshotTaken)
    assert [x.perm_id for x in taken.snapshot.open_orders] == [1000 + placed.orderId]
    assert {x.kind for x in facts.of(b.RowSetAside)} == {"foreign"}
    assert not [x for x in facts.of(b.OrderSeen) if x.order.perm_id in (5555, 6666)]


def test_an_unknown_status_of_ours_is_kept_raw_and_the_broker_is_asked_again(
    gateway: ScriptedGateway,
) -> None:
    with running(gateway) as (broker, facts):
        placed = working(gateway, broker, facts)
        asked = len(gateway.requests("reqAllOpenOrders"))
        gateway.answers["reqAllOpenOrders"] = lambda _: [*accepting(placed), *one("openOrderEnd")]
        say(gateway, status(placed, "Pondering"))
        gateway.wait_request("reqAllOpenOrders", asked + 1)
        aside = facts.wait_for(b.RowSetAside)
        broker.send(ASK)
        facts.wait_for(b.SnapshotTaken)
    assert aside.kind == "unreadable"
    assert "Pondering" in aside.text


def test_an_unreadable_order_of_ours_makes_no_snapshot(gateway: ScriptedGateway) -> None:
    with running(gateway) as (broker, facts):
        placed = working(gateway, broker, facts)
        gateway.answers["reqAllOpenOrders"] = lambda _: [*shown(placed, "Pondering"), *one("openOrderEnd")]
        broker.send(ASK)
        failed = facts.wait(lambda x: isinstance(x, b.RequestFailed) and x.subject == "snapshot")
    assert "Pondering" in failed.text


def test_a_fill_under_an_order_id_of_another_order_belongs_to_its_reference(gateway: ScriptedGateway) -> None:
    with running(gateway) as (broker, facts):
        placed = working(gateway, broker, facts)
        ((kind, values),) = executed(placed, 1, "0000e0d5.7.01")
        gateway.say(
            kind, **{**values, "orderId": 4711, "permId": 1000 + placed.orderId, "orderRef": "i/entry"}
        )
        by_perm = facts.wait_for(b.Filled).fill
        gateway.say(kind, **{**values, "execId": "0000e0d5.8.01", "permId": 777, "orderRef": "j/entry"})
        by_ref = facts.wait_for(b.Filled, 2).fill
    assert (by_perm.order_ref, by_ref.order_ref) == ("i/entry", "j/entry")


def test_a_time_with_a_dash_is_utc(gateway: ScriptedGateway, library: str) -> None:
    with running(gateway, library) as (broker, facts):
        placed = working(gateway, broker, facts)
        ((kind, values),) = executed(placed, 1)
        gateway.say(kind, **{**values, "time": "20110107-15:00:00"})
        assert facts.wait_for(b.Filled).fill.at == datetime(2011, 1, 7, 15, tzinfo=UTC)
