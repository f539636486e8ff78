"""The pure guard with a gateway that says only what a test says: bytes in, frames out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from bot.guard.clearing import WATCHER
from bot.guard.core.effects import Close, Effect, Tell, ToClient, ToGateway
from bot.guard.core.limits import Limits
from bot.guard.core.rates import Counts
from bot.guard.machine import Guard
from bot.wire import FrameBuffer, WireMessage, decode_answer, decode_request, encode
from bot.wire.frames import join_fields, pack_frame
from tests.guard.rig import ACCOUNT, limits

VERSION = 176
NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
OPTION: dict[str, Any] = {
    "conId": 11,
    "symbol": "SPY",
    "secType": "OPT",
    "lastTradeDateOrContractMonth": "20260320",
    "strike": Decimal(500),
    "right": "C",
    "multiplier": "100",
    "currency": "USD",
}
PUT = OPTION | {"conId": 12, "right": "P"}
STOCK: dict[str, Any] = {"conId": 13, "symbol": "SPY", "secType": "STK", "currency": "USD"}
FOREIGN = OPTION | {"conId": 14, "symbol": "GME"}


def order(order_id: int, contract: dict[str, Any] = OPTION, **fields: Any) -> bytes:
    """A frame of one order; by default one contract bought at 1.00."""
    terms = {"action": "BUY", "totalQuantity": 1, "orderType": "LMT", "lmtPrice": 1, "account": ACCOUNT}
    known = {key: value for key, value in contract.items() if key != "multiplier"}
    return encode("placeOrder", VERSION, orderId=order_id, exchange="SMART", **known, **(terms | fields))


def sell(order_id: int, contract: dict[str, Any] = OPTION, **fields: Any) -> bytes:
    return order(order_id, contract, **({"action": "SELL"} | fields))


def stop(order_id: int, contract: dict[str, Any] = OPTION, **fields: Any) -> bytes:
    return sell(order_id, contract, **({"orderType": "STP", "lmtPrice": None, "auxPrice": "0.5"} | fields))


class Bench:
    """A guard that has seen the account, and client 1 on line 1. ``held``: contracts by position rows."""

    def __init__(self, wall: Limits | None = None, held: dict[int, int] | None = None) -> None:
        self.now = NOW
        self.guard = Guard(wall or limits(), Counts.of(NOW), NOW)
        self.told: list[str] = []
        self.closed: list[int] = []
        self.sent: dict[int, bytes] = {}
        self.answered: dict[int, bytes] = {}
        self._see(held or {})
        self.connect(1, 1)
        for contract in (OPTION, PUT, STOCK, FOREIGN):
            self.say("contractDetails", 1, reqId=1, **_details(contract))
            self.take(self.guard.from_client(1, self._subscribe(contract), self.now))
            for tick, price in ((1, "0.98"), (2, "1.00")):
                self.tick(contract["conId"], tick, price)
        self.sent.clear()
        self.answered.clear()

    def _subscribe(self, contract: dict[str, Any]) -> bytes:
        return encode("reqMktData", VERSION, reqId=contract["conId"], conId=contract["conId"])

    def tick(self, con_id: int, kind: int, price: str) -> None:
        self.say("tickPrice", 1, reqId=con_id, tickType=kind, price=Decimal(price), size=1, attrMask=0)

    def _see(self, held: dict[int, int]) -> None:
        self.take(self.guard.time_passed(self.now))
        self.take(self.guard.opened(WATCHER))
        self.raw(WATCHER, join_fields([str(VERSION), "now"]))
        self.say("managedAccounts", WATCHER, accountsList=ACCOUNT)
        self.say("nextValidId", WATCHER, orderId=1)
        for contract in (OPTION, PUT, STOCK, FOREIGN):
            self.position(contract, held.get(contract["conId"], 0))
        self.say("positionEnd", WATCHER)
        self.say("openOrderEnd", WATCHER)
        assert self.guard.blind == ""

    def position(self, contract: dict[str, Any], quantity: int) -> None:
        self.say("position", WATCHER, account=ACCOUNT, **contract, position=quantity, avgCost=100)

    def connect(self, line: int, client: int) -> None:
        self.take(self.guard.connect(line))
        self.take(self.guard.from_client(line, b"API\0" + pack_frame(b"v157..176"), self.now))
        self.raw(line, join_fields([str(VERSION), "now"]))
        start = encode("startApi", VERSION, clientId=client, optCapab="")
        self.take(self.guard.from_client(line, start, self.now))

    def say(self, kind: str, line: int, **values: Any) -> None:
        """The gateway says something."""
        self.raw(line, encode(kind, VERSION, **values))

    def raw(self, line: int, data: bytes) -> None:
        self.take(self.guard.from_gateway(line, data, self.now))

    def hear(self, *slices: bytes, line: int = 1) -> list[WireMessage]:
        """What leaves for the gateway of what the client says now."""
        before = len(self.sent.get(line, b""))
        for data in slices:
            self.take(self.guard.from_client(line, data, self.now))
        return requests(self.sent.get(line, b"")[before:])

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.take(self.guard.time_passed(self.now))

    def take(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            match effect:
                case ToGateway(line, data):
                    self.sent[line] = self.sent.get(line, b"") + data
                case ToClient(line, data):
                    self.answered[line] = self.answered.get(line, b"") + data
                case Close(line, _):
                    self.closed.append(line)
                    self.guard.closed(line)
                case Tell():
                    self.told.append(effect.key)

    def answers(self, line: int = 1) -> list[WireMessage]:
        """What the client was told."""
        return [decode_answer(payload, VERSION) for payload in payloads(self.answered.get(line, b""))]

    def codes(self, line: int = 1) -> list[int]:
        return [message.errorCode for message in self.answers(line) if message.kind == "error"]

    def acknowledge(self, order_id: int, contract: dict[str, Any] = OPTION, **fields: Any) -> None:
        """The gateway accepts an order of client 1."""
        known = {"account": ACCOUNT, "clientId": 1, "permId": 1000 + order_id, "status": "Submitted"}
        terms = {"action": "BUY", "totalQuantity": 1, "orderType": "LMT", "lmtPrice": 1}
        self.say("openOrder", 1, orderId=order_id, **contract, **known, **(terms | fields))
        self.status(order_id, "Submitted", 0, fields.get("totalQuantity", 1))

    def status(self, order_id: int, status: str, filled: int, remaining: int) -> None:
        known = {"clientId": 1, "permId": 1000 + order_id, "avgFillPrice": 1}
        self.say(
            "orderStatus", 1, orderId=order_id, status=status, filled=filled, remaining=remaining, **known
        )


def _details(contract: dict[str, Any]) -> dict[str, Any]:
    words = {"exchange": "SMART", "localSymbol": "", "tradingClass": ""}
    return {**words, **contract, "minTick": 0.01, "marketName": "SPY"}


def payloads(data: bytes) -> list[bytes]:
    buffer = FrameBuffer()
    buffer.receive(data)
    found = []
    while (payload := buffer.next()) is not None:
        found.append(payload)
    assert not buffer.is_inside_frame, "half a frame has left"
    return found


def requests(data: bytes) -> list[WireMessage]:
    return [decode_request(payload, VERSION) for payload in payloads(data)]


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    """The same bytes in slices."""
    edges = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[a:b] for a, b in pairwise(edges) if a < b]
