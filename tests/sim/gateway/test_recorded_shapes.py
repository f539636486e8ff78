"""Shapes of real gateways' traffic that ours must reproduce: facts out of public recordings and threads, never their text."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sim.raw import Bench, RawClient, market_order, order

VERSIONS = (157, 173, 178)


def fields_of(client: RawClient, number: str) -> list[list[str]]:
    """The text fields of each message with this id in what the client was told, the id first."""
    stream, found = bytes(client.stream), []
    while stream:
        size = int.from_bytes(stream[:4], "big")
        frame, stream = stream[4 : 4 + size].decode().split("\0")[:-1], stream[4 + size :]
        found += [frame] if frame[0] == number else []
    return found


def at_work(version: int, **changes: Any) -> tuple[Bench, RawClient]:
    """A client with one order, and what it was told of it alone."""
    bench = Bench()
    client = bench.client(max_version=version)
    client.take()
    client.stream.clear()
    client.say("placeOrder", **order(1, **changes))
    return bench, client


# rust-ibapi 2.9.2's recorded openOrder of server version 173, of a stock order.
def test_an_open_order_has_as_many_fields_as_a_recorded_one() -> None:
    (fields,) = fields_of(at_work(173)[1], "5")
    assert len(fields) == 136


@pytest.mark.parametrize("version", VERSIONS)
def test_an_open_order_leaves_unset_what_a_recorded_one_does(version: int) -> None:
    (fields,) = fields_of(at_work(version)[1], "5")
    assert fields[7] == "?", "the right of what is no option"
    none = fields.index("None")
    assert fields[none + 1 : none + 9] == ["", "0", "", "", "", "?", "0", "0"], "eight fields follow it"
    assert fields.count("1.7976931348623157E308") == 9, (
        "margins before, change and after of what was not asked"
    )


# Lean #851: a status may come twice or not at all; what a client knows of the order itself comes first.
def test_a_modified_order_is_shown_before_its_status() -> None:
    _, client = at_work(178)
    client.take()
    kinds = [message.kind for message in client.say("placeOrder", **order(1, lmtPrice=101))]
    assert kinds == ["openOrder", "orderStatus"]


# Users' logs: the report names the execution it is of and comes behind it, with other messages between them.
def test_a_commission_report_comes_behind_its_execution_with_others_between() -> None:
    bench, client = at_work(178)
    client.take()
    client.say("placeOrder", **market_order(2))
    bench.advance(seconds=30)
    heard = client.take()
    (filled,) = [n for n, message in enumerate(heard) if message.kind == "execDetails"]
    (reported,) = [n for n, message in enumerate(heard) if message.kind == "commissionReport"]
    assert heard[reported].execId == heard[filled].execId
    assert reported > filled + 1


# No public recording shows this one: it is our choice, and stays so until one does.
def test_children_of_a_refused_parent_are_told_one_by_one() -> None:
    _, client = at_work(178)
    client.take()
    heard = client.say("placeOrder", **order(10, totalQuantity=10**6, lmtPrice=100, transmit=False))
    heard += client.say("placeOrder", **order(11, parentId=10, action="SELL", lmtPrice=200, transmit=False))
    heard += client.say("placeOrder", **order(12, parentId=10, action="SELL", lmtPrice=50, orderType="LMT"))
    codes = {message.reqId: message.errorCode for message in heard if message.kind == "error"}
    assert codes == {10: 201, 11: 202, 12: 202}
