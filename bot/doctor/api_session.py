"""Questions to the gateway, each with a deadline, and its refusals by IB's code. One question at a time."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.broker.connection.error_codes import CodeEffect, code
from bot.doctor.api_probe import ApiConnection
from bot.wire import WireMessage


class Trouble(Exception):
    """A question ended without its answer. ``code`` is IB's, 0 for our own deadline."""

    def __init__(self, number: int, text: str) -> None:
        super().__init__(text)
        self.code = number
        self.text = text

    @property
    def words(self) -> str:
        if not self.code:
            return self.text
        return f"{code(self.code).meaning} ({self.code}: {self.text})"

    @property
    def remedy(self) -> str:
        if not self.code:
            return "the gateway may be busy, or its data farm down: try again; then look at IB's system status page"
        return code(self.code).remedy or "look the code up in IB's list of API message codes"


@dataclass(slots=True)
class ProbedQuote:
    """What came for a line within its time. ``data_type`` is IB's: 1 live, 2 frozen, 3 delayed, 4 delayed frozen."""

    prices: dict[int, float] = field(default_factory=dict)
    data_type: int = 1
    notices: list[tuple[int, str]] = field(default_factory=list)


BID, ASK, LAST, CLOSE = (1, 66), (2, 67), (4, 68), (9, 75)
"""Tick types of each price: live, delayed."""


class ApiSession:
    """``timeout_s`` is for one question."""

    def __init__(self, line: ApiConnection, timeout_s: float) -> None:
        self.line = line
        self.timeout_s = timeout_s
        self._next_id = 1_000_000  # far above any order id of the doctor's client

    def account(self, wanted: str) -> str:
        """The account to ask about: the wanted one where it is offered."""
        return wanted if wanted in self.line.accounts else self.line.accounts[0]

    def ask(self, kind: str, ends: Collection[str], **values: Any) -> list[WireMessage]:
        """Everything that answers, up to and with the first message whose kind ``ends`` it. Raises Trouble."""
        request_id = self._take_id()
        named = {} if kind in _WITHOUT_ID else {"reqId": request_id}
        self.line.send(kind, **named, **values)
        found, until = [], time.monotonic() + self.timeout_s
        while (message := self.line.read(until)) is not None:
            if message.kind == "error":
                self._check(message, request_id)
            elif message.get("reqId", request_id) == request_id:
                found.append(message)
                if message.kind in ends:
                    return found
        raise Trouble(0, f"no answer within {self.timeout_s:g} s")

    def quote(self, contract: Mapping[str, Any], wanted: Collection[tuple[int, int]]) -> ProbedQuote:
        """Watch a contract until every wanted price has come, or the time is over. Raises Trouble for a refusal."""
        request_id, quote = self._take_id(), ProbedQuote()
        self.line.send("reqMktData", reqId=request_id, genericTickList="", snapshot=False, **contract)
        until = time.monotonic() + self.timeout_s
        try:
            while (message := self.line.read(until)) is not None:
                self._receive(quote, message, request_id)
                if all(any(tick in quote.prices for tick in ticks) for ticks in wanted):
                    break
        finally:
            self.line.send("cancelMktData", reqId=request_id)
        return quote

    def _receive(self, quote: ProbedQuote, message: WireMessage, request_id: int) -> None:
        if message.get("reqId") != request_id:
            return
        if message.kind == "error":
            self._check(message, request_id)
            quote.notices.append((message.errorCode, message.errorString))
        elif message.kind == "marketDataType":
            quote.data_type = message.marketDataType
        elif message.kind == "tickPrice" and message.price is not None and message.price > 0:
            quote.prices[message.tickType] = float(message.price)

    def try_order(self, **values: Any) -> WireMessage:
        """A what-if: the order is priced and never placed. Its openOrder. Raises Trouble."""
        order_id = self.line.next_order_id
        self.line.next_order_id += 1
        self.line.send("placeOrder", orderId=order_id, whatIf=True, transmit=True, **values)
        until = time.monotonic() + self.timeout_s
        while (message := self.line.read(until)) is not None:
            if message.kind == "openOrder" and message.get("orderId") == order_id:
                return message
            if message.kind == "error":
                self._check(message, order_id)
        raise Trouble(0, f"no answer within {self.timeout_s:g} s")

    def _check(self, message: WireMessage, subject: int) -> None:
        """Raise for an error that ends this question; a competing session ends a quote though it may pass."""
        number = message.errorCode
        is_ours = message.reqId == subject
        if is_ours and (code(number).effect is not CodeEffect.INFO or number in _ENDS_A_QUOTE):
            raise Trouble(number, message.errorString)

    def _take_id(self) -> int:
        self._next_id += 1
        return self._next_id


# 10197: a competing session has the data, so no price will come (IBKR Campus, "TWS API: Error Codes").
_ENDS_A_QUOTE = frozenset({10197})
_WITHOUT_ID = frozenset(
    {"reqAllOpenOrders", "reqCurrentTime", "reqAccountUpdates", "reqMarketDataType", "reqPositions"}
)
