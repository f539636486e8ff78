"""A day as the page draws it: bars, trades, what happened and why, equity. Folded from messages, live or from a journal.

Rule: hearing costs the same at any hour (an append), and only who asks for the picture pays for copying it. So the fold may
be read from another thread while it hears: ``picture`` copies lists, and a list's copy is one step of the interpreter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.market import Bar, BarSize
from bot.domain.order import Leg, leg_of
from bot.domain.session import new_york_day
from bot.domain.types import ConId, IdeaId, Symbol
from bot.ops.page.document import PageEvent
from bot.ops.page.happenings import TOLD, bought, protection, told
from bot.ops.page.verdict import PROOF_GRACE
from bot.ops.status.ledger import BookedTrade, DayLedger

EVENTS_KEPT = 200
DAY_KINDS: tuple[type, ...] = (
    m.BarClosed, b.PositionMarked, m.TradeIdea, m.PlaceBracket, m.FillBooked, b.CommissionCharged, m.ProtectionChanged,
    m.EquityMarked, *TOLD,
)  # fmt: skip
"""What a day is made of. A journal holds all of them, so a restart in mid-session forgets nothing that was drawn."""
Path = tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class DayRecord:
    """One New York day. Events newest first."""

    day: date | None = None
    bars: Mapping[Symbol, tuple[Bar, ...]] = field(default_factory=dict)
    trades: tuple[BookedTrade, ...] = ()
    events: tuple[PageEvent, ...] = ()
    equity: tuple[tuple[datetime, float], ...] = ()
    paths: Mapping[IdeaId, Path] = field(default_factory=dict)
    """(Unix seconds, the option's bid), a point a minute, while a trade was open."""
    bids: Mapping[ConId, Decimal | None] = field(default_factory=dict)
    """What was last bid for each contract that is held; at night that is the last bid of the day. None where nobody bids now."""


class DayRecorder:
    """See the module's head. ``only`` keeps to one day and passes over every other."""

    def __init__(self, only: date | None = None) -> None:
        self._only = only
        self._day = only
        self._bars: dict[Symbol, list[Bar]] = {}
        self._events: dict[object, PageEvent] = {}
        self._equity: list[tuple[datetime, float]] = []
        self._ledger = DayLedger()
        self._ideas: dict[IdeaId, m.TradeIdea] = {}
        self._proved: set[IdeaId] = set()
        self._open: dict[ConId, IdeaId] = {}
        self._paths: dict[IdeaId, list[tuple[int, float]]] = {}
        self._bids: dict[ConId, Decimal] = {}
        self._marked: dict[IdeaId, b.PositionMarked] = {}
        self._handlers: dict[type, Callable[..., object]] = {
            m.BarClosed: self._on_bar,
            m.QuoteUpdated: self._on_quote,
            b.PositionMarked: self._on_mark,
            m.TradeIdea: self._on_idea,
            m.PlaceBracket: self._ledger.handle,
            m.BracketAdopted: self.remember,
            m.FillBooked: self._on_fill,
            b.CommissionCharged: self._ledger.handle,
            m.ProtectionChanged: self._on_protection,
            m.BracketClosed: self._on_closed,
            m.EquityMarked: self._on_equity,
        }

    def handle(self, message: m.Message) -> None:
        answer = self._handlers.get(type(message))
        if answer is not None:
            answer(message)
        self._tell(told(message))

    def remember(self, message: m.Message) -> None:
        """Take back what is held, from the rows of earlier days; nothing is told of them."""
        trade = self._ledger.handle(message)
        if trade is not None and not trade.closed:
            self._open[trade.contract.con_id] = trade.plan.idea_id

    def catch_up(self, messages: Iterable[m.Message]) -> None:
        """Hear this day's journal, so that a restart in mid-session draws on where it was."""
        for message in messages:
            self.handle(message)

    def picture(self) -> DayRecord:
        """The day so far. Safe to call from any thread."""
        return DayRecord(
            day=self._day,
            bars={symbol: tuple(bars) for symbol, bars in list(self._bars.items())},
            trades=self._ledger.of_day(self._day) if self._day else (),
            events=tuple(reversed(list(self._events.values())))[:EVENTS_KEPT],
            equity=tuple(self._equity),
            paths={idea_id: tuple(points) for idea_id, points in list(self._paths.items())},
            bids=dict(self._bids),
        )

    def mark(self, message: m.Message) -> b.PositionMarked | None:
        """What is to be kept of a quote, for whoever reads the journal later."""
        if not isinstance(message, m.QuoteUpdated):
            return None
        idea_id, last = self._open.get(message.quote.con_id), self._bids.get(message.quote.con_id)
        if idea_id is None or last is None:
            return None
        before, at = self._marked.get(idea_id), message.quote.at
        is_new = before is None or last != before.bid
        if is_new and (message.quote.bid is None or before is None or _minute(at) > _minute(before.at)):
            self._marked[idea_id] = b.PositionMarked(idea_id, last, at)
            return self._marked[idea_id]
        return None

    # ── small tools ──

    def _is_today(self, at: datetime) -> bool:
        """Whether this belongs to the day; a later day begins a new picture."""
        day = new_york_day(at)
        if self._only is not None:
            return day == self._only
        if self._day is None or day > self._day:
            self._begin(day)
        return day == self._day

    def _begin(self, day: date) -> None:
        self._day = day
        self._bars, self._equity, self._paths, self._events = {}, [], {}, {}
        self._ideas.clear()
        self._ledger.forget_before(day)

    def _tell(self, event: PageEvent | None, key: object = None) -> None:
        """Keep an event; one with a key takes the place of the earlier one with that key."""
        if event is not None and self._is_today(event.at):
            self._events[key or len(self._events)] = event

    # ── the market ──

    def _on_bar(self, x: m.BarClosed) -> None:
        if x.bar.size is not BarSize.M1 or not self._is_today(x.bar.start):
            return
        bars = self._bars.setdefault(x.bar.symbol, [])
        if not bars or bars[-1].start < x.bar.start:
            bars.append(x.bar)

    def _on_quote(self, x: m.QuoteUpdated) -> None:
        idea_id = self._open.get(x.quote.con_id)
        if idea_id is not None and x.quote.bid is not None:
            self._bids[x.quote.con_id] = x.quote.bid
            self._follow(idea_id, x.quote.bid, x.quote.at)

    def _on_mark(self, x: b.PositionMarked) -> None:
        con_id = next((con_id for con_id, idea_id in self._open.items() if idea_id == x.idea_id), None)
        if con_id is not None:
            self._bids[con_id] = x.bid
            if self._only is None or self._only == new_york_day(x.at):
                self._follow(x.idea_id, x.bid, x.at)

    def _follow(self, idea_id: IdeaId, bid: Decimal, at: datetime) -> None:
        points, minute = self._paths.setdefault(idea_id, []), _minute(at)
        if points and points[-1][0] >= minute:
            points[-1] = (points[-1][0], float(bid))
        else:
            points.append((minute, float(bid)))

    def _on_equity(self, x: m.EquityMarked) -> None:
        if self._is_today(x.at) and (not self._equity or self._equity[-1][0] < x.at):
            self._equity.append((x.at, float(x.equity)))

    # ── ideas, trades, protection ──

    def _on_idea(self, x: m.TradeIdea) -> None:
        if self._is_today(x.at):
            self._ideas[x.idea_id] = x

    def _on_fill(self, x: m.FillBooked) -> None:
        trade = self._ledger.handle(x)
        if trade is None or leg_of(x.fill.order_ref) is not Leg.ENTRY:
            return
        idea_id = trade.plan.idea_id
        self._open[trade.contract.con_id] = idea_id
        self._tell(bought(trade, self._ideas.get(idea_id)), f"bought {idea_id}")

    def _on_protection(self, x: m.ProtectionChanged) -> None:
        self._tell(protection(x, PROOF_GRACE, was_proved=x.idea_id in self._proved))
        if x.is_proved:
            self._proved.add(x.idea_id)
        else:
            self._proved.discard(x.idea_id)

    def _on_closed(self, x: m.BracketClosed) -> None:
        self._ledger.handle(x)
        self._proved.discard(x.idea_id)
        self._marked.pop(x.idea_id, None)
        if self._open.get(x.contract.con_id) == x.idea_id:
            del self._open[x.contract.con_id]
            self._bids.pop(x.contract.con_id, None)


def _minute(at: datetime) -> int:
    """Unix seconds of the minute that it lies in."""
    return int(at.timestamp()) // 60 * 60
