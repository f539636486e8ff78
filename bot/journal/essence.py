"""Which durable rows a start must still remember once a day is over, and which have been overtaken.

Rule: a row is left out only if every machine that remembers without it stands where it would stand with it. So whatever
is open, in doubt or younger than ``KEPT_WHOLE_FOR`` stays whole; of the rest, what a limit, a latch or a debounce still asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.types import IdeaId
from bot.execution.books.ledger import idea_of
from bot.journal.essence_account import AccountRows
from bot.journal.essence_ideas import IdeaRows
from bot.journal.store import Row

KEPT_WHOLE_FOR = timedelta(days=14)
"""IB repeats executions of up to seven days (TWS, "Trade Log"); five sessions of day trades span nine days at Christmas."""


def essential_rows(rows: Iterable[Row], at: datetime) -> tuple[int, ...]:
    """The ``seq`` of those among these durable rows, oldest first, that a start after ``at`` must remember."""
    essence = _Essence(at - KEPT_WHOLE_FOR)
    for row in rows:
        essence.learn(row)
    return essence.kept()


class _Essence:
    def __init__(self, recent_from: datetime) -> None:
        self._ideas = IdeaRows(recent_from)
        self._account = AccountRows(recent_from)
        self._handlers: dict[type, Callable[[Row, Any], None]] = {
            m.PlaceBracket: self._place,
            m.BracketAdopted: lambda row, x: self._place(row, x.place),
            b.SendOrders: lambda row, x: self._of(row, *(order.idea_id for order in x.orders)),
            b.OrderStatusChanged: self._ideas.status,
            m.BracketClosed: self._ideas.close,
            m.EntryAbandoned: lambda row, x: self._of(row, x.idea_id),
            m.FillBooked: lambda row, x: self._of(row, idea_of(x.fill.order_ref)),
            b.CommissionCharged: lambda row, x: self._of(row, idea_of(x.order_ref)),
        }
        self._handlers |= dict.fromkeys(
            (b.SendRevision, b.SendCancel, b.OrderRefused), lambda row, x: self._of(row, idea_of(x.ref))
        )
        self._handlers |= self._account.handlers()

    def learn(self, row: Row) -> None:
        kind = type(row.message)
        self._ideas.book(row.message)
        if kind in self._handlers:
            self._handlers[kind](row, row.message)
        else:
            self._account.keep(row)
        if isinstance(row.message, m.Resumed) and row.message.cause == "loss_streak":
            self._ideas.forgive_losses()

    def _place(self, row: Row, place: m.PlaceBracket) -> None:
        self._ideas.place(row, place)
        self._account.entered(place)

    def _of(self, row: Row, *ideas: IdeaId) -> None:
        for idea_id in ideas:
            self._ideas.add(idea_id, row)

    def kept(self) -> tuple[int, ...]:
        return tuple(sorted({*self._ideas.kept(), *self._account.kept()}))
