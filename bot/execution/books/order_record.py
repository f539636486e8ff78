"""One order of ours: as we meant it, and as the broker last spoke of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from bot.domain.order import LIVE, Leg, OpenOrder, Order, OrderStatus
from bot.domain.reconciling.evidence import OwnOrder
from bot.domain.types import OrderRef, PermId


@dataclass(slots=True)
class OrderRecord:
    """One order's life: quantity and prices as last revised; ``seen`` is the broker's own picture by permId."""

    order: Order
    sent_at: datetime
    quantity: int
    limit_price: Decimal | None
    stop_price: Decimal | None
    status: OrderStatus = OrderStatus.IN_FLIGHT
    reported_filled: int = 0
    reason: str = ""
    is_rejected: bool = False
    reported_at: datetime | None = None
    perm_id: PermId = 0
    cancel_wanted: str = ""
    cancel_sent_at: datetime | None = None
    fill_due_since: datetime | None = None
    seen: dict[PermId, OpenOrder] = field(default_factory=dict)
    _own: tuple[tuple[object, ...], OwnOrder] | None = field(
        default=None, init=False, repr=False, compare=False
    )
    """As last told, behind what it was made of."""

    @property
    def ref(self) -> OrderRef:
        return self.order.ref

    @property
    def is_live(self) -> bool:
        return self.status in LIVE

    @property
    def is_inactive(self) -> bool:
        """Rejected by status alone: at IB such an order may yet come to life."""
        return self.status is OrderStatus.REJECTED and not self.is_rejected

    @property
    def is_awaited(self) -> bool:
        """Whether an answer, a cancel or a fill of it is still to come; an exit that rests is not awaited."""
        is_quiet = self.status in (OrderStatus.HELD, OrderStatus.WORKING) and self.order.leg is not Leg.ENTRY
        return not is_quiet or bool(self.cancel_wanted) or self.fill_due_since is not None

    def is_over(self, now: datetime, inactive_wait_s: float) -> bool:
        """Whether it can trade no more. An inactive order counts once it was cancelled and stayed silent."""
        if not self.is_inactive:
            return not self.is_live
        sent = self.cancel_sent_at
        return sent is not None and now >= sent + timedelta(seconds=inactive_wait_s)

    def as_own(self) -> OwnOrder:
        """What a snapshot is compared with. Most orders of a day have ended, and are as they were at the last one."""
        changing = (
            self.status,
            self.is_rejected,
            self.quantity,
            self.reported_at,
            self.cancel_sent_at,
            self.perm_id,
        )
        made_of = (*changing, *self.seen)
        if self._own is None or self._own[0] != made_of:
            self._own = made_of, self._made_own()
        return self._own[1]

    def _made_own(self) -> OwnOrder:
        sent_at = self.sent_at
        return OwnOrder(
            self.order
            if self.order.quantity == self.quantity
            else replace(self.order, quantity=self.quantity),
            # What was refused once and then forgotten by the broker stays ended; an inactive order may not.
            OrderStatus.HELD if self.is_inactive else self.status,
            max(sent_at, self.cancel_sent_at or sent_at) if self.reported_at else sent_at,
            self.reported_at,
            frozenset({self.perm_id, *self.seen} - {0}),
        )

    def live_sightings(self) -> Iterator[OpenOrder]:
        return (seen for seen in self.seen.values() if seen.status in LIVE)
