"""What a dry run remembers of its earlier lives: the simulated positions, and the orders that rest around them.

Rule: it only reads the journal's rows and answers; names, permIds and order ids stay what they were, so that whoever
reconciles finds its own orders again. An entry that was filled in part is not put back: its exits are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from bot.domain.broker_messages import OrderStatusChanged, SendOrders, SendRevision
from bot.domain.messages import FillBooked, Message
from bot.domain.order import Fill, Order, OrderStatus, OrderType, execution_key
from bot.domain.types import ConId, OrderId, OrderRef, PermId, Side

REPLAYED_KINDS: Final[tuple[type, ...]] = (SendOrders, SendRevision, OrderStatusChanged, FillBooked)
_AT_REST = frozenset({OrderStatus.HELD, OrderStatus.WORKING})


@dataclass(frozen=True, slots=True)
class Resting:
    """An order to put back: ``order`` with its revisions, how much of it has filled, and its numbers."""

    order: Order
    filled: int
    order_id: OrderId
    perm_id: PermId
    parent_id: OrderId


class DryRunJournal:
    def __init__(self) -> None:
        self._orders: dict[OrderRef, Order] = {}
        self._last_status: dict[OrderRef, OrderStatusChanged] = {}
        self._fills: dict[str, Fill] = {}

    def learn(self, message: Message) -> None:
        match message:
            case SendOrders(orders):
                self._orders |= {order.ref: order for order in orders}
            case SendRevision() if message.ref in self._orders:
                self._orders[message.ref] = _revised(self._orders[message.ref], message)
            case OrderStatusChanged():
                self._last_status[message.ref] = message
            case FillBooked(fill):
                # A correction has the same stem and comes later.
                self._fills[execution_key(fill.exec_id)[0]] = fill
            case _:
                pass

    @property
    def next_id(self) -> OrderId:
        """Above every id that was used."""
        return max((last.order_id for last in self._last_status.values()), default=0) + 1

    def fills(self, today: date) -> list[Fill]:
        """Those that make up the positions: of contracts that are still held and still exist."""
        held = self._held()
        return [fill for fill in self._fills.values() if held[fill.contract.con_id] and _exists(fill, today)]

    def resting(self, today: date) -> Iterator[Resting]:
        """The orders at rest, parents before their children."""
        held = {fill.contract.con_id for fill in self.fills(today)}
        parents: dict[OrderRef, OrderId] = {}
        for ref, sent in self._orders.items():
            order = sent
            last = self._last_status.get(ref)
            if last is None or last.status not in _AT_REST:
                continue
            is_held = order.contract.con_id in held
            parent_id = parents.get(order.parent_ref or "", 0)
            if order.side is Side.BUY:
                if is_held or last.filled:
                    continue
                parents[ref] = last.order_id
            elif not parent_id:
                if not is_held:
                    continue
                order = replace(order, transmit=True)  # no parent holds it back any more
            yield Resting(order, last.filled, last.order_id, last.perm_id, parent_id)

    def _held(self) -> Counter[ConId]:
        held: Counter[ConId] = Counter()
        for fill in self._fills.values():
            held[fill.contract.con_id] += fill.signed_quantity
        return held


def _revised(order: Order, revision: SendRevision) -> Order:
    price: dict[str, Any] = (
        {"stop_price": revision.limit_price}
        if order.type is OrderType.STOP
        else {"limit_price": revision.limit_price}
    )
    return replace(order, quantity=revision.quantity, **price)


def _exists(fill: Fill, today: date) -> bool:
    return fill.contract.expiry is None or fill.contract.expiry >= today
