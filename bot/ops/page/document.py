"""What the page shows, as one JSON document. The components read nothing else.

Rules: whatever a feeder does not know is None or empty, and the part that would show it is not drawn. Money is text with
its decimals, so that the page shows the very digits of ``status --json``; times are ISO-8601 UTC, bars carry Unix seconds;
the page writes both as New York's clock. Three feeders fill it: the running bot, a journal, a backtest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

from bot.ops.page.drawings import Distribution, HeatMap, Parallel

VERSION = 1
PageKind = Literal["live", "day", "period", "backtest"]
PageLevel = Literal["safe", "watch", "danger", "plain"]
"""How a thing stands: well; look at it; act now; says nothing about safety."""
Tone = Literal["win", "loss", "plain", "bad"]
PageRow = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PageVerdict:
    """Is the money safe: one word, its reason, what to do about it (empty when there is nothing to do), and the proof."""

    level: PageLevel
    word: str
    reason: str
    todo: str = ""
    proof: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """Whose figures these are. ``account`` is shortened, since a page may be looked at over a shoulder."""

    build: str = ""
    trading: str = ""
    account: str = ""
    mode: str = ""
    symbols: tuple[str, ...] = ()
    dry_run: bool = False
    started_at: datetime | None = None
    journal: str = ""


@dataclass(frozen=True, slots=True)
class Money:
    """The day's result by the one model, ``net = realized + unrealized − fees``, and the account's equity."""

    currency: str = "USD"
    realized: Decimal | None = None
    unrealized: Decimal | None = None
    fees: Decimal | None = None
    net: Decimal | None = None
    equity: Decimal | None = None
    heading: str = "Result of the day"
    equity_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A position and its protection; ``quantity`` 0 while the entry is still working. Prices per unit, ``cost`` in money."""

    idea_id: str
    label: str
    strategy: str
    planned: int
    quantity: int
    price: Decimal | None
    cost: Decimal | None
    bid: Decimal | None
    stop: Decimal
    target: Decimal
    unrealized: Decimal | None
    fees: Decimal
    is_proved: bool
    opened_at: datetime | None
    close_by: datetime | None
    is_overdue: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeMark:
    """One trade: a row of the table, and what the chart draws of it. ``result`` is after fees."""

    idea_id: str
    symbol: str
    strategy: str
    label: str
    right: str
    quantity: int
    entry: Decimal
    exit: Decimal | None
    stop: Decimal
    target: Decimal
    limit: Decimal
    opened_at: datetime
    closed_at: datetime | None
    reason: str
    fees: Decimal
    result: Decimal | None
    path: tuple[tuple[int, float], ...] = ()
    """(Unix seconds, the option's bid), where somebody wrote it down."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One symbol's day, or many of them in longer bars. Bars are (Unix seconds of the start, open, high, low, close, volume)."""

    symbol: str
    bars: tuple[tuple[int, float, float, float, float, float], ...] = ()
    session: tuple[int, int] | None = None
    bar_minutes: int = 1


@dataclass(frozen=True, slots=True)
class Curve:
    """A line over time: equity, drawdown. ``unit`` stands behind the figures."""

    name: str
    points: tuple[tuple[int, float], ...]
    unit: str = "USD"


@dataclass(frozen=True, slots=True)
class Gauge:
    """How much of something that ends trading is used: ``share`` 0 to 1."""

    name: str
    text: str
    share: float


@dataclass(frozen=True, slots=True)
class Fact:
    """A name, what it is now, and how that stands."""

    name: str
    text: str
    level: PageLevel = "plain"


@dataclass(frozen=True, slots=True)
class PageEvent:
    """Something that happened, in words, with its why."""

    at: datetime
    title: str
    why: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Table:
    """Any other table. The first column is left-aligned, the others as ``right`` says (columns aligned right).

    ``more``: columns that a telephone leaves out.
    """

    title: str
    columns: PageRow
    rows: tuple[PageRow, ...]
    right: tuple[int, ...] = ()
    note: str = ""
    more: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Everything. ``at`` is the moment that it speaks of."""

    kind: PageKind
    title: str
    at: datetime | None
    verdict: PageVerdict
    source: Source = Source()
    money: Money | None = None
    held: tuple[Held, ...] = ()
    charts: tuple[Chart, ...] = ()
    trades: tuple[TradeMark, ...] = ()
    curves: tuple[Curve, ...] = ()
    tiles: tuple[Fact, ...] = ()
    gauges: tuple[Gauge, ...] = ()
    facts: tuple[Fact, ...] = ()
    events: tuple[PageEvent, ...] = ()
    distributions: tuple[Distribution, ...] = ()
    parallels: tuple[Parallel, ...] = ()
    heat_maps: tuple[HeatMap, ...] = ()
    tables: tuple[Table, ...] = ()
    version: int = VERSION


_encoder = msgspec.json.Encoder()


def page_as_json(document: Document) -> bytes:
    """The document's JSON, as every feeder writes it."""
    return _encoder.encode(document)
