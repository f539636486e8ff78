"""What the components say to each other, frozen: facts in the past tense, commands imperative; ``bot/wiring.py`` says to whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from bot.domain.contract import Contract
from bot.domain.market import Bar, BarSize, Quote
from bot.domain.order import Fill, OpenOrder, Order
from bot.domain.types import ConId, Direction, ExecId, IdeaId, Numbers, OrderRef, Symbol, TradingState


@dataclass(frozen=True, slots=True)
class TimePassed:
    """The only clock the machines have."""

    at: datetime


@dataclass(frozen=True, slots=True)
class HistoryLoaded:
    """Bars the strategies warm up on; never a reason to trade."""

    symbol: Symbol
    size: BarSize
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class BarClosed:
    """The next bar in order, each exactly once. ``is_live`` is False for a bar that came late by back-fill."""

    bar: Bar
    is_live: bool = True


@dataclass(frozen=True, slots=True)
class QuoteUpdated:
    """A sane quote of the underlying or of a watched option."""

    quote: Quote


@dataclass(frozen=True, slots=True)
class WatchlistChanged:
    """The option contracts around the money whose quotes now flow, and whose price is the underlying's."""

    symbol: Symbol
    underlying_con_id: ConId
    contracts: tuple[Contract, ...]


@dataclass(frozen=True, slots=True)
class FeedChanged:
    """A symbol's bars or quotes went stale, or came back; or its ``TRADING`` was halted, or goes on."""

    symbol: Symbol
    feed: str
    is_fresh: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BarJudged:
    """What one strategy made of one bar, and why. The answer to "why no trade at 10:31?"."""

    symbol: Symbol
    strategy: str
    bar_end: datetime
    direction: Direction | None
    confidence: float
    fired: bool
    reason: str
    numbers: Numbers = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SignalFired:
    """A strategy's bar was news. On disk, so that a restart neither repeats it nor forgets its debounce."""

    symbol: Symbol
    strategy: str
    direction: Direction
    bar_end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalPostponed:
    """A signal waits for a minute in which entries are allowed. ``close`` is the underlying's price at the signal."""

    idea_id: IdeaId
    symbol: Symbol
    strategy: str
    direction: Direction
    confidence: float
    reason: str
    close: float
    at: datetime
    valid_until: datetime
    numbers: Numbers = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdeaDropped:
    """A signal fired and no contract was fit to carry it."""

    idea_id: IdeaId
    symbol: Symbol
    strategy: str
    at: datetime
    code: str
    numbers: Numbers = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeIdea:
    """Buy this option, for this reason. ``size_factor`` is the mode's (hybrid halves a lone scalp)."""

    idea_id: IdeaId
    symbol: Symbol
    strategy: str
    direction: Direction
    confidence: float
    contract: Contract
    quote: Quote
    at: datetime
    reason: str
    size_factor: Decimal = Decimal(1)
    numbers: Numbers = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceBracket:
    """An approved trade: ``quantity`` at or below ``entry_limit``, protected by target and stop from the first fill.

    ``risk_usd``: what its stop is expected to lose; ``delta_usd``: what it moves like (bearish: negative). None: old row."""

    idea_id: IdeaId
    symbol: Symbol
    strategy: str
    contract: Contract
    quantity: int
    entry_limit: Decimal
    target: Decimal
    stop: Decimal
    enter_by: datetime
    close_by: datetime
    close_reason: str
    at: datetime
    risk_usd: Decimal | None = None
    delta_usd: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDenied:
    idea_id: IdeaId
    symbol: Symbol
    strategy: str
    at: datetime
    code: str
    numbers: Numbers = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Halted:
    """New entries stop and unfilled entry orders are cancelled; protection stays. Latched on disk."""

    at: datetime
    cause: str
    detail: str
    by: str


@dataclass(frozen=True, slots=True)
class Resumed:
    at: datetime
    cause: str
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class TradingStateChanged:
    at: datetime
    state: TradingState
    causes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DayOpened:
    """The equity a New York trading day is measured against; on disk so that a restart cannot move it."""

    day: str
    at: datetime
    equity: Decimal


@dataclass(frozen=True, slots=True)
class EquityMarked:
    """Equity as risk counts it, with the day's loss against the start of the day and the peak."""

    at: datetime
    equity: Decimal
    day_pnl: Decimal
    peak: Decimal


@dataclass(frozen=True, slots=True)
class HaltTrading:
    at: datetime
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class ResumeTrading:
    at: datetime
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class FlattenAll:
    at: datetime
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class CancelEntry:
    """Cancel what is left of a bracket's entry."""

    idea_id: IdeaId
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CancelOrder:
    ref: OrderRef
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PlaceProtection:
    """Put a fresh target and stop around ``quantity`` of a bracket's position; ``attempt`` makes the refs unique."""

    idea_id: IdeaId
    quantity: int
    attempt: int
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ExitPosition:
    """Close ``quantity`` now: ``step`` walks the limit down from the bid, and the stop stays until the exit fills.

    A negative quantity is a short that must not be: it is bought back, from the ask up. ``bid`` and ``ask`` are fresh.
    """

    idea_id: IdeaId
    quantity: int
    step: int
    reason: str
    bid: Decimal | None
    at: datetime
    ask: Decimal | None = None
    nobody_bids: bool = False


@dataclass(frozen=True, slots=True)
class ExitOverdue:
    """A position should have been gone since ``since`` and is still held: ``why``, as far as it shows."""

    idea_id: IdeaId
    quantity: int
    reason: str
    why: str
    since: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class BracketSent:
    idea_id: IdeaId
    refs: tuple[OrderRef, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class FillBooked:
    """A fill that counts, exactly once. ``replaces`` names the execution it corrects; the older one no longer counts."""

    fill: Fill
    replaces: ExecId | None = None


@dataclass(frozen=True, slots=True)
class BracketAdopted:
    """A bracket, or orders of one, that only the broker remembered. ``seen`` is the evidence, asked for ``at``."""

    place: PlaceBracket
    orders: tuple[Order, ...]
    seen: tuple[OpenOrder, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Journal and complete broker snapshot agree (after ``corrections``), or name what does not; ``agreed`` did not before."""

    at: datetime
    corrections: tuple[str, ...]
    mismatches: tuple[str, ...]
    agreed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProtectionChanged:
    """``unprotected_s`` is how long the gap lasted, when it ends."""

    idea_id: IdeaId
    is_proved: bool
    position: int
    stop_quantity: int
    unprotected_s: float
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BracketClosed:
    """One trade, whole. P&L is net of commissions; ``commissions_complete`` is False while a report is missing.

    A later one of the same idea takes its place: an execution was corrected after the end.
    """

    idea_id: IdeaId
    symbol: Symbol
    strategy: str
    contract: Contract
    quantity: int
    entry_price: Decimal
    exit_price: Decimal
    stop: Decimal
    target: Decimal
    opened_at: datetime
    closed_at: datetime
    exit_reason: str
    commission: Decimal
    pnl: Decimal
    commissions_complete: bool


@dataclass(frozen=True, slots=True)
class EntryAbandoned:
    """The entry ended without a single fill."""

    idea_id: IdeaId
    symbol: Symbol
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LineStarted:
    at: datetime
    build: str
    mode: str
    dry_run: bool
    symbols: tuple[Symbol, ...]
    settings: tuple[tuple[str, str], ...] | None = None
    """Dotted keys and values that decisions hang on; None in rows of older builds."""


@dataclass(frozen=True, slots=True)
class LineStopped:
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class MachineFailed:
    """A machine raised. The line stops; this is the last thing it writes."""

    at: datetime
    component: str
    error: str
    message: str


TRADING = "trading"
Message: TypeAlias = object
"""Any of the classes above or in ``broker_messages``; ROUTES is the closed list."""
