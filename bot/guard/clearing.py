"""Taking orders back without the client's help: a person's stop, and a client that has gone silent.

Rule: resting entries are cancelled, protection stays. Only ``flatten`` takes protection back too, and then sells what is
held once nothing of the contract works any more, so that nothing can be sold twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from bot.guard.core.effects import Close, Effect, Open, Tell, ToGateway
from bot.guard.core.ledger import Holding, Key, Ledger, Working
from bot.guard.core.limits import Limits
from bot.guard.core.line import Line, Stage
from bot.guard.own_line import OwnLine
from bot.wire import encode

WATCHER: Final = -1
_STAND_INS: Final = 1000
_AGAIN: Final = timedelta(seconds=5)


def stand_in_of(client: int) -> int:
    """The number of the guard's line that speaks for a client."""
    return -(_STAND_INS + client)


@dataclass(frozen=True, slots=True)
class Stop:
    """A person's latch. ``flatten``: what is held is closed, too."""

    reason: str
    by: str
    at: datetime
    flatten: bool = False

    def __str__(self) -> str:
        return f"stopped: {self.reason} ({self.by})"

    def to_json(self) -> dict[str, Any]:
        """For the disk and for ``status``."""
        return {"reason": self.reason, "by": self.by, "at": self.at.isoformat(), "flatten": self.flatten}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Stop:
        """The inverse. Errors: KeyError, TypeError, ValueError for anything else."""
        at = datetime.fromisoformat(found["at"])
        return cls(str(found["reason"]), str(found["by"]), at, bool(found["flatten"]))


class Clearing:
    """``lines`` and ``own`` are the guard's, shared. ``closes``: the dead man's rule is flattening."""

    def __init__(
        self,
        limits: Limits,
        ledger: Ledger,
        lines: dict[int, Line],
        own: dict[int, OwnLine],
        now: datetime,
        stop: Stop | None,
    ) -> None:
        self.stop = stop
        self.closes = False
        self.silent: set[int] = set()
        self._limits, self._ledger, self._lines, self._own = limits, ledger, lines, own
        self._heard = dict.fromkeys(limits.clients.trade, now)
        self._opened: dict[int, datetime] = {}
        self._cancelled: dict[Key, datetime] = {}
        self._sold: dict[Holding, datetime] = {}

    @property
    def is_flattening(self) -> bool:
        return self.closes or (self.stop is not None and self.stop.flatten)

    def heard(self, client: int, now: datetime) -> None:
        """A trading client has said something: its heart beats."""
        self._heard[client] = now
        self.silent.discard(client)

    def silent_s(self, client: int, now: datetime) -> int:
        """For how long a trading client has said nothing."""
        return int((now - self._heard[client]).total_seconds())

    def time_passed(self, now: datetime) -> list[Effect]:
        """Look after silent clients, and cancel whatever has to go."""
        self._cancelled = {key: at for key, at in self._cancelled.items() if key in self._ledger.working}
        effects = [*self._watch_hearts(now)]
        for client in self._limits.clients.trade:
            effects += self._clear(client, now)
        effects += self._leave()
        if self.is_flattening:
            effects += self._flatten(now)
        return effects

    def open(self, own: OwnLine, now: datetime) -> Iterator[Effect]:
        """A line of our own, not more often than every few seconds."""
        opened = self._opened.get(own.number)
        if opened is None or now - opened >= _AGAIN:
            self._opened[own.number] = now
            self._own[own.number] = own
            yield Open(own.number)

    def speak(self, own: OwnLine, now: datetime) -> Iterator[Effect]:
        """A stand-in is ready: it cancels what has to go. The bytes are its ``out``."""
        orders = self._to_cancel(own.client_id, now)
        for order in orders:
            own.send("cancelOrder", orderId=order.key[1])
        self._cancelled |= dict.fromkeys((order.key for order in orders), now)
        if orders:
            yield Tell(
                "stand in", f"the guard cancels {len(orders)} orders in place of client {own.client_id}"
            )

    def _watch_hearts(self, now: datetime) -> Iterator[Effect]:
        patience_s = self._limits.dead_man.silent_s
        for client in self._heard:
            if client in self.silent or self.silent_s(client, now) < patience_s:
                continue
            resting = [order for order in self._ledger.entries() if order.key[0] == client]
            closes = bool(self._ledger.held) and self._limits.dead_man.flatten
            if not resting and not closes:
                continue
            self.silent.add(client)
            self.closes = self.closes or closes
            words = f"client {client} has been silent for {patience_s} s: {len(resting)} resting entries are cancelled"
            words += ", everything held is closed" if closes else ""
            yield Tell(f"dead man {client}", words, is_urgent=True)

    def _clear(self, client: int, now: datetime) -> Iterator[Effect]:
        orders = self._to_cancel(client, now)
        if not orders:
            return
        line = next((line for line in self._lines.values() if line.client_id == client), None)
        own = self._own.get(stand_in_of(client))
        if line is not None and line.stage is Stage.STARTED:
            self._cancelled |= dict.fromkeys((order.key for order in orders), now)
            frames = (encode("cancelOrder", line.version, orderId=order.key[1]) for order in orders)
            yield ToGateway(line.number, b"".join(frames))
        elif own is None:
            yield from self.open(OwnLine(stand_in_of(client), client, now, is_watcher=False), now)
        elif own.is_ready:
            yield from self.speak(own, now)
            yield ToGateway(own.number, own.take())

    def _to_cancel(self, client: int, now: datetime) -> list[Working]:
        if self.stop is None and client not in self.silent:
            return []
        orders = list(self._ledger.working.values()) if self.is_flattening else self._ledger.entries()
        return [order for order in orders if order.key[0] == client and self._may_cancel(order.key, now)]

    def _may_cancel(self, key: Key, now: datetime) -> bool:
        asked = self._cancelled.get(key)
        return asked is None or now - asked >= _AGAIN

    def _leave(self) -> Iterator[Effect]:
        """Stand-ins that have nothing left to say."""
        for own in [own for own in self._own.values() if not own.is_watcher and own.is_ready]:
            mine = (order for order in self._ledger.working.values() if order.key[0] == own.client_id)
            if not any(order.is_buy or self.is_flattening for order in mine):
                yield Close(own.number, "nothing is left to cancel")

    def _flatten(self, now: datetime) -> Iterator[Effect]:
        watcher = self._own.get(WATCHER)
        if watcher is None or not watcher.is_current:
            return
        busy = {order.holding for order in self._ledger.working.values()}
        for holding, quantity in list(self._ledger.held.items()):
            sold = self._sold.get(holding)
            if quantity > 0 and holding not in busy and (sold is None or now - sold >= _AGAIN):
                self._sold[holding] = now
                yield from self._sell(watcher, holding, quantity, now)

    def _sell(self, watcher: OwnLine, holding: Holding, quantity: Decimal, now: datetime) -> Iterator[Effect]:
        order_id, watcher.next_order_id = watcher.next_order_id, watcher.next_order_id + 1
        key = (watcher.client_id, order_id)
        self._ledger.let_through(Working(key, holding, False, now, "MKT", quantity, is_ours=True))
        account, con_id = holding
        terms = {"action": "SELL", "totalQuantity": quantity, "orderType": "MKT", "tif": "DAY"}
        where = {"conId": con_id, "exchange": "SMART", "account": account}
        watcher.send("placeOrder", orderId=order_id, orderRef="guard/flatten", **where, **terms)
        yield ToGateway(WATCHER, watcher.take())
        yield Tell(
            "flatten", f"the guard sells {quantity} of contract {con_id} at the market", is_urgent=True
        )
