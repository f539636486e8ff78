"""What the board need not remember: trades that closed before the day which it shows.

The books of order manager and watcher hold two weeks, since the broker repeats itself that long; the board takes an earlier
day's trades off at each DayOpened, and to put them on first was two thirds of what a line that is rebuilt took.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.session import new_york_day
from bot.domain.types import IdeaId
from bot.execution.books.ledger import idea_of
from bot.journal.store import Journal, Row

_ENDS = (m.DayOpened, m.BracketClosed, m.BracketAdopted)


@dataclass(slots=True)
class OffTheBoard:
    """``before`` is the row of the last DayOpened; the rows of ``ideas`` behind it are news again."""

    before: int = 0
    ideas: set[IdeaId] = field(default_factory=set)

    def holds(self, row: Row) -> bool:
        if row.seq >= self.before:
            return False
        match row.message:
            case m.PlaceBracket() | m.BracketClosed():
                return row.message.idea_id in self.ideas
            case m.BracketAdopted():
                return row.message.place.idea_id in self.ideas
            case b.SendOrders():
                return all(order.idea_id in self.ideas for order in row.message.orders)
            case b.SendRevision():
                return idea_of(row.message.ref) in self.ideas
            case m.FillBooked():
                return idea_of(row.message.fill.order_ref) in self.ideas
            case b.CommissionCharged():
                return idea_of(row.message.order_ref) in self.ideas
        return False


def left_the_board(journal: Journal) -> OffTheBoard:
    """Which of the living rows a later DayOpened makes the board forget, as ``StatusBuilder`` and ``DayLedger`` do."""
    before, day, closed = 0, date.min, dict[IdeaId, date]()
    for row in journal.living(_ENDS):
        match row.message:
            case m.DayOpened():
                before, day = row.seq, date.fromisoformat(row.message.day)
            case m.BracketClosed():
                closed[row.message.idea_id] = new_york_day(row.message.closed_at)
            case m.BracketAdopted():
                closed.pop(row.message.place.idea_id, None)  # taken over once more: it is open again
    return OffTheBoard(before, {idea_id for idea_id, on in closed.items() if on < day})
