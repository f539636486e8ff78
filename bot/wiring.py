"""The straight line, as data: who hears what, and what must be on disk before it leaves.

Read a row of ROUTES aloud: "a TradeIdea goes to Risk, the journal and the board". A row is read left to right, and in
the replay runtime the order of names is the order of hearing. A message without a row is an error: nothing is said
into the void.

    broker ─BarReceived→ market_data ─BarClosed→ strategy:SYMBOL ─TradeIdea→ risk ─QuoteMargin→ broker
    risk ─PlaceBracket→ execution ─SendOrders→ broker ─Filled→ execution ─FillBooked→ oco_watcher ─BracketClosed→ risk
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from operator import attrgetter
from typing import Protocol

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.errors import RestartTheLine
from bot.domain.limits import messages as lm
from bot.domain.market import Quote
from bot.domain.order import Leg

BROKER = "broker"
MARKET_DATA = "market_data"
RISK = "risk"
EXECUTION = "execution"
OCO_WATCHER = "oco_watcher"
JOURNAL = "journal"
BOARD = "board"
"""Folds what it hears into one immutable picture for metrics, alerts, the display and `status`."""

ALERTS = "alerts"
"""Tells a person. A line may run without it: a replay has nobody to tell."""
STRATEGY = "strategy"
"""Stands in a row for the machine of the message's own symbol, ``strategy:SPY``."""
EVERY_STRATEGY = "strategies"
"""Stands in a row for the machines of all symbols that the line has."""

START_ORDER = (JOURNAL, BOARD, ALERTS, OCO_WATCHER, EXECUTION, RISK, STRATEGY, MARKET_DATA, BROKER)
"""Hearers before speakers; stopping is the reverse."""

Names = tuple[str, ...]


class Machine(Protocol):
    """Anything that hears a message and answers with messages. No clock, no I/O, no threads, no logging."""

    def handle(self, message: m.Message) -> Iterable[m.Message]: ...

    def remember(self, row: m.Message) -> None:
        """Take back what an earlier life of this machine had put on disk (see DURABLE). Says nothing."""


ROUTES: dict[type, Names] = {
    # time
    m.TimePassed: (MARKET_DATA, RISK, EXECUTION, OCO_WATCHER, JOURNAL, BOARD, ALERTS),
    # what the broker says about the market
    b.UnderlyingQualified: (MARKET_DATA, BOARD, ALERTS),
    b.ChainListed: (MARKET_DATA,),
    b.HoursListed: (RISK, OCO_WATCHER, JOURNAL, ALERTS),
    b.OptionsQualified: (MARKET_DATA,),
    b.BarsBackfilled: (MARKET_DATA,),
    b.BarReceived: (MARKET_DATA,),
    b.QuoteReceived: (MARKET_DATA,),
    b.DataTypeChanged: (RISK, JOURNAL, BOARD, ALERTS),
    # what the broker says about itself
    b.BrokerConnected: (RISK, EXECUTION, OCO_WATCHER, MARKET_DATA, JOURNAL, BOARD, ALERTS),
    b.BrokerDisconnected: (RISK, EXECUTION, OCO_WATCHER, JOURNAL, BOARD, ALERTS),
    b.LinkChanged: (RISK, EXECUTION, OCO_WATCHER, JOURNAL, BOARD, ALERTS),
    b.BrokerPulse: (RISK, OCO_WATCHER, BOARD),
    b.RequestFailed: (MARKET_DATA, RISK, EXECUTION, OCO_WATCHER, JOURNAL, BOARD),
    b.RowSetAside: (JOURNAL, BOARD, ALERTS),
    b.OrderUnanswered: (BOARD, ALERTS),
    # what the broker says about orders and money
    b.OrderStatusChanged: (EXECUTION, OCO_WATCHER, BOARD),
    b.OrderSeen: (EXECUTION, OCO_WATCHER),
    b.OrderRefused: (EXECUTION, OCO_WATCHER, RISK, BOARD, ALERTS),
    b.Filled: (EXECUTION,),
    b.CommissionCharged: (OCO_WATCHER, BOARD),
    b.PositionMarked: (JOURNAL,),
    b.AccountUpdated: (RISK, JOURNAL, BOARD),
    b.PositionChanged: (EXECUTION,),
    b.MarginQuoted: (RISK, JOURNAL),
    b.SnapshotTaken: (EXECUTION, OCO_WATCHER, RISK),
    # market data → strategies
    m.HistoryLoaded: (STRATEGY, JOURNAL),
    m.BarClosed: (STRATEGY, JOURNAL, BOARD),
    m.QuoteUpdated: (STRATEGY, OCO_WATCHER, BOARD),
    m.WatchlistChanged: (STRATEGY, BOARD),
    m.FeedChanged: (RISK, JOURNAL, BOARD, ALERTS),
    # strategies → risk → execution
    m.BarJudged: (JOURNAL, BOARD),
    m.SignalFired: (),  # to the disk alone, see DURABLE
    m.SignalPostponed: (BOARD,),
    m.IdeaDropped: (JOURNAL, BOARD, ALERTS),
    m.TradeIdea: (RISK, JOURNAL, BOARD),
    m.EntryDenied: (JOURNAL, BOARD, ALERTS),
    m.PlaceBracket: (OCO_WATCHER, EXECUTION, MARKET_DATA, BOARD, ALERTS, STRATEGY),
    # risk's state and the operator
    m.HaltTrading: (RISK,),
    m.ResumeTrading: (RISK,),
    m.FlattenAll: (OCO_WATCHER, RISK),
    m.Halted: (EXECUTION, BOARD, ALERTS),
    m.Resumed: (EXECUTION, BOARD, ALERTS),
    lm.LoosenLimit: (RISK,),
    lm.LimitLoosened: (BOARD, ALERTS),
    lm.LooseningRefused: (JOURNAL, BOARD),
    lm.LimitsHeld: (),  # to the disk alone, see DURABLE
    lm.LiveSessionTraded: (),
    lm.LimitsChanged: (JOURNAL, BOARD, EVERY_STRATEGY),
    m.TradingStateChanged: (EXECUTION, JOURNAL, BOARD),
    m.DayOpened: (BOARD, ALERTS),
    m.EquityMarked: (BOARD, ALERTS),
    # execution ↔ watcher
    m.BracketSent: (OCO_WATCHER,),
    m.BracketAdopted: (OCO_WATCHER, RISK, MARKET_DATA, BOARD, ALERTS, STRATEGY),
    m.FillBooked: (OCO_WATCHER, RISK, BOARD, ALERTS),
    m.CancelEntry: (EXECUTION,),
    m.CancelOrder: (EXECUTION,),
    m.PlaceProtection: (EXECUTION, BOARD, ALERTS),
    m.ExitPosition: (EXECUTION, BOARD, ALERTS),
    m.ExitOverdue: (JOURNAL, BOARD, ALERTS),
    m.ProtectionChanged: (RISK, JOURNAL, BOARD, ALERTS),
    m.BracketClosed: (RISK, EXECUTION, MARKET_DATA, BOARD, ALERTS, STRATEGY),
    m.EntryAbandoned: (RISK, OCO_WATCHER, MARKET_DATA, BOARD, ALERTS, STRATEGY),
    m.Reconciled: (RISK, OCO_WATCHER, BOARD, ALERTS),
    # the line itself
    m.LineStarted: (JOURNAL, BOARD, ALERTS),
    m.LineStopped: (JOURNAL, BOARD, ALERTS),
    m.MachineFailed: (JOURNAL, BOARD),
    # commands to the broker
    b.QualifyUnderlying: (BROKER,),
    b.ListChain: (BROKER,),
    b.ListHours: (BROKER,),
    b.QualifyOptions: (BROKER,),
    b.WatchBars: (BROKER,),
    b.WatchQuote: (BROKER,),
    b.UnwatchQuote: (BROKER,),
    b.QuoteMargin: (BROKER,),
    b.TakeSnapshot: (BROKER,),
    b.SendOrders: (OCO_WATCHER, BOARD, BROKER),
    b.SendRevision: (BOARD, BROKER),
    b.SendCancel: (BROKER,),
}

DURABLE: dict[type, Names] = {
    # On disk before it leaves; at the start the names on the right remember it, in the order it was written.
    m.SignalFired: (STRATEGY,),
    m.SignalPostponed: (STRATEGY,),
    m.PlaceBracket: (RISK, OCO_WATCHER, EXECUTION, MARKET_DATA, BOARD, STRATEGY),
    m.BracketAdopted: (RISK, OCO_WATCHER, EXECUTION, MARKET_DATA, BOARD, STRATEGY),
    b.SendOrders: (EXECUTION, OCO_WATCHER, BOARD),
    b.SendRevision: (EXECUTION, BOARD),
    b.SendCancel: (EXECUTION,),
    b.OrderStatusChanged: (EXECUTION, OCO_WATCHER),
    b.OrderRefused: (EXECUTION, OCO_WATCHER, RISK),
    m.FillBooked: (EXECUTION, OCO_WATCHER, RISK, BOARD),
    b.CommissionCharged: (OCO_WATCHER, BOARD),
    m.BracketClosed: (RISK, EXECUTION, OCO_WATCHER, MARKET_DATA, BOARD, STRATEGY),
    m.EntryAbandoned: (RISK, EXECUTION, OCO_WATCHER, MARKET_DATA, BOARD, STRATEGY),
    m.Reconciled: (EXECUTION,),
    m.FlattenAll: (OCO_WATCHER,),
    m.DayOpened: (RISK, BOARD),
    m.EquityMarked: (RISK, BOARD),
    lm.LimitLoosened: (RISK,),
    lm.LimitsHeld: (RISK,),
    lm.LiveSessionTraded: (RISK,),
    m.Halted: (RISK, EXECUTION),
    m.Resumed: (RISK, EXECUTION),
}

UNHURRIED: frozenset[type] = frozenset(
    {
        m.SignalFired,
        m.SignalPostponed,
        m.PlaceBracket,
        b.OrderStatusChanged,
        b.CommissionCharged,
        m.EquityMarked,
        m.Reconciled,
    }
)
"""DURABLE kinds that are written before anyone hears them, and whose sync comes with the next row that is no such kind.

Nothing leaves the process on their word alone: whatever follows from them and reaches the wire (SendOrders, SendRevision,
SendCancel) is synced itself, and what was written before it with it. A kill loses none of them; a power cut may lose the last
ones, which the broker tells again or which had no consequence yet.
"""

SYNCED_FIRST: frozenset[type] = frozenset({m.FillBooked, m.BracketClosed, m.Halted})
"""What a person waits for to be on disk: where nothing else waits behind it, it is synced before anything is made of it."""

URGENT: frozenset[type] = SYNCED_FIRST | {b.SendRevision, b.SendCancel}
"""What a position or a person waits for, besides orders that are no entries."""


def is_urgent(row: m.Message) -> bool:
    """Whether it is to be on disk before anything else is judged but what has to do with orders."""
    if isinstance(row, b.SendOrders):
        return all(order.leg is not Leg.ENTRY for order in row.orders)
    return type(row) in URGENT


AT_THE_DESK: tuple[Names, ...] = ((RISK, EXECUTION, OCO_WATCHER), (MARKET_DATA, STRATEGY))
"""The machines that decide, and so share one thread; whoever has to do with orders first, then whoever judges the market."""

KEPT: frozenset[type] = frozenset({m.QuoteUpdated})
"""What a machine only keeps until something else is said to it: it may wait behind all else, but not behind that."""

CONFLATED: frozenset[type] = frozenset({b.QuoteReceived, m.QuoteUpdated})
"""What only the newest of a contract counts of: while one waits for a peer, a newer one takes its place.

Each says the whole of a contract's quote, so nothing is lost with the older; orders, fills and errors are never among them.
"""


def conflated_key(message: object) -> Hashable | None:
    """Messages with the same key take each other's place while they wait; None for all that must be received one by one."""
    if type(message) not in CONFLATED:
        return None
    quote: Quote = getattr(message, "quote")  # noqa: B009  every kind of CONFLATED carries one
    return type(message), quote.con_id


def subscribers(message: m.Message, table: dict[type, Names] = ROUTES) -> Names:
    """Who hears this message. Raises RestartTheLine where nobody does: a message into the void is a mistake."""
    row = table.get(type(message))
    if row is None:
        raise RestartTheLine(f"nobody hears {type(message).__name__}: it has no row in ROUTES")
    if STRATEGY not in row:
        return row
    own = f"{STRATEGY}:{symbol_of(message)}"
    return tuple(own if name == STRATEGY else name for name in row)


def strategies_among(names: Iterable[str]) -> Names:
    """Whom EVERY_STRATEGY stands for, where these are the machines of the line."""
    return tuple(name for name in names if name.startswith(f"{STRATEGY}:"))


def may_be_absent(name: str) -> bool:
    """Whether a line may run without it: alerts in a replay, the strategies of a symbol that is not traded any more."""
    return name == ALERTS or name.startswith(f"{STRATEGY}:")


def symbol_of(message: m.Message) -> str:
    """Whose strategies hear a message that STRATEGY stands in the row of."""
    kind = type(message)
    of = _SYMBOL_OF.get(kind)
    if of is None:  # each bar and quote asks; where a kind has its symbol is looked up once
        inside = [name for name in ("bar", "quote", "place") if hasattr(message, name)]
        of = _SYMBOL_OF[kind] = attrgetter(".".join([*inside[:1], "symbol"]))
    symbol: str = of(message)
    return symbol


_SYMBOL_OF: dict[type, attrgetter[str]] = {}
