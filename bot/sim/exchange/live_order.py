"""An order in the exchange's hands: the mutable record behind every :class:`OrderView`.

Rule: holds facts and answers questions about itself; it changes only what ``exchange.py`` tells it to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from bot.domain.contract import Contract
from bot.domain.types import ConId, OrderId, PermId, Side
from bot.sim.exchange.fractions.sizes import Units, tidy
from bot.sim.exchange.order_kinds import OrderKind, Wake, kind_of, trail_offset
from bot.sim.exchange.orders import FINAL_STATUSES, IbStatus, OrderView, SimOrder

_CENT = Decimal("0.0001")


@dataclass(slots=True, eq=False)
class LiveOrder:
    """``cap`` is what it may fill in all: the ordered quantity less OCA reductions; see also :attr:`quantity`."""

    client_id: int
    order_id: OrderId
    perm_id: PermId
    contract: Contract
    order: SimOrder
    placed_at: datetime
    cap: Units
    parent: LiveOrder | None = None
    children: list[LiveOrder] = field(default_factory=list)
    status: IbStatus = IbStatus.PRE_SUBMITTED
    filled: Units = 0
    value: Decimal = Decimal(0)
    last_price: Decimal = Decimal(0)
    is_transmitted: bool = False
    is_active: bool = False
    is_gated: bool = False
    """True while it waits for a time, a condition or the opening auction."""
    is_resting: bool = False
    is_triggered: bool = False
    is_cancelling: bool = False
    answered: Units = 0
    """The part of ``filled`` that its OCA group and its siblings know of."""
    hits: int = 0
    """Consecutive quotes at or beyond the trigger."""
    stop: Decimal | None = None
    pegged: Decimal | None = None
    """Where a pegged order stands now."""
    leg_fills: dict[ConId, tuple[Units, Decimal]] = field(default_factory=dict)
    """Of a combination: how much of each leg has filled, and for how many USD."""
    shares: dict[str, int] = field(default_factory=dict)
    """Of an advisor's order: what each account of its group was given."""
    completed_at: datetime | None = None
    reason: str = ""
    kind: OrderKind = field(init=False)
    """What its type means: looked at with every quote, so it is looked up once."""

    def __post_init__(self) -> None:
        self.kind = kind_of(self.order)

    def become(self, order: SimOrder) -> None:
        """From now on it is this order."""
        self.order, self.kind = order, kind_of(order)

    @property
    def key(self) -> tuple[int, OrderId]:
        return self.client_id, self.order_id

    @property
    def side(self) -> Side:
        return self.order.action

    @property
    def is_done(self) -> bool:
        return self.status in FINAL_STATUSES

    @property
    def is_alive(self) -> bool:
        return self.is_transmitted and not self.is_done

    @property
    def covers_part(self) -> bool:
        """True for a child whose parent may still fill: it covers only what the parent has filled so far."""
        return self.parent is not None and not self.parent.is_done and self.parent.filled > 0

    @property
    def quantity(self) -> Units:
        """What it may fill in all as things stand: a child no more than its parent filled and its siblings left."""
        if self.parent is None or self.parent.filled == 0:
            return self.cap
        others = (c for c in self.parent.children if c is not self and c.side is self.side)
        return min(self.cap, max(self.filled, self.parent.filled - sum(c.answered for c in others)))

    @property
    def remaining(self) -> Units:
        left = self.quantity - self.filled
        return max(0, left if type(left) is int else tidy(left))

    @property
    def is_stop(self) -> bool:
        return self.kind.wakes in (Wake.STOP, Wake.TRAIL)

    @property
    def waits_for_trigger(self) -> bool:
        return not self.is_triggered and self.kind.wakes is not Wake.AT_ONCE

    @property
    def is_at_exchange(self) -> bool:
        """Simulated stops wait at IB; everything else that is active rests at the exchange."""
        return self.is_alive and self.is_active and not self.waits_for_trigger

    @property
    def limit(self) -> Decimal | None:
        """The limit it trades at now; None means at the market."""
        kind = self.kind
        if kind.peg is not None:
            return self.pegged
        if not kind.has_limit:
            return None
        return self._trailing_limit() if kind.wakes is Wake.TRAIL else self.order.limit_price

    def _trailing_limit(self) -> Decimal | None:
        """TRAIL LIMIT: its stop less the offset for a sale, plus the offset for a purchase."""
        offset = trail_offset(self.order)
        if self.stop is None or offset is None:
            return None
        ticks, is_sell = self.contract.ticks, self.side is Side.SELL
        return ticks.round_down(self.stop - offset) if is_sell else ticks.round_up(self.stop + offset)

    @property
    def oca_group(self) -> str:
        """The client's group, or the one that the children of a parent form among themselves."""
        if self.order.oca_group or self.parent is None:
            return self.order.oca_group
        return str(self.parent.perm_id) if len(self.parent.children) > 1 else ""

    @property
    def oca_type(self) -> int:
        return self.order.oca_type or 3

    def is_family_of(self, other: LiveOrder) -> bool:
        return (self.parent or self) is (other.parent or other)

    @property
    def average_price(self) -> Decimal:
        """Of what is filled, to a hundredth of a cent; 0, as IB has it, while nothing is."""
        return (self.value / self.filled).quantize(_CENT).normalize() if self.filled else Decimal(0)

    def view(self) -> OrderView:
        return OrderView(
            client_id=self.client_id,
            order_id=self.order_id,
            perm_id=self.perm_id,
            contract=self.contract,
            order=self.order,
            status=self.status,
            quantity=self._shown_quantity(),
            filled=self.filled,
            avg_fill_price=self.average_price,
            last_fill_price=self.last_price,
            stop_price=self.stop,
            limit_price=self.limit,
            is_triggered=self.is_triggered,
            is_active=self.is_active,
            why_held=self._why_held(),
            oca_group=self.oca_group,
            oca_type=self.oca_type,
            parent_perm_id=self.parent.perm_id if self.parent is not None else 0,
            placed_at=self.placed_at,
            completed_at=self.completed_at,
            reason=self.reason,
        )

    def _shown_quantity(self) -> Units:
        """An order that is over shows what it was for, not what its siblings left of it."""
        covered = self.parent.filled if self.parent is not None else 0
        whole = min(self.cap, covered) if covered else self.cap
        return max(whole if self.is_done else self.quantity, self.filled)

    def _why_held(self) -> str:
        if self.is_done:
            return ""
        held = [] if self.is_active or self.parent is None else ["child"]
        return ",".join([*held, "trigger"] if self.waits_for_trigger else held)
