"""What the toy exchange keeps of an order, how it shows it, and the exchange_settings of its misbehaviour."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from bot.domain.order import LIVE, OpenOrder, Order, OrderStatus, OrderType
from bot.domain.types import OrderRef, PermId


@dataclass
class ExchangeSettings:
    """How the broker misbehaves; every default is good behaviour."""

    fill_step: int = 1000
    children_wait_for_whole_parent: bool = False
    shrinks_children_of_cut_parent: bool = True
    swallows: set[OrderRef] = field(default_factory=set)
    refuses: dict[OrderRef, tuple[int, str]] = field(default_factory=dict)
    swallows_cancels: int = 0
    breaks_oca: bool = False
    doubles_revisions: bool = False
    ignores_revisions: bool = False
    shows_stops_as: OrderType | None = None
    shows_tif: str | None = None
    says_statuses: bool = True
    commission: str = "with the fill"  # or "late", "never"
    fails_snapshots: int = 0
    stale_positions: int = 0
    cancels_before_fills: bool = False


@dataclass
class Held:
    """One order at the broker."""

    order: Order
    perm_id: PermId
    status: OrderStatus
    quantity: int
    limit_price: Decimal | None
    filled: int = 0

    @property
    def remaining(self) -> int:
        return self.quantity - self.filled

    @property
    def is_live(self) -> bool:
        return self.status in LIVE


def shown(held: Held, exchange_settings: ExchangeSettings, client_id: int = 1) -> OpenOrder:
    order = held.order
    shown_type = order.type
    if order.type is OrderType.STOP and exchange_settings.shows_stops_as is not None:
        shown_type = exchange_settings.shows_stops_as
    return OpenOrder(
        ref=order.ref,
        order_id=held.perm_id - 6000,
        perm_id=held.perm_id,
        client_id=client_id,
        contract=order.contract,
        side=order.side,
        type=shown_type,
        quantity=held.quantity,
        filled=held.filled,
        status=held.status,
        limit_price=held.limit_price,
        stop_price=order.stop_price,
        tif=exchange_settings.shows_tif or str(order.tif),
        oca_group=order.oca_group,
        parent_id=1 if order.parent_ref else 0,
    )
