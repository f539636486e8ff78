"""What a client may order, and how the exchange shows it again. Values only; the exchange decides.

Rule: names and codes are IB's own (``PreSubmitted``, ``STP LMT``), since these values go on the wire as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from bot.domain.contract import Contract
from bot.domain.frozen import quickly_made
from bot.domain.types import ConId, ExecId, OrderId, PermId, Side
from bot.sim.exchange.combos import wire_kind
from bot.sim.exchange.conditions import Adjustment, Condition
from bot.sim.exchange.fractions.sizes import Units, tidy

# IBKR Campus, "Binding manual orders".
MANUAL_CLIENT = 0
"""Orders typed into TWS belong to client 0 and carry negative order ids."""


class IbStatus(StrEnum):
    """Statuses as IB prints them. PRE_SUBMITTED: accepted and held (child, simulated stop, closed market)."""

    PRE_SUBMITTED = "PreSubmitted"
    SUBMITTED = "Submitted"
    PENDING_CANCEL = "PendingCancel"
    FILLED = "Filled"
    CANCELLED = "Cancelled"
    INACTIVE = "Inactive"


class SimOrderType(StrEnum):
    """The order types the exchange knows; any other is refused with 387."""

    LIMIT = "LMT"
    MARKET = "MKT"
    STOP = "STP"
    STOP_LIMIT = "STP LMT"
    TRAIL = "TRAIL"
    TRAIL_LIMIT = "TRAIL LIMIT"
    IF_TOUCHED = "MIT"
    LIMIT_IF_TOUCHED = "LIT"
    MARKET_ON_CLOSE = "MOC"
    LIMIT_ON_CLOSE = "LOC"
    MARKET_TO_LIMIT = "MTL"
    RELATIVE = "REL"
    PEGGED_TO_MARKET = "PEG MKT"
    PEGGED_TO_MIDPOINT = "PEG MID"
    MIDPRICE = "MIDPRICE"
    SNAP_TO_MARKET = "SNAP MKT"
    SNAP_TO_MIDPOINT = "SNAP MID"
    SNAP_TO_PRIMARY = "SNAP PRIM"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimOrder:
    """One order as a client sent it. Prices are USD per unit; ``extra`` holds wire fields the exchange only echoes."""

    con_id: ConId
    action: Side
    type: str
    quantity: Units
    limit_price: Decimal | None = None
    aux_price: Decimal | None = None
    """The stop of STP and STP LMT, the touch price of MIT and LIT, the trailing amount of TRAIL and TRAIL LIMIT, the offset of
    pegged orders."""
    trailing_percent: Decimal | None = None
    discretion: Decimal | None = None
    """How far beyond its limit it trades all the same."""
    percent_offset: Decimal | None = None
    """REL: how far from the quote, as a part of it, where ``aux_price`` does not say."""
    trail_stop_price: Decimal | None = None
    limit_offset: Decimal | None = None
    """How far behind its stop the limit of TRAIL LIMIT stays."""
    tif: str = "DAY"
    """DAY, GTC, GTD, IOC, FOK or OPG."""
    good_till: datetime | None = None
    good_after: datetime | None = None
    conditions: tuple[Condition, ...] = ()
    conditions_cancel: bool = False
    """True: the conditions end the order instead of sending it."""
    adjustment: Adjustment | None = None
    all_or_none: bool = False
    min_quantity: int = 0
    cash_quantity: Decimal | None = None
    """Money to be spent instead of a quantity; the exchange makes shares of it, or units of a currency."""
    oca_group: str = ""
    oca_type: int = 0
    """1 cancels the others with block, 2 reduces them with block, 3 reduces them without; 0 means 3 in a group."""
    parent_id: OrderId = 0
    transmit: bool = True
    outside_rth: bool = False
    trigger_method: int = 0
    order_ref: str = ""
    account: str = ""
    group: str = ""
    """An advisor's group that the order is for, instead of one account."""
    group_method: str = ""
    """How it is shared out; empty: as the group says."""
    exchange: str = "SMART"
    what_if: bool = False
    extra: Mapping[str, object] = field(default_factory=dict)


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """An order at one moment, frozen. ``order`` is as last modified; ``quantity`` is what it may fill in all.

    ``quantity`` is below ``order.quantity`` while a child covers only a part of its parent that is filled, and after
    an OCA group reduced it. ``reason`` is the text of a rejection or cancellation.
    """

    client_id: int
    order_id: OrderId
    perm_id: PermId
    contract: Contract
    order: SimOrder
    status: IbStatus
    quantity: Units
    filled: Units
    avg_fill_price: Decimal
    last_fill_price: Decimal
    stop_price: Decimal | None
    """The stop in force (a trailing stop moves it), None for orders without one."""
    limit_price: Decimal | None
    """The limit in force (that of TRAIL LIMIT moves with its stop), None for orders without one."""
    is_triggered: bool
    is_active: bool
    """True once it can fill or trigger: not held as a child, not waiting for the open."""
    why_held: str
    oca_group: str
    oca_type: int
    parent_perm_id: PermId
    placed_at: datetime
    completed_at: datetime | None = None
    reason: str = ""

    @property
    def remaining(self) -> Units:
        left = self.quantity - self.filled
        return left if type(left) is int else tidy(left)

    @property
    def is_done(self) -> bool:
        return self.status in FINAL_STATUSES


FINAL_STATUSES = frozenset({IbStatus.FILLED, IbStatus.CANCELLED, IbStatus.INACTIVE})


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One fill. ``exec_id`` ends in ``.01``; a correction repeats it with ``.02``. Exercises have order id 0."""

    exec_id: ExecId
    client_id: int
    order_id: OrderId
    perm_id: PermId
    contract: Contract
    side: Side
    quantity: Units
    price: Decimal
    cum_quantity: Units
    avg_price: Decimal
    at: datetime
    account: str
    order_ref: str = ""
    exchange: str = "SMART"
    adds_liquidity: bool = False


@dataclass(frozen=True, slots=True)
class CommissionReport:
    """What a fill cost; ``realized_pnl`` (net of commissions) is None for a fill that opens."""

    exec_id: ExecId
    client_id: int
    commission: Decimal
    currency: str
    realized_pnl: Decimal | None


@dataclass(frozen=True, slots=True)
class ExecutionFilter:
    """IB's filter of executions; an empty field matches all. ``since`` is inclusive."""

    client_id: int | None = None
    since: datetime | None = None
    symbol: str = ""
    sec_type: str = ""
    side: Side | None = None
    account: str = ""

    def matches(self, e: Execution) -> bool:
        return (
            self.client_id in (None, e.client_id)
            and (self.since is None or e.at >= self.since)
            and self.symbol in ("", e.contract.symbol)
            and self.sec_type in ("", wire_kind(e.contract))
            and self.side in (None, e.side)
            and self.account in ("", e.account)
        )


@dataclass(frozen=True, slots=True)
class MarginFigures:
    """A what-if's answer in USD: now, the change, and after; ``commission`` is the estimate for the whole order."""

    initial_before: Decimal
    maintenance_before: Decimal
    equity_with_loan_before: Decimal
    initial_change: Decimal
    maintenance_change: Decimal
    equity_with_loan_change: Decimal
    commission: Decimal
    currency: str = "USD"
    """Of the commission."""
    base: str = "USD"
    rate: Decimal = Decimal(1)
    """The account's base currency, which the other amounts are told in, and USD for one unit of it."""

    @property
    def initial_after(self) -> Decimal:
        return self.initial_before + self.initial_change

    @property
    def maintenance_after(self) -> Decimal:
        return self.maintenance_before + self.maintenance_change

    @property
    def equity_with_loan_after(self) -> Decimal:
        return self.equity_with_loan_before + self.equity_with_loan_change
