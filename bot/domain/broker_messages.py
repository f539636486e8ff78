"""What is said to a broker, and what a broker says. The port speaks these and nothing else, whichever peer is behind it.

Commands are imperative, facts past tense. Frozen, because actors pass them by identity.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from bot.domain.contract import Contract, OptionChain
from bot.domain.market import Bar, BarSize, DataType, Quote
from bot.domain.order import Fill, OpenOrder, Order, OrderStatus
from bot.domain.position import AccountValues, Position
from bot.domain.types import ConId, ExecId, IdeaId, OrderId, OrderRef, PermId, Right, Symbol

# ── commands ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class QualifyUnderlying:
    """Ask for the complete stock contract of a symbol. Answer: UnderlyingQualified or RequestFailed."""

    symbol: Symbol


@dataclass(frozen=True, slots=True)
class ListChain:
    """Ask which expiries and strikes exist. Answer: ChainListed or RequestFailed."""

    underlying: Contract


@dataclass(frozen=True, slots=True)
class ListHours:
    """Ask for the exchange's hours of the coming days. Answer: HoursListed or RequestFailed."""

    underlying: Contract


@dataclass(frozen=True, slots=True)
class QualifyOptions:
    """Ask which of the expiry's strikes are real, both rights. Answer: OptionsQualified (pairs that do not exist are absent)."""

    underlying: Contract
    trading_class: str
    expiry: date
    strikes: tuple[Decimal, ...]
    rights: tuple[Right, ...] = (Right.CALL, Right.PUT)


@dataclass(frozen=True, slots=True)
class WatchBars:
    """Backfill ``sessions`` trading days of bars, then stream. Answers: BarsBackfilled once, then BarReceived."""

    contract: Contract
    size: BarSize
    sessions: int


@dataclass(frozen=True, slots=True)
class WatchQuote:
    """Stream a contract's quote until UnwatchQuote. Answers: QuoteReceived, conflated to the latest."""

    contract: Contract


@dataclass(frozen=True, slots=True)
class UnwatchQuote:
    contract: Contract


@dataclass(frozen=True, slots=True)
class SendOrders:
    """Put a family of orders (parent first) on the wire, the last one transmitting. On disk before it leaves.

    ``quoted``: of a closing order the bid that it was decided by (the ask of one that buys back); for the record alone.
    """

    orders: tuple[Order, ...]
    at: datetime
    quoted: Decimal | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class SendCancel:
    """Cancel an order. ``perm_id`` picks one of several live orders that bear the same ref (an incident); None: ours."""

    ref: OrderRef
    at: datetime
    perm_id: PermId | None = None


@dataclass(frozen=True, slots=True)
class SendRevision:
    """Move a working order to a new limit and total quantity; its identity, type and OCA group stay.

    ``quantity`` counts what is already filled. Of a stop ``limit_price`` is the trigger. ``quoted``: as of SendOrders,
    where the order is moved to close the position.
    """

    ref: OrderRef
    limit_price: Decimal
    quantity: int
    at: datetime
    quoted: Decimal | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class QuoteMargin:
    """What-if: what would this order cost? Answer: MarginQuoted or RequestFailed with the same idea id."""

    idea_id: IdeaId
    order: Order


@dataclass(frozen=True, slots=True)
class TakeSnapshot:
    """Ask for everything the broker knows. Answer: SnapshotTaken (only ever complete) or RequestFailed."""

    reason: str
    at: datetime


# ── facts ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class BrokerConnected:
    """The session answered a request, not merely the port. ``next_order_id`` respects the floor on disk."""

    at: datetime
    account: str
    client_id: int
    server_version: int
    next_order_id: OrderId


@dataclass(frozen=True, slots=True)
class BrokerDisconnected:
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """Connectivity between gateway and IB (1100/1101/1102) or of one data farm. ``data_lost`` asks for resubscription."""

    at: datetime
    part: str
    up: bool
    data_lost: bool
    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerPulse:
    """The session answered a simple question: how its clock stands to ours, and how much of its limits is in use.

    ``clock_offset_s`` is the broker's time less ours, good to half a second. ``messages_free`` and ``history_free`` are
    requests the limiter would let through at once; ``waited_s`` is all the time (bot seconds) it has held requests back.
    """

    at: datetime
    clock_offset_s: float
    lines_used: int
    lines_limit: int
    messages_free: int
    messages_limit: int
    history_free: int
    history_limit: int
    waiting: int
    waited_s: float


@dataclass(frozen=True, slots=True)
class UnderlyingQualified:
    contract: Contract


@dataclass(frozen=True, slots=True)
class HoursListed:
    """Where IB's own hours end earlier than our calendar's: (day, close) in ascending order; nothing where both agree."""

    symbol: Symbol
    early_closes: tuple[tuple[date, datetime], ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class ChainListed:
    chain: OptionChain


@dataclass(frozen=True, slots=True)
class OptionsQualified:
    symbol: Symbol
    expiry: date
    contracts: tuple[Contract, ...]


@dataclass(frozen=True, slots=True)
class BarsBackfilled:
    """Closed bars in ascending order, from the past up to now. May overlap what was already seen."""

    symbol: Symbol
    size: BarSize
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class BarReceived:
    bar: Bar


@dataclass(frozen=True, slots=True)
class QuoteReceived:
    quote: Quote


@dataclass(frozen=True, slots=True)
class DataTypeChanged:
    con_id: ConId
    data_type: DataType
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStatusChanged:
    """The broker's word on one of our orders. ``reason`` carries its text where it gave one."""

    ref: OrderRef
    status: OrderStatus
    filled: int
    remaining: int
    perm_id: PermId
    order_id: OrderId
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OrderSeen:
    """One openOrder message: the order as the broker holds it."""

    order: OpenOrder
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderRefused:
    """A true reject (201, 110, 203, …): the order never worked. ``code`` is IB's."""

    ref: OrderRef
    code: int
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Filled:
    fill: Fill


@dataclass(frozen=True, slots=True)
class CommissionCharged:
    exec_id: ExecId
    order_ref: OrderRef
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class PositionMarked:
    """What was bid for an open position, kept for reports: at most once a minute, and once more when nobody bids any longer."""

    idea_id: IdeaId
    bid: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class AccountUpdated:
    values: AccountValues


@dataclass(frozen=True, slots=True)
class PositionChanged:
    """The broker says, unasked, that it now holds another ``quantity`` of a contract; whoever moved it."""

    con_id: ConId
    quantity: int
    at: datetime


@dataclass(frozen=True, slots=True)
class MarginQuoted:
    """The what-if's answer; ``commission`` is IB's estimate for the entry alone."""

    idea_id: IdeaId
    at: datetime
    initial_margin_change: Decimal | None
    equity_with_loan_after: Decimal | None
    initial_margin_after: Decimal | None
    commission: Decimal | None = None


BOOKS = ("account", "snapshot")
"""Subjects of requests without which nothing can be reconciled."""


@dataclass(frozen=True, slots=True)
class RequestFailed:
    """A request ended without an answer. ``subject`` names the request (``margin:<idea id>``, ``bars:SPY:1 min``, …)."""

    subject: str
    code: int
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RowSetAside:
    """A row or a message of the gateway that could not be used, raw. ``kind``: ``foreign`` (not ours), ``ambiguous`` (more
    than one contract answers), ``unreadable`` (the broker is asked again)."""

    kind: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderUnanswered:
    """The broker has left an order, its ``cancel`` or a ``fill`` of it without an answer since ``since``, far longer than an
    answer takes; or, ``is_answered``, the answer came. ``what``: ``order``, ``cancel`` or ``fill``."""

    ref: OrderRef
    what: str
    since: datetime
    at: datetime
    is_answered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything the broker knows, all parts answered to their end. A failed part makes no snapshot at all."""

    at: datetime
    account: AccountValues
    open_orders: tuple[OpenOrder, ...] = ()
    completed_orders: tuple[OpenOrder, ...] = ()
    fills: tuple[Fill, ...] = ()
    commissions: tuple[CommissionCharged, ...] = ()
    positions: tuple[Position, ...] = ()


@dataclass(frozen=True, slots=True)
class SnapshotTaken:
    snapshot: Snapshot
    reason: str
    requested_at: datetime
