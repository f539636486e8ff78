"""A day as the page draws it: bars, trades, what happened and why, equity. Folded from messages, live or from a journal.

Rule: hearing costs the same at any hour (an append), and only who asks for the picture pays for copying it. So the fold may
be read from another thread while it hears: ``picture`` copies lists, and a list's copy is one step of the interpreter.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.ledger import BookedTrade, Ledger
from bot.domain.market import Bar, BarSize
from bot.domain.order import Leg, leg_of
from bot.domain.session import new_york_day
from bot.domain.types import ConId, IdeaId, Symbol
from bot.ops.page.document import Event, Tone
from bot.ops.page.wording import figures, option, refusal, signed, way_out

EVENTS_KEPT = 200
DAY_KINDS: tuple[type, ...] = (
    m.BarClosed,
    m.TradeIdea,
    m.IdeaDropped,
    m.EntryDenied,
    m.PlaceBracket,
    m.BracketAdopted,
    m.FillBooked,
    b.CommissionCharged,
    m.PlaceProtection,
    m.ProtectionChanged,
    m.BracketClosed,
    m.EntryAbandoned,
    m.Halted,
    m.Resumed,
    m.EquityMarked,
    m.LineStarted,
    m.LineStopped,
    m.MachineFailed,
    b.BrokerDisconnected,
)
"""What a day is made of. A journal holds all of them, so a restart in mid-session forgets nothing that was drawn."""


@dataclass(frozen=True, slots=True)
class DayRecord:
    """One New York day. Events newest first."""

    day: date | None = None
    bars: Mapping[Symbol, tuple[Bar, ...]] = field(default_factory=dict)
    trades: tuple[BookedTrade, ...] = ()
    events: tuple[Event, ...] = ()
    equity: tuple[tuple[datetime, float], ...] = ()
    paths: Mapping[IdeaId, tuple[tuple[int, float], ...]] = field(default_factory=dict)
    """Option's bid over time, a point a minute, for trades that were watched while they were open."""


class DayRecorder:
    """See the module's head. ``only`` keeps to one day and passes over every other."""

    def __init__(self, only: date | None = None) -> None:
        self._only = only
        self._day = only
        self._bars: dict[Symbol, list[Bar]] = {}
        self._events: deque[Event] = deque(maxlen=EVENTS_KEPT)
        self._equity: list[tuple[datetime, float]] = []
        self._ledger = Ledger()
        self._ideas: dict[IdeaId, m.TradeIdea] = {}
        self._open: dict[ConId, IdeaId] = {}
        self._paths: dict[IdeaId, list[tuple[int, float]]] = {}
        self._handlers: dict[type, Callable[..., None]] = {
            m.BarClosed: self._on_bar,
            m.QuoteUpdated: self._on_quote,
            m.TradeIdea: self._on_idea,
            m.IdeaDropped: lambda x: self._on_refused(x, "no option was fit"),
            m.EntryDenied: lambda x: self._on_refused(x, "risk said no"),
            m.PlaceBracket: self._book,
            m.BracketAdopted: self._on_adopted,
            m.FillBooked: self._on_fill,
            b.CommissionCharged: self._book,
            m.PlaceProtection: self._on_repair,
            m.ProtectionChanged: self._on_protection,
            m.BracketClosed: self._on_closed,
            m.EntryAbandoned: self._on_abandoned,
            m.Halted: lambda x: self._tell(x.at, f"Halted: {_plain(x.cause)}", _by(x.detail, x.by), "bad"),
            m.Resumed: lambda x: self._tell(x.at, f"Resumed: {_plain(x.cause)}", _by(x.reason, x.by)),
            m.EquityMarked: self._on_equity,
            m.LineStarted: lambda x: self._tell(x.at, "Started", f"build {x.build}, {', '.join(x.symbols)}"),
            m.LineStopped: lambda x: self._tell(x.at, "Stopped", x.reason),
            m.MachineFailed: lambda x: self._tell(x.at, f"{x.component} failed", x.error, "bad"),
            b.BrokerDisconnected: lambda x: self._tell(x.at, "Connection lost", x.reason, "bad"),
        }

    def hear(self, message: m.Message) -> None:
        answer = self._handlers.get(type(message))
        if answer is not None:
            answer(message)

    def picture(self) -> DayRecord:
        """The day so far. Safe to call from any thread."""
        return DayRecord(
            day=self._day,
            bars={symbol: tuple(bars) for symbol, bars in list(self._bars.items())},
            trades=self._ledger.of_day(self._day) if self._day else (),
            events=tuple(reversed(list(self._events))),
            equity=tuple(self._equity),
            paths={idea_id: tuple(points) for idea_id, points in list(self._paths.items())},
        )

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
        self._bars, self._equity, self._paths = {}, [], {}
        self._events.clear()
        self._ideas.clear()
        self._ledger.forget_before(day)

    def _tell(self, at: datetime, title: str, why: str = "", tone: Tone = "plain") -> None:
        if self._is_today(at):
            self._events.append(Event(at, title, why, tone))

    def _book(self, message: m.Message) -> None:
        self._ledger.hear(message)

    # ── the market ──

    def _on_bar(self, x: m.BarClosed) -> None:
        if x.bar.size is not BarSize.M1 or not self._is_today(x.bar.start):
            return
        bars = self._bars.setdefault(x.bar.symbol, [])
        if not bars or bars[-1].start < x.bar.start:
            bars.append(x.bar)

    def _on_quote(self, x: m.QuoteUpdated) -> None:
        idea_id = self._open.get(x.quote.con_id)
        if idea_id is None or x.quote.bid is None:
            return
        points, minute = self._paths.setdefault(idea_id, []), int(x.quote.at.timestamp()) // 60 * 60
        if points and points[-1][0] >= minute:
            points[-1] = (points[-1][0], float(x.quote.bid))
        else:
            points.append((minute, float(x.quote.bid)))

    def _on_equity(self, x: m.EquityMarked) -> None:
        if self._is_today(x.at) and (not self._equity or self._equity[-1][0] < x.at):
            self._equity.append((x.at, float(x.equity)))

    # ── ideas ──

    def _on_idea(self, x: m.TradeIdea) -> None:
        if self._is_today(x.at):
            self._ideas[x.idea_id] = x

    def _on_refused(self, x: m.IdeaDropped | m.EntryDenied, who: str) -> None:
        self._ideas.pop(x.idea_id, None)
        why = f"{refusal(x.code)} {figures(x.numbers)}".strip()
        self._tell(x.at, f"Did not trade a {x.strategy} signal in {x.symbol}: {who}", f"{why} ({x.code})")

    def _on_abandoned(self, x: m.EntryAbandoned) -> None:
        self._ledger.hear(x)
        self._tell(x.at, f"Entry in {x.symbol} given up", f"Nobody sold at the limit: {_plain(x.reason)}")

    # ── trades ──

    def _on_adopted(self, x: m.BracketAdopted) -> None:
        self._ledger.hear(x)
        self._open[x.place.contract.con_id] = x.place.idea_id
        why = "The broker remembered it and the journal did not."
        self._tell(x.at, f"Took over {x.place.quantity} {option(x.place.contract)}", why)

    def _on_fill(self, x: m.FillBooked) -> None:
        trade = self._ledger.hear(x)
        if trade is None or x.replaces is not None:
            return
        if leg_of(x.fill.order_ref) is not Leg.ENTRY:
            return
        self._open[trade.contract.con_id] = trade.plan.idea_id
        self._tell(
            x.fill.at,
            f"Bought {x.fill.quantity} {option(trade.contract)} at {x.fill.price}",
            self._why(trade),
        )

    def _why(self, trade: BookedTrade) -> str:
        plan, idea = trade.plan, self._ideas.get(trade.plan.idea_id)
        reason = (
            f"{plan.strategy} {idea.direction}: {figures(idea.numbers)}. " if idea else f"{plan.strategy}. "
        )
        return f"{reason}Limit {plan.entry_limit}, stop {plan.stop}, target {plan.target}."

    def _on_closed(self, x: m.BracketClosed) -> None:
        self._ledger.hear(x)
        self._ideas.pop(x.idea_id, None)
        if self._open.get(x.contract.con_id) == x.idea_id:
            del self._open[x.contract.con_id]
        tone: Tone = "win" if x.pnl > 0 else "loss" if x.pnl < 0 else "plain"
        prices = f"{x.entry_price:.2f} → {x.exit_price:.2f}"
        lasted = _lasted(x.closed_at - x.opened_at)
        why = f"{way_out(x.exit_reason)} after {lasted}: {prices}, fees {x.commission:.2f}."
        self._tell(x.closed_at, f"Closed {option(x.contract)}, {signed(x.pnl)}", why, tone)

    # ── protection ──

    def _on_repair(self, x: m.PlaceProtection) -> None:
        self._tell(x.at, "Placing protection again", f"{_plain(x.reason)} ({x.idea_id})", "bad")

    def _on_protection(self, x: m.ProtectionChanged) -> None:
        if not x.is_proved and x.position:
            held = f"{x.position} held, stops for {x.stop_quantity}"
            self._tell(x.at, "The stop is not proved", f"{held} ({x.idea_id})", "bad")


def _plain(code: str) -> str:
    return str(code).replace("_", " ")


def _by(text: str, by: str) -> str:
    return f"{text} (by {by})" if text else f"by {by}"


def _lasted(length: timedelta) -> str:
    minutes = round(length.total_seconds() / 60)
    return (
        f"{minutes} minute{'' if minutes == 1 else 's'}"
        if minutes < 120
        else f"{minutes // 60} h {minutes % 60:02} min"
    )
