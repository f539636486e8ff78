"""The gateway's own books, for checks of invariants from outside the bot, and the ledger that keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.types import ConId, OrderId, OrderRef
from bot.sim.exchange.account_values import AccountPosition
from bot.sim.exchange.fractions.sizes import Units, tidy
from bot.sim.exchange.live_order import LiveOrder
from bot.sim.exchange.orders import SimOrder


@dataclass(frozen=True, slots=True)
class ReceivedOrder:
    """One order message a client sent. ``kind``: new, modify or what_if."""

    at: datetime
    client_id: int
    order_id: OrderId
    kind: str
    order_ref: OrderRef
    order: SimOrder


@dataclass(frozen=True, slots=True)
class AccountLedger:
    """Positions, protection and message counts.

    ``working_stops``: quantity per contract that can trigger now (held children do not count; a triggered stop that is
    not filled yet does). The counters are of client messages, refused ones included.
    """

    positions: Mapping[ConId, Units]
    working_stops: Mapping[ConId, Units]
    orders_received: int
    modifies: int
    cancels: int
    what_ifs: int
    received: tuple[ReceivedOrder, ...]

    @property
    def order_messages(self) -> int:
        """Everything that could change an order: a dry run must send none."""
        return self.orders_received + self.modifies + self.cancels


class SimLedger:
    """Counts what clients send."""

    def __init__(self) -> None:
        self.cancels = 0
        self._received: list[ReceivedOrder] = []
        self._manual = 0

    def received(
        self, at: datetime, client_id: int, order_id: OrderId, order: SimOrder, *, is_new: bool
    ) -> None:
        kind = "what_if" if order.what_if else "new" if is_new else "modify"
        self._received.append(ReceivedOrder(at, client_id, order_id, kind, order.order_ref, order))

    def manual_id(self) -> OrderId:
        """The next negative order id, for an order typed into TWS."""
        self._manual -= 1
        return self._manual

    def books(self, positions: Iterable[AccountPosition], alive: Iterable[LiveOrder]) -> AccountLedger:
        kinds = [received.kind for received in self._received]
        stops: dict[ConId, Units] = {}
        for order in alive:
            if order.is_active and order.is_stop:
                stops[order.contract.con_id] = tidy(stops.get(order.contract.con_id, 0) + order.remaining)
        held: dict[ConId, Units] = {}
        for position in positions:
            con_id = position.contract.con_id
            held[con_id] = tidy(held.get(con_id, 0) + position.quantity)
        return AccountLedger(
            positions=held,
            working_stops=stops,
            orders_received=kinds.count("new"),
            modifies=kinds.count("modify"),
            cancels=self.cancels,
            what_ifs=kinds.count("what_if"),
            received=tuple(self._received),
        )
