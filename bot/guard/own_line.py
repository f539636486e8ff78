"""A line of the guard's own to the gateway: to see the account for itself, or to speak for a client that is gone.

IB lets nobody but the client that placed an order cancel it (TWS API, "Cancelling Orders"): for a client that is gone,
the guard connects under that client's id, cancels, and leaves again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from bot.guard.core.ledger import Key
from bot.wire import (
    Closed,
    Connection,
    LocalProtocolError,
    RemoteProtocolError,
    Role,
    ServerHello,
    WireMessage,
)

WATCH_AGAIN = timedelta(seconds=30)


class OwnLine:
    """``is_watcher``: asks for positions and everybody's open orders, again and again. ``out`` is what to send next."""

    def __init__(self, number: int, client_id: int, begun_at: datetime, *, is_watcher: bool) -> None:
        self.number, self.client_id, self.is_watcher = number, client_id, is_watcher
        self.begun_at = begun_at
        self.accounts: frozenset[str] = frozenset()
        self.is_ready = False
        self.next_order_id = 0
        self.sees_positions = self.sees_orders = False
        self.seen: set[Key] = set()
        self.asked_at: datetime | None = None
        self._wire = Connection(Role.CLIENT)
        self.out: list[bytes] = [self._wire.open()]

    @property
    def is_current(self) -> bool:
        return self.sees_positions and self.sees_orders

    def send(self, kind: str, **values: Any) -> None:
        """Queue one message. Errors: LocalProtocolError before the line is ready."""
        self.out.append(self._wire.send(kind, **values))

    def take(self) -> bytes:
        out, self.out = b"".join(self.out), []
        return out

    def receive(self, data: bytes, now: datetime) -> Iterator[WireMessage | RemoteProtocolError]:
        """The gateway's messages; one that cannot be read comes as the error. Errors: RemoteProtocolError, final."""
        self._wire.receive_data(data)
        while True:
            try:
                event = self._wire.next_event()
            except RemoteProtocolError as error:
                if not error.recoverable:
                    raise
                yield error
                continue
            if event is None or isinstance(event, Closed):
                return
            if isinstance(event, ServerHello):
                self.send("startApi", clientId=self.client_id, optCapab="")
            elif isinstance(event, WireMessage):
                self._note(event, now)
                yield event

    def _note(self, message: WireMessage, now: datetime) -> None:
        match message.kind:
            case "nextValidId":
                self.next_order_id = max(self.next_order_id, message.orderId)
                if not self.is_ready:
                    self.is_ready = True
                    self._watch(now)
            case "managedAccounts":
                self.accounts = frozenset(message.accountsList.split(","))
            case "positionEnd":
                self.sees_positions = True
            case "openOrder":
                self.seen.add((message.clientId, message.orderId))

    def _watch(self, now: datetime) -> None:
        if self.is_watcher:
            self.send("reqPositions")
            self.ask_orders(now)

    def ask_orders(self, now: datetime) -> None:
        """Everybody's open orders once more."""
        self.seen, self.asked_at = set(), now
        self.send("reqAllOpenOrders")

    def is_due(self, now: datetime) -> bool:
        return (
            self.is_watcher
            and self.is_ready
            and (self.asked_at is None or now - self.asked_at >= WATCH_AGAIN)
        )

    def is_mute(self, now: datetime) -> bool:
        """Whether it has been open for a while and the gateway has not greeted: it is up and not logged in."""
        return not self.is_ready and now - self.begun_at >= WATCH_AGAIN

    def ask_contract(self, con_id: int) -> None:
        """What a contract is that a client named by its number alone."""
        if self.is_ready:
            try:
                self.send("reqContractDetails", reqId=con_id % 1_000_000_000, conId=con_id)
            except LocalProtocolError:
                return
