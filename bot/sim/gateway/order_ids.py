"""Order ids as each client sees them, and the exchange's own, which are never used twice.

Rule: IB keeps the next valid id per client and for ever, but its nightly restart was seen to roll it back; then a client
may reuse the id of an order that is over. The exchange is given a fresh id for such an order, and this table says
which is meant.
"""

from __future__ import annotations

from itertools import count

from bot.domain.types import OrderId

# Above everything a client can say, which has 32 bits.
_FIRST_FRESH = 1 << 40
# TWS API: order ids are 32-bit ints, and the largest stands for "unset".
MAX_ORDER_ID = 2**31 - 2


class OrderIds:
    """``wire`` ids are the clients', ``own`` ids the exchange's; they differ only for reused ones."""

    def __init__(self) -> None:
        self._next: dict[int, OrderId] = {}
        self._own: dict[tuple[int, OrderId], OrderId] = {}
        self._wire: dict[tuple[int, OrderId], OrderId] = {}
        self._fresh = count(_FIRST_FRESH)

    def next_valid(self, client_id: int) -> OrderId:
        return self._next.get(client_id, 1)

    def note(self, client_id: int, wire_id: OrderId) -> None:
        """The client used this id: the next valid one lies above it."""
        self._next[client_id] = max(self.next_valid(client_id), wire_id + 1)

    def roll_back(self) -> None:
        """Forget what was used, as a restarted gateway may."""
        self._next.clear()

    def reuse(self, client_id: int, wire_id: OrderId) -> OrderId:
        """From now on ``wire_id`` means a new order of that client. Returns the exchange's id for it."""
        own_id = next(self._fresh)
        self._own[client_id, wire_id] = own_id
        self._wire[client_id, own_id] = wire_id
        return own_id

    def own(self, client_id: int, wire_id: OrderId) -> OrderId:
        return self._own.get((client_id, wire_id), wire_id)

    def wire(self, client_id: int, own_id: OrderId) -> OrderId:
        return self._wire.get((client_id, own_id), own_id)
