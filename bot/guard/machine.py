"""The guard itself: bytes of clients and of the gateway in, effects out. Pure; time comes with every call.

Rule: what a client says reaches the gateway only from ``_pass``; orders get there through ``check_order`` alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from bot.domain.session import new_york_day
from bot.guard.checks import Room, check_order
from bot.guard.clearing import WATCHER, Clearing, Stop, stand_in_of
from bot.guard.effects import Close, Effect, Tell, ToClient, ToGateway
from bot.guard.ledger import Ledger, difference, facts_of
from bot.guard.limits import Limits
from bot.guard.line import ANSWERS, REQUESTS, Line, Stage
from bot.guard.orders import Refused, read_order
from bot.guard.own_line import OwnLine
from bot.guard.proof import WeeklyProof, log_in_ended
from bot.guard.rates import Counts
from bot.wire import RemoteProtocolError, WireMessage, decode_answer, decode_request, encode
from bot.wire.frames import pack_frame

NOTICE: Final = 2199
GOES_ON: Final = 2198
_REMIND: Final = timedelta(minutes=1)
"""In the range of IB's notices (2100 to 2199), so that no client takes the guard's words for an error; IB uses none so high."""
# What only a trading client may say; replaceFA changes how orders are allocated, and no limit could judge that.
_TRADING: Final = frozenset({"placeOrder", "cancelOrder", "reqGlobalCancel"})
_NEVER: Final = frozenset({"exerciseOptions", "replaceFA"})
_JUDGED: Final = frozenset({"reqMktData", "cancelMktData", "reqExecutions"})
_READ: Final = frozenset({b"1", b"2", b"45", b"46"})  # ticks: only the request's id and a price are looked at
_HEARD: Final = frozenset(
    key
    for key, kind in ANSWERS.items()
    if kind.name
    in {"managedAccounts", "position", "openOrder", "orderStatus", "execDetails", "contractDetails", "error"}
)


class Guard:
    """``stop`` is what was latched on disk before this start."""

    def __init__(self, limits: Limits, counts: Counts, now: datetime, stop: Stop | None = None) -> None:
        self.limits = limits
        self.counts = counts
        self.ledger = Ledger(frozenset(limits.accounts), counts)
        self.lines: dict[int, Line] = {}
        self.own: dict[int, OwnLine] = {}
        self.clearing = Clearing(limits, self.ledger, self.lines, self.own, now, stop)
        self.proof = WeeklyProof(limits.sunday, now)
        self.unread = ""
        self._has_seen = False
        self._now = self._noticed = now

    # ── lines

    @property
    def blind(self) -> str:
        """Why the guard does not see the account now, empty when it does."""
        watcher = self.own.get(WATCHER)
        if watcher is None or not watcher.is_current:
            return "the guard does not see the account now"
        if not self.proof.is_proved(self._now):
            return "the gateway's log-in has not been proved since Sunday"
        return self.unread

    def connect(self, number: int) -> list[Effect]:
        """A client has connected. ``number`` is positive and new. Before the account was seen whole none is let in."""
        if not self._has_seen:
            return [Close(number, "the account has not been seen yet")]
        self.lines[number] = Line(number)
        return []

    def opened(self, number: int) -> list[Effect]:
        """A line of our own is connected."""
        own = self.own.get(number)
        return [] if own is None else [ToGateway(number, own.take())]

    def closed(self, number: int) -> list[Effect]:
        """A line is closed, by whomever."""
        line = self.lines.pop(number, None)
        own = self.own.pop(number, None)
        if own is not None and own.is_watcher and own.is_current:
            return [
                Tell("view", "the guard's own line to the gateway is closed: no entries until it is back")
            ]
        if line is not None and line.client_id in self.limits.clients.trade and self.ledger.entries():
            return [Tell("gone", f"client {line.client_id} is disconnected while an entry rests")]
        return []

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
            effects += self._end(line, str(error))
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
            self.clearing.heard(line.client_id, now)
        if kind is None or kind.name in _NEVER or kind.name == "startApi":
            what = kind.name if kind else f"a message of an unknown kind ({payload[:12]!r})"
            yield from self._refuse_request(line, -1, f"{what} is not let through")
        elif kind.name in _TRADING:
            yield from self._trade(line, payload, now)
        elif kind.name in _JUDGED:
            yield from self._data(line, payload, now)
        else:
            yield self._pass(line, payload)

    def _start(self, line: Line, payload: bytes, kind: str) -> Iterator[Effect]:
        if line.stage is not Stage.AGREED or kind != "startApi":
            raise RemoteProtocolError(f"{kind or 'something unknown'} came before startApi")
        client_id = decode_request(payload, line.version).clientId
        allowed = self.limits.clients.trade + self.limits.clients.watch
        if client_id not in allowed:
            raise RemoteProtocolError(
                f"client id {client_id} is neither in clients.trade nor in clients.watch"
            )
        line.client_id, line.stage = client_id, Stage.STARTED
        stand_in = self.own.get(stand_in_of(client_id))
        if stand_in is not None:
            yield Close(stand_in.number, f"client {client_id} is back")
        yield self._pass(line, payload)

    def _pass(self, line: Line, payload: bytes) -> Effect:
        return ToGateway(line.number, pack_frame(payload))

    def _data(self, line: Line, payload: bytes, now: datetime) -> Iterator[Effect]:
        """Requests whose answers the guard believes: it must know what each answer is about."""
        try:
            message = decode_request(payload, line.version)
        except RemoteProtocolError as error:
            yield from self._refuse_request(line, error.request_id or -1, f"not readable: {error}")
            return
        number = str(message.reqId).encode()
        if message.kind == "reqMktData":
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
        watcher = self.own.get(WATCHER)
        if con_id and known is None and watcher is not None:
            watcher.ask_contract(con_id)
            yield ToGateway(WATCHER, watcher.take())

    # ── orders

    def _trade(self, line: Line, payload: bytes, now: datetime) -> Iterator[Effect]:
        self.counts.roll(now)
        try:
            message = decode_request(payload, line.version)
        except RemoteProtocolError as error:
            yield from self._refuse_request(line, error.request_id or -1, f"not readable: {error}")
            return
        order_id = message.get("orderId", -1)
        if line.client_id not in self.limits.clients.trade:
            yield from self._refuse_request(line, order_id, f"client {line.client_id} may only watch")
        elif message.kind != "placeOrder":
            yield from self._cancel(line, payload, now)
        elif message.whatIf:
            # Encoded again, so that the gateway cannot read an order where a question was read here.
            yield ToGateway(line.number, encode("placeOrder", line.version, **message.values))
        else:
            yield from self._order(line, message, payload, now)

    def _cancel(self, line: Line, payload: bytes, now: datetime) -> Iterator[Effect]:
        why = self.counts.too_many("cancels", self.limits.rates, now)
        self.counts.add("cancels", now)
        if why is not None:
            yield Tell("cancels", f"client {line.client_id}: {why}; they are let through")
        yield self._pass(line, payload)

    def _order(self, line: Line, message: WireMessage, payload: bytes, now: datetime) -> Iterator[Effect]:
        stop, is_flattening = self.clearing.stop, self.clearing.is_flattening
        room = Room(self.limits, self.ledger, now, str(stop or ""), self.blind, is_flattening)
        try:
            asked = read_order(message, line.client_id, self.ledger, self.limits, now)
            check_order(asked, room)
        except Refused as refused:
            yield from self._refuse_order(line, message.orderId, refused)
            return
        self.counts.add(
            "revisions" if asked.old is not None else "entries" if asked.order.is_buy else "exits", now
        )
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
        yield self._say(line, order_id, code, f"Order rejected - reason:guard: {refused}")
        if old is not None and old.last_status:
            yield ToClient(line.number, old.last_status)
        yield Tell(f"refused {refused.check}", f"client {line.client_id}, order {order_id}: {refused}")

    def _refuse_request(self, line: Line, request_id: int, why: str) -> Iterator[Effect]:
        self.counts.refused += 1
        yield self._say(line, request_id, 321, f"Error validating request:-'guard' : cause - {why}")
        yield Tell("refused request", f"client {line.client_id}: {why}")

    def _say(self, line: Line, request_id: int, code: int, text: str) -> ToClient:
        return ToClient(
            line.number, encode("error", line.version, reqId=request_id, errorCode=code, errorString=text)
        )

    def _end(self, line: Line, why: str) -> list[Effect]:
        self.lines.pop(line.number, None)
        told: list[Effect] = []
        if line.version:
            told.append(self._say(line, -1, 321, f"Error validating request:-'guard' : cause - {why}"))
        return [*told, Close(line.number, why), Tell("line", f"a client's line was closed: {why}")]

    # ── the gateway's side

    def from_gateway(self, number: int, data: bytes, now: datetime) -> list[Effect]:
        """Any slice of what the gateway says on a line."""
        try:
            if number in self.own:
                return list(self._own_answers(self.own[number], data, now))
            line = self.lines.get(number)
            return [] if line is None else self._answers(line, data, now)
        except RemoteProtocolError as error:
            if number in self.own:
                del self.own[number]
                return [Close(number, str(error)), Tell("own line", f"the guard's own line: {error}")]
            return self._end(self.lines[number], str(error))

    def _answers(self, line: Line, data: bytes, now: datetime) -> list[Effect]:
        passed: list[bytes] = []
        told: list[Effect] = []
        for payload in line.answers(data):
            if line.stage is Stage.GREETED:
                line.answered(payload)
            elif line.stage is Stage.STARTED:
                told += self._answer(line, payload, now)
            passed.append(pack_frame(payload))
            if payload.startswith(b"9\0") and self.clearing.stop is not None:
                passed.append(self._say(line, -1, NOTICE, f"guard: {self.clearing.stop}").data)
        return [ToClient(line.number, b"".join(passed)), *told] if passed else told

    def _answer(self, line: Line, payload: bytes, now: datetime) -> list[Effect]:
        key = payload.split(b"\0", 1)[0]
        if key in _READ:
            fields = payload.split(b"\0", 6)
            con_id = line.contract_of(fields[2], now) if len(fields) > 5 else 0
            if con_id:
                self.ledger.on_tick(con_id, fields, now)
            return []
        if key not in _HEARD:
            return []
        try:
            message = decode_answer(payload, line.version)
        except RemoteProtocolError as error:
            return self._unreadable(error)
        self._note(message, now, line, pack_frame(payload))
        return []

    def _note(self, message: WireMessage, now: datetime, line: Line | None, frame: bytes) -> None:
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
                ledger.on_position(message, now, is_news=self._has_seen)
            case "contractDetails":
                ledger.on_contract(message)
            case "error" if line is not None:
                ledger.on_refusal((line.client_id, message.reqId), message.errorCode)
            case "managedAccounts":
                ledger.managed = tuple(a for a in message.accountsList.split(",") if a)

    def _unreadable(self, error: RemoteProtocolError) -> list[Effect]:
        if error.kind in {"execDetails", "position"}:
            self.unread = (
                f"a message of the gateway could not be read ({error.kind}); ibkr-guard resume goes on"
            )
        return [Tell("unreadable", f"the gateway said what the guard cannot read: {error}")]

    def _own_answers(self, own: OwnLine, data: bytes, now: datetime) -> Iterator[Effect]:
        for message in own.receive(data, now):
            if isinstance(message, RemoteProtocolError):
                yield from self._unreadable(message)
                continue
            self._note(message, now, None, b"")
            if own.is_ready and own.is_watcher and own.accounts & self.ledger.accounts:
                self.proof.proved(own.begun_at)
            if message.kind == "error" and message.reqId > 0:
                self.ledger.on_refusal((own.client_id, message.reqId), message.errorCode)
            if message.kind == "openOrderEnd" and own.is_watcher and own.asked_at is not None:
                self.ledger.keep_only(own.seen, own.asked_at)
                own.sees_orders = True
            if own.is_current and not self._has_seen:
                self._has_seen = True
                yield Tell("view", "the account is seen; clients are served")
            if message.kind == "nextValidId" and not own.is_watcher:
                yield from self.clearing.speak(own, now)
        if own.out:
            yield ToGateway(own.number, own.take())

    # ── time and a person

    def time_passed(self, now: datetime) -> list[Effect]:
        """Every fraction of a second."""
        self._now = now
        self.counts.roll(now)
        self.ledger.settle(now)
        watcher = self.own.get(WATCHER)
        looking: list[Effect] = []
        if watcher is None:
            line = OwnLine(WATCHER, self.limits.clients.guard, now, is_watcher=True)
            looking += self.clearing.open(line, now)
        elif watcher.begun_at < log_in_ended(now) or watcher.is_mute(now):
            looking.append(Close(WATCHER, "a new handshake proves the log-in"))
        elif watcher.is_due(now):
            watcher.ask_orders(now)
            looking.append(ToGateway(WATCHER, watcher.take()))
        looking += self._remind(now)
        return [*looking, *self.proof.time_passed(now), *self.clearing.time_passed(now)]

    def set_stop(self, stop: Stop | None, now: datetime) -> list[Effect]:
        """A person has stopped or gone on. Going on also forgets round trips and what could not be read."""
        is_news, self.clearing.stop = stop != self.clearing.stop, stop
        if stop is None:
            self.counts.round_trips, self.unread, self.clearing.closes = 0, "", False
            told = self._notices(GOES_ON, "guard: entries are let through again", now)
            return [Tell("stop", "a person has gone on", is_urgent=True), *told]
        if not is_news:
            return []
        words = f"guard: {stop}"
        told = self._notices(NOTICE, words, now)
        return [Tell("stop", words, is_urgent=True), *told, *self.clearing.time_passed(now)]

    def _notices(self, code: int, words: str, now: datetime) -> list[ToClient]:
        """To every client that trades and has started."""
        self._noticed = now
        lines = (line for line in self.lines.values() if line.stage is Stage.STARTED)
        return [
            self._say(line, -1, code, words) for line in lines if line.client_id in self.limits.clients.trade
        ]

    def _remind(self, now: datetime) -> list[ToClient]:
        """A stop is said again: a client that was just connecting may have passed over the first notice."""
        if self.clearing.stop is None or now - self._noticed < _REMIND:
            return []
        return self._notices(NOTICE, f"guard: {self.clearing.stop}", now)

    def state(self, now: datetime) -> dict[str, Any]:
        """What ``ibkr-guard status`` shows."""
        return {
            "at": now.isoformat(),
            "stopped": stop.to_json() if (stop := self.clearing.stop) is not None else None,
            "flattening": self.clearing.is_flattening,
            "blind": self.blind,
            "log_in_proved": self.proof.is_proved(now),
            "clients": {str(li.client_id): li.stage.value for li in self.lines.values()},
            "silent": sorted(self.clearing.silent),
            "held": {f"{account} {con_id}": str(q) for (account, con_id), q in self.ledger.held.items()},
            "premium": str(self.ledger.premium()),
            "resting_entries": len(self.ledger.entries()),
            "working_orders": len(self.ledger.working),
            "day": new_york_day(now).isoformat(),
            "refused": self.counts.refused,
            **self.counts.to_json(),
        }
