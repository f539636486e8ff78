"""What a report is made from: a journal's rows, folded once into days, trades, ideas and marks of equity."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from bot.domain import broker_messages as b
from bot.domain import day_report
from bot.domain import messages as m
from bot.domain.day_report import DayFold
from bot.domain.session import new_york_day
from bot.domain.types import IdeaId
from bot.ops.page.day_record import DAY_KINDS, DayRecord, DayRecorder
from bot.ops.report.results import Result, result_of
from bot.ops.status.ledger import BookedTrade, DayLedger

KINDS: tuple[type, ...] = tuple(
    dict.fromkeys((m.TradeIdea, m.PlaceBracket, m.BracketAdopted, m.FillBooked, b.CommissionCharged, *day_report.REPORT_KINDS))
)  # fmt: skip
"""What more than a day is made of: no bars and no judgements, so that a year is read in a moment."""
ONE_DAY_KINDS: tuple[type, ...] = tuple(dict.fromkeys((*KINDS, *DAY_KINDS)))


@dataclass(slots=True)
class Book:
    """See the module's head. ``handle`` takes any superset of KINDS, in order."""

    days: DayFold = field(default_factory=DayFold)
    equity: list[tuple[datetime, Decimal]] = field(default_factory=list)
    _ledger: DayLedger = field(default_factory=DayLedger)
    _ideas: dict[IdeaId, m.TradeIdea] = field(default_factory=dict)

    def handle(self, message: m.Message) -> None:
        self.days.handle(message)
        self._ledger.handle(message)
        if isinstance(message, m.TradeIdea):
            self._ideas[message.idea_id] = message
        elif isinstance(message, m.EquityMarked):
            self.equity.append((message.at, message.equity))

    @property
    def open_trades(self) -> tuple[BookedTrade, ...]:
        return tuple(trade for trade in self._ledger.trades if trade.closed is None)

    def trades(self, first: date, last: date) -> tuple[BookedTrade, ...]:
        """Those that closed in these days, both included, in that order."""
        found = [
            x for x in self._ledger.trades if x.closed and first <= new_york_day(x.closed.closed_at) <= last
        ]
        return tuple(sorted(found, key=lambda x: x.closed.closed_at if x.closed else x.plan.at))

    def results(self, first: date, last: date) -> tuple[Result, ...]:
        """The same as results, with what they lost on the way to the market."""
        made = (result_of(x, self._ideas.get(x.plan.idea_id)) for x in self.trades(first, last))
        return tuple(result for result in made if result is not None)

    @property
    def all_trades(self) -> tuple[BookedTrade, ...]:
        return self._ledger.trades

    @property
    def charges(self) -> dict[str, Decimal]:
        """Execution → its commission."""
        return self._ledger.charges


def book_of(messages: Iterable[m.Message]) -> Book:
    """The whole of a journal, or the part of it that was read."""
    book = Book()
    for message in messages:
        book.handle(message)
    return book


def day_in_book(messages: Iterable[m.Message], day: date) -> tuple[Book, DayRecord]:
    """One day, with its candles and what happened; earlier rows only say what was held over."""
    book, recorder = Book(), DayRecorder(day)
    for message in messages:
        book.handle(message)
        recorder.handle(message)
    return book, recorder.picture()
