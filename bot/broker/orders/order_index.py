"""Who is who among orders: our refs, IB's permIds, and order ids that mean something in one session only. Pure.

Rule: permId before order id. Order ids fall back after a gateway's restart and are given out twice; a permId never is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bot.domain.contract import Contract
from bot.domain.order import DONE, OrderStatus
from bot.domain.types import OrderId, OrderRef, PermId


@dataclass(slots=True, eq=False)
class KnownOrder:
    """One order at the broker. ``reported`` is the library's order of the last openOrder; before the first, as we sent it."""

    ref: OrderRef
    contract: Contract
    client_id: int
    order_id: OrderId
    perm_id: PermId = 0
    parent_id: OrderId = 0
    status: OrderStatus = OrderStatus.IN_FLIGHT
    filled: int = 0
    reported: Any = None
    is_acknowledged: bool = False
    is_revising: bool = False
    text: str = ""
    """What an error message said of it; told with the next status."""

    @property
    def is_live(self) -> bool:
        return self.status not in DONE


@dataclass(slots=True)
class OrderIndex:
    """All orders of this session, and what earlier sessions left alive."""

    _by_perm: dict[PermId, KnownOrder] = field(default_factory=dict)
    _by_id: dict[tuple[int, OrderId], KnownOrder] = field(default_factory=dict)
    _by_ref: dict[OrderRef, list[KnownOrder]] = field(default_factory=dict)

    def sent(self, order: KnownOrder) -> None:
        """An order of ours goes out now; its id belongs to it whatever bore it before."""
        self._by_id[order.client_id, order.order_id] = order
        self._by_ref.setdefault(order.ref, []).append(order)

    def seen(
        self, contract: Contract, reported: Any, order_id: OrderId, *, client_id: int, status: OrderStatus
    ) -> KnownOrder:
        """An openOrder message. Finds the order or makes it known."""
        perm_id = int(reported.permId)
        known = self.find(client_id, order_id, perm_id)
        if known is None:
            known = KnownOrder(reported.orderRef, contract, client_id, order_id)
            if known.ref:
                self._by_ref.setdefault(known.ref, []).append(known)
        known.order_id = order_id
        known.reported = reported
        known.parent_id = int(reported.parentId) or known.parent_id
        known.status = status
        known.is_acknowledged = True
        self._bind(known, perm_id)
        return known

    def find(self, client_id: int, order_id: OrderId, perm_id: PermId) -> KnownOrder | None:
        """By permId; by order id only where neither side knows a permId that contradicts it."""
        known = self._by_perm.get(perm_id) if perm_id else None
        if known is not None:
            return known
        known = self._by_id.get((client_id, order_id)) if order_id > 0 else None
        if known is None or (perm_id and known.perm_id and known.perm_id != perm_id):
            return None
        return known

    def received(self, known: KnownOrder, perm_id: PermId, status: OrderStatus, filled: int) -> None:
        """An orderStatus message about a known order."""
        self._bind(known, perm_id)
        known.status = status
        known.filled = max(known.filled, filled)
        known.is_acknowledged = True
        known.is_revising = False

    def _bind(self, known: KnownOrder, perm_id: PermId) -> None:
        if perm_id:
            known.perm_id = perm_id
            self._by_perm[perm_id] = known
        if known.order_id > 0:
            self._by_id[known.client_id, known.order_id] = known

    def of_ref(self, ref: OrderRef, perm_id: PermId | None = None) -> KnownOrder | None:
        """The order that bears the ref: the one with that permId, else a live one, else the latest."""
        bearers = self._by_ref.get(ref, [])
        if perm_id is not None:
            return next((known for known in bearers if known.perm_id == perm_id), None)
        alive = [known for known in bearers if known.is_live]
        found = alive or bearers
        return found[-1] if found else None

    def of_id(self, client_id: int, order_id: OrderId) -> KnownOrder | None:
        return self._by_id.get((client_id, order_id))

    def parent_of(self, known: KnownOrder) -> KnownOrder | None:
        return self._by_id.get((known.client_id, known.parent_id)) if known.parent_id else None

    def start_session(self) -> None:
        """What has ended is forgotten, so that the books do not grow from day to day; ids start over."""
        alive = list(self.live())
        self._by_id.clear()
        self._by_perm.clear()
        self._by_ref.clear()
        for known in alive:
            self._by_ref.setdefault(known.ref, []).append(known)
            if known.perm_id:
                self._by_perm[known.perm_id] = known

    def live(self) -> Iterator[KnownOrder]:
        return (known for bearers in self._by_ref.values() for known in bearers if known.is_live)
