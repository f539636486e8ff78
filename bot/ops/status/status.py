"""One immutable picture of the bot, from which the display, `status`, metrics and alerts are all drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from bot.domain.limits.messages import LimitsChanged
from bot.domain.session import new_york_day
from bot.domain.types import Direction, IdeaId, Symbol, TradingState
from bot.ops.status.counters import Counters
from bot.ops.status.ledger import DayPnl


@dataclass(frozen=True)
class BracketView:
    """A position and its protection. ``unrealized`` is at the bid, None while there is no bid."""

    idea_id: IdeaId
    symbol: Symbol
    strategy: str
    con_id: int
    label: str
    multiplier: int
    planned: int
    entry_limit: Decimal
    target: Decimal
    stop: Decimal
    close_by: datetime
    expiry: date | None = None
    opened_at: datetime | None = None
    quantity: int = 0
    entry_cost: Decimal = Decimal(0)
    """Price × quantity of what is still held, the multiplier not applied; :attr:`cost` is money."""
    realized: Decimal = Decimal(0)
    """Of contracts of this bracket that are sold already, before fees."""
    fees: Decimal = Decimal(0)
    is_proved: bool = False
    unprotected_since: datetime | None = None
    overdue_since: datetime | None = None
    """It should have been gone since then; ``overdue_why`` says what keeps it."""
    overdue_why: str = ""
    bid: Decimal | None = None
    ask: Decimal | None = None

    @property
    def entry_price(self) -> Decimal | None:
        return self.entry_cost / self.quantity if self.quantity else None

    @property
    def cost(self) -> Decimal:
        """What the contracts still held were bought for, in money."""
        return self.entry_cost * self.multiplier

    @property
    def unrealized(self) -> Decimal | None:
        if not self.quantity:
            return Decimal(0)
        if self.bid is None or self.entry_price is None:
            return None
        return (self.bid - self.entry_price) * self.quantity * self.multiplier


@dataclass(frozen=True, slots=True)
class ClosedTrade:
    idea_id: IdeaId
    symbol: Symbol
    strategy: str
    label: str
    quantity: int
    entry_price: Decimal
    exit_price: Decimal
    opened_at: datetime
    closed_at: datetime
    exit_reason: str
    commission: Decimal
    pnl: Decimal
    """After commissions."""
    right: str = ""
    limit: Decimal | None = None
    stop: Decimal | None = None
    target: Decimal | None = None


@dataclass(frozen=True, slots=True)
class SentOrder:
    """What an order would do, as it was sent or last revised."""

    contract: str
    side: str
    type: str
    quantity: int
    price: Decimal | None


@dataclass(frozen=True)
class SymbolView:
    """The latest of one symbol: its price, its last bar, what the strategies made of it."""

    symbol: Symbol
    con_id: int | None = None
    price: float | None = None
    quote_at: datetime | None = None
    bar_end: datetime | None = None
    bars: int = 0
    watched: int = 0
    verdicts: Mapping[str, str] = field(default_factory=dict)
    feeds: Mapping[str, bool] = field(default_factory=dict)
    last_signal: str = ""
    last_direction: Direction | None = None


@dataclass(frozen=True)
class Status:
    """Everything worth showing. Unknown is None."""

    at: datetime | None = None
    started_at: datetime | None = None
    build: str = ""
    mode: str = ""
    dry_run: bool = False
    account: str = ""
    is_connected: bool = False
    is_reconciled: bool = False
    links_down: tuple[str, ...] = ()
    server_version: int | None = None
    trading_state: TradingState = TradingState.REDUCING
    causes: tuple[str, ...] = ()
    equity: Decimal | None = None
    equity_at: datetime | None = None
    """When the broker reported it; between its reports the day's result moves on without it."""
    start_equity: Decimal | None = None
    equity_change: Decimal | None = None
    """Equity less the day's first, as the loss guard counts it. The broker reports equity every few minutes, so it lags; the
    day's result is :attr:`pnl`."""
    peak: Decimal | None = None
    symbols: tuple[SymbolView, ...] = ()
    open_brackets: tuple[BracketView, ...] = ()
    closed_trades: tuple[ClosedTrade, ...] = ()
    signals: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """(strategy, direction) → how often it fired."""
    not_traded: Mapping[str, int] = field(default_factory=dict)
    """denial or refusal code → how often."""
    orders: Mapping[str, int] = field(default_factory=dict)
    """order status → how often it was reported."""
    live_orders: Mapping[str, str] = field(default_factory=dict)
    """OrderRef → the status of every order that is not over."""
    unanswered: Mapping[str, datetime] = field(default_factory=dict)
    """OrderRef → since when the broker has left it, its cancel or its fill without an answer."""
    sent_orders: Mapping[str, SentOrder] = field(default_factory=dict)
    """OrderRef → what was sent, for orders of brackets that are not over."""
    refusals: Mapping[int, int] = field(default_factory=dict)
    """IB error code → how many orders it refused."""
    request_failures: Mapping[int, int] = field(default_factory=dict)
    unread_books: str = ""
    """Why the broker's books could not be read; empty once they were."""
    foreign: tuple[str, ...] = ()
    """Rows of the broker that are not ours, as they came; each once."""
    unreadable: int = 0
    """Messages of the broker that were set aside; the journal has them raw."""
    fills: int = 0
    commissions: Decimal = Decimal(0)
    unprotected_s: float = 0.0
    worst_unprotected_s: float = 0.0
    repairs: int = 0
    reconnects: int = 0
    limits: LimitsChanged | None = None
    """What differs from the settings' limits, None where nothing does."""
    loosening_refused: str = ""
    last_event: str = ""
    last_event_at: datetime | None = None
    figures: Counters = field(default_factory=Counters)

    @property
    def trades_today(self) -> tuple[ClosedTrade, ...]:
        """Those that closed on the New York day of this picture."""
        if self.at is None:
            return self.closed_trades
        today = new_york_day(self.at)
        return tuple(trade for trade in self.closed_trades if new_york_day(trade.closed_at) == today)

    @property
    def pnl(self) -> DayPnl:
        """The day's result, at the bids: the one figure that every screen, metric and report shows."""
        parts = [bracket.unrealized for bracket in self.open_brackets]
        known = [part for part in parts if part is not None]
        realized = [trade.pnl + trade.commission for trade in self.trades_today]
        realized += [bracket.realized for bracket in self.open_brackets]
        fees = [one.commission for one in self.trades_today] + [one.fees for one in self.open_brackets]
        return DayPnl(
            realized=sum(realized, Decimal(0)),
            unrealized=sum(known, Decimal(0)) if len(known) == len(parts) else None,
            fees=sum(fees, Decimal(0)),
        )
