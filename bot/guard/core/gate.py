"""The gate: bytes of clients and of the gateway in, effects out. Pure; time comes with every call.

Rule: what a client says reaches the gateway only from ``_pass``; orders get there through ``check_order`` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.guard.core.checks import Room, check_order
from bot.guard.core.effects import Close, Effect, Tell, ToClient, ToGateway
from bot.guard.core.ledger import Ledger, difference, facts_of
from bot.guard.core.limits import Limits
from bot.guard.core.line import ANSWERS, REQUESTS, Line, Stage
from bot.guard.core.orders import Refused, read_order
from bot.guard.core.rates import WHAT_IFS, Counts
from bot.wire import RemoteProtocolError, WireMessage, decode_answer, decode_request, encode
from bot.wire.frames import pack_frame
from bot.wire.schema import is_plain_question

NOTICE: Final = 2199
GOES_ON: Final = 2198
"""In the range of IB's notices (2100 to 2199), so that no client takes the guard's words for an error; IB uses none so high."""
# What only a trading client may say; replaceFA changes how orders are allocated, and no limit could judge that.
_TRADING: Final = frozenset({"placeOrder", "cancelOrder", "reqGlobalCancel"})
_NEVER: Final = frozenset({"exerciseOptions", "replaceFA"})
_JUDGED: Final = frozenset({"reqMktData", "cancelMktData", "reqMarketDataType", "reqExecutions"})
_READ: Final = frozenset({b"1", b"2", b"45", b"46"})  # ticks: only the request's id and a price are looked at
_BOOKED: Final = ("managedAccounts", "position", "openOrder", "orderStatus", "execDetails", "error")
_HEARD: Final = frozenset(
    key for key, kind in ANSWERS.items() if kind.name in (*_BOOKED, "contractDetails", "marketDataType")
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds entries back, beside the limits: the reasons, empty for none. ``flattening``: hands off altogether."""

    stopped: str = ""
    blind: str = ""
    flattening: bool = False


def _read(line: Line, payload: bytes) -> WireMessage:
    """A request to its end: nobody knows how the gateway would read on behind that. Errors: RemoteProtocolError."""
    message = decode_request(payload, line.version)
    if message.surplus:
        number = message.get("orderId", message.get("reqId"))
        raise RemoteProtocolError(f"{message.kind} has fields behind its end", request_id=number)
    return message


class Gate:
    """``standing`` is asked for each order; ``heard`` is told that a trading client speaks; ``learn`` asks the gateway what a
    contract is; ``back`` says what is to be done when a client of that id has come."""

    def __init__(
        self,
        limits: Limits,
        counts: Counts,
        standing: Callable[[], Standing],
        heard: Callable[[int, datetime], None],
        learn: Callable[[int], Iterable[Effect]],
        back: Callable[[int], Iterable[Effect]],
    ) -> None:
        self.limits, self.counts = limits, counts
        self.ledger = Ledger(frozenset(limits.accounts), counts)
        self.lines: dict[int, Line] = {}
        self.has_seen = False
        self.unread = ""
        self._standing, self._heard, self._learn, self._back = standing, heard, learn, back

    # ── the client's side

    def from_client(self, number: int, data: bytes, now: datetime) -> list[Effect]:
        """Any slice of what a client says."""
        line = self.lines.get(number)
        if line is None:
            return []
        effects: list[Effect] = []
        try:
            effects.extend(self._from_client(line, data, now))
        except RemoteProtocolError as error:
            effects += self.end(line, str(error))
        return effects

    def _from_client(self, line: Line, data: bytes, now: datetime) -> Iterator[Effect]:
        if line.stage is Stage.HELLO:
            hello = line.hello(data)
            if hello is not None:
                yield ToGateway(line.number, hello)
            data = b""
        for payload in line.requests(data):
            yield from self._request(line, payload, now)

    def _request(self, line: Line, payload: bytes, now: datetime) -> Iterator[Effect]:
        kind = REQUESTS.get(payload.split(b"\0", 1)[0])
        if line.stage is not Stage.STARTED:
            yield from self._start(line, payload, kind.name if kind else "")
            return
        if line.client_id in self.limits.clients.trade:
            self._heard(line.client_id, now)
        if kind is None or kind.name in _NEVER or kind.name == "startApi":
            what = kind.name if kind else f"a message of an unknown kind ({payload[:12]!r})"
            yield from self._refuse_request(line, -1, f"{what} is not let through")
            return
        try:
            message = _read(line, payload)
        except RemoteProtocolError as error:
            yield from self._refuse_request(line, error.request_id or -1, f"not readable: {error}")
            return
        if kind.name in _TRADING:
            yield from self._trade(line, message, payload, now)
        elif kind.name in _JUDGED:
            yield from self._data(line, message, payload, now)
        else:
            yield self._pass(line, payload)

    def _start(self, line: Line, payload: bytes, kind: str) -> Iterator[Effect]:
        if line.stage is not Stage.AGREED or kind != "startApi":
            raise RemoteProtocolError(f"{kind or 'something unknown'} came before startApi")
        client_id = _read(line, payload).clientId
        if client_id not in self.limits.clients.trade + self.limits.clients.watch:
            unknown = f"client id {client_id} is neither in clients.trade nor in clients.watch"
            raise RemoteProtocolError(unknown)
        line.client_id, line.stage = client_id, Stage.STARTED
        yield from self._back(client_id)
        yield self._pass(line, payload)

    def _pass(self, line: Line, payload: bytes) -> Effect:
        return ToGateway(line.number, pack_frame(payload))

    def _data(self, line: Line, message: WireMessage, payload: bytes, now: datetime) -> Iterator[Effect]:
        """Requests whose answers the guard believes: it must know what each answer is about."""
        number = str(message.get("reqId")).encode()
        if message.kind == "reqMarketDataType":
            line.data_type = message.marketDataType
        elif message.kind == "reqMktData":
            yield from self._subscribe(line, number, message)
        elif message.kind == "cancelMktData":
            line.unsubscribe(number, now)
        elif message.reqId < 0:
            # Its answers would look like executions of now.
            yield from self._refuse_request(line, message.reqId, "a request number below zero")
            return
        yield self._pass(line, payload)

    def _subscribe(self, line: Line, number: bytes, message: WireMessage) -> Iterator[Effect]:
        con_id, known = message.conId, self.ledger.contracts.get(message.conId)
        is_clear = message.secType != "BAG" and not (known and difference(facts_of(message), known))
        line.subscribe(number, con_id if is_clear else 0)
        if con_id and known is None:
            yield from self._learn(con_id)

    # ── orders

    def _trade(self, line: Line, message: WireMessage, payload: bytes, now: datetime) -> Iterator[Effect]:
        self.counts.roll(now)
        order_id = message.get("orderId", -1)
        if line.client_id not in self.limits.clients.trade:
            yield from self._refuse_request(line, order_id, f"client {line.client_id} may only watch")
        elif message.kind != "placeOrder":
            yield from self._cancel(line, payload, now)
        elif message.whatIf:
            yield from self._question(line, message, payload, now)
        else:
            yield from self._order(line, message, payload, now)

    def _question(self, line: Line, message: WireMessage, payload: bytes, now: datetime) -> Iterator[Effect]:
        """Written anew unless its bytes alone say that it is only a question, so that the gateway cannot read an order where
        a question was read here."""
        asked, limit = self.counts.in_a_minute(WHAT_IFS, now), self.limits.rates.what_ifs
        if asked >= limit:
            words = f"{asked} what-ifs in a minute; the limit is {limit}"
            yield from self._refuse_order(line, message.orderId, Refused("what-ifs", words))
            return
        self.counts.add(WHAT_IFS, now)
        if is_plain_question(payload, line.version, len(message.values)):
            yield self._pass(line, payload)
        else:
            yield ToGateway(line.number, encode("placeOrder", line.version, **message.values))

    def _cancel(self, line: Line, payload: bytes, now: datetime) -> Iterator[Effect]:
        why = self.counts.too_many("cancels", self.limits.rates, now)
        self.counts.add("cancels", now)
        if why is not None:
            yield Tell("cancels", f"client {line.client_id}: {why}; they are let through")
        yield self._pass(line, payload)

    def _order(self, line: Line, message: WireMessage, payload: bytes, now: datetime) -> Iterator[Effect]:
        standing = self._standing()
        room = Room(self.limits, self.ledger, now, standing.stopped, standing.blind, standing.flattening)
        try:
            asked = read_order(message, line.client_id, self.ledger, self.limits, now)
            check_order(asked, room)
        except Refused as refused:
            yield from self._refuse_order(line, message.orderId, refused)
            return
        kind = "entries" if asked.order.is_buy else "exits"
        self.counts.add("revisions" if asked.old is not None else kind, now)
        self.ledger.let_through(asked.order)
        if message.conId:
            yield self._pass(line, payload)
        else:  # what was described is named, so that the gateway can find nothing else behind the description
            values = {**message.values, "conId": asked.order.holding[1]}
            yield ToGateway(line.number, encode("placeOrder", line.version, **values))

    def _refuse_order(self, line: Line, order_id: int, refused: Refused) -> Iterator[Effect]:
        self.counts.refused += 1
        old = self.ledger.working.get((line.client_id, order_id))
        # 201: a new order that never worked. 134: the order could not be modified, it lives on; and what it is, again,
        # since a client library may take any error for the order's end.
        code = 201 if old is None else 134
        yield self.say(line, order_id, code, f"Order rejected - reason:guard: {refused}")
        if old is not None and old.last_status:
            yield ToClient(line.number, old.last_status)
        yield Tell(f"refused {refused.check}", f"client {line.client_id}, order {order_id}: {refused}")

    def _refuse_request(self, line: Line, request_id: int, why: str) -> Iterator[Effect]:
        self.counts.refused += 1
        yield self.say(line, request_id, 321, f"Error validating request:-'guard' : cause - {why}")
        yield Tell("refused request", f"client {line.client_id}: {why}")

    def say(self, line: Line, request_id: int, code: int, text: str) -> ToClient:
        """An error or a notice, as the gateway words them."""
        told = encode("error", line.version, reqId=request_id, errorCode=code, errorString=text)
        return ToClient(line.number, told)

    def end(self, line: Line, why: str) -> list[Effect]:
        """Close a client's line, and tell it why."""
        self.lines.pop(line.number, None)
        words = f"Error validating request:-'guard' : cause - {why}"
        told = [self.say(line, -1, 321, words)] if line.version else []
        return [*told, Close(line.number, why), Tell("line", f"a client's line was closed: {why}")]

    # ── the gateway's side

    def answers(self, line: Line, data: bytes, now: datetime) -> list[Effect]:
        """Any slice of what the gateway says on a client's line."""
        passed: list[bytes] = []
        told: list[Effect] = []
        for payload in line.answers(data):
            if line.stage is Stage.GREETED:
                line.answered(payload)
            elif line.stage is Stage.STARTED:
                told += self._answer(line, payload, now)
            passed.append(pack_frame(payload))
            if payload.startswith(b"9\0") and not line.has_begun:
                line.has_begun = True
                if stopped := self._standing().stopped:
                    passed.append(self.say(line, -1, NOTICE, f"guard: {stopped}").data)
        return [ToClient(line.number, b"".join(passed)), *told] if passed else told

    def _answer(self, line: Line, payload: bytes, now: datetime) -> list[Effect]:
        key = payload.split(b"\0", 1)[0]
        if key in _READ:
            fields = payload.split(b"\0", 6)
            con_id = line.contract_of(fields[2], now) if len(fields) > 5 else 0
            if con_id:
                counts = self.limits.collar.delayed_quotes or line.is_live(fields[2], fields[3])
                self.ledger.on_tick(con_id, fields, now, counts=counts)
            return []
        if key not in _HEARD:
            return []
        try:
            message = decode_answer(payload, line.version)
        except RemoteProtocolError as error:
            return self.unreadable(error)
        self.note(message, now, line, pack_frame(payload))
        return []

    def note(self, message: WireMessage, now: datetime, line: Line | None, frame: bytes) -> None:
        """Believe what the gateway says; ``line`` is ``None`` on one of the guard's own."""
        ledger = self.ledger
        match message.kind:
            case "orderStatus":
                is_own = line is not None and message.clientId == line.client_id
                ledger.on_status(message, now, frame if is_own else b"")
            case "execDetails":
                ledger.on_execution(message, now)
            case "openOrder":
                ledger.on_open_order(message, now)
            case "position":
                ledger.on_position(message, now, is_news=self.has_seen)
            case "contractDetails":
                ledger.on_contract(message)
            case "marketDataType" if line is not None:
                line.told_type(str(message.reqId).encode(), message.marketDataType)
            case "error" if line is not None:
                ledger.on_refusal((line.client_id, message.reqId), message.errorCode)
            case "managedAccounts":
                ledger.managed = tuple(a for a in message.accountsList.split(",") if a)

    def unreadable(self, error: RemoteProtocolError) -> list[Effect]:
        """What is held is uncertain now: no entries until a person goes on."""
        if error.kind in {"execDetails", "position"}:
            words = f"a message of the gateway could not be read ({error.kind})"
            self.unread = f"{words}; ibkr-guard resume goes on"
        return [Tell("unreadable", f"the gateway said what the guard cannot read: {error}")]
