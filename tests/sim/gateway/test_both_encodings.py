"""A gateway says the same in text and in numbered bodies, and each the same for the same seed."""

from __future__ import annotations

from typing import Any

import pytest

from bot.wire import WireMessage, message_kinds
from tests.sim.raw import SPY, Bench

TEXT, NUMBERED = 178, 225
# As text with all that was added, as text behind a raw id, and half and half.
BETWEEN = (187, 200, 201, 206)
ORDER = {**SPY, "action": "BUY", "totalQuantity": 1, "orderType": "LMT", "tif": "GTC", "orderRef": "ref"}
HISTORY = {
    **SPY,
    "endDateTime": "",
    "barSizeSetting": "1 min",
    "durationStr": "1800 S",
    "whatToShow": "TRADES",
}
ASKED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("reqContractDetails", {"reqId": 1, **SPY}),
    ("reqMktData", {"reqId": 2, **SPY, "genericTickList": "233"}),
    ("reqTickByTickData", {"reqId": 3, **SPY, "tickType": "BidAsk"}),
    ("reqHistoricalData", {"reqId": 4, **HISTORY, "keepUpToDate": True}),
    ("reqAccountSummary", {"reqId": 5, "groupName": "All", "tags": "NetLiquidation"}),
    ("reqAccountUpdates", {"subscribe": True}),
    ("reqPositions", {}),
    ("placeOrder", {"orderId": 1, **ORDER, "lmtPrice": 500}),
    ("placeOrder", {"orderId": 2, **ORDER, "lmtPrice": 100}),
    ("placeOrder", {"orderId": 3, **ORDER, "lmtPrice": 100.001}),
    ("reqOpenOrders", {}),
    ("cancelOrder", {"orderId": 2}),
    ("reqExecutions", {"reqId": 6}),
    ("reqCompletedOrders", {"apiOnly": False}),
)


def told(version: int) -> tuple[bytes, list[WireMessage]]:
    """All that one client is told of the same requests, as bytes and as messages."""
    bench = Bench()
    client = bench.client(max_version=version)
    for kind, values in ASKED:
        client.say(kind, **values)
        bench.advance(seconds=7)
    bench.advance(minutes=2)
    return bytes(client.stream), client.take()


@pytest.mark.parametrize("version", [TEXT, 200, 206, NUMBERED])
def test_the_same_seed_gives_the_same_bytes(version: int) -> None:
    assert told(version)[0] == told(version)[0]


@pytest.mark.parametrize("version", [*BETWEEN, NUMBERED])
def test_what_is_said_in_text_is_said_at_every_newer_version(version: int) -> None:
    kinds = {kind.name: kind for kind in message_kinds()}
    (_, text), (_, numbered) = told(TEXT), told(version)
    ended = [message for message in numbered if message.kind == "historicalDataEnd"]
    assert [message.reqId for message in ended] == [4] * (version >= 196)
    numbered = [message for message in numbered if message.kind != "historicalDataEnd"]
    assert [message.kind for message in numbered] == [message.kind for message in text]
    assert len({message.kind for message in text}) > 20
    for theirs, ours in zip(text, numbered, strict=True):
        kind = kinds[theirs.kind]
        said = kind.numbered_names if kind.is_numbered(version) else kind.names_at(version)
        said -= {"errorTime"}
        same = {name: value for name, value in theirs.values.items() if name in said}
        assert {name: ours.values[name] for name in same} == same, theirs.kind
