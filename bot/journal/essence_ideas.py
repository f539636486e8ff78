"""The rows of brackets: whole while anything of one may still happen or is still asked for, then none of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.types import IdeaId, OrderRef, PermId, Symbol
from bot.execution.books.ledger import idea_of
from bot.execution.books.order_book import OrderBook
from bot.journal.store import Row


@dataclass(slots=True)
class _Idea:
    is_open: bool = False
    rows: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    """All status rows; while the bracket lives, each counts."""
    last_status: dict[tuple[OrderRef, PermId], int] = field(default_factory=dict)
    told: list[int] = field(default_factory=list)
    """Status rows that gave a reason."""
    latest: datetime | None = None


class IdeaRows:
    def __init__(self, recent_from: datetime) -> None:
        self._recent_from = recent_from
        self._book = OrderBook(settle_s=0.0)
        self._learn = self._book.applies()
        self._ideas: dict[IdeaId, _Idea] = defaultdict(_Idea)
        self._last_of: dict[tuple[Symbol, str], IdeaId] = {}
        """Each strategy's debounce begins with its last entry."""
        self._last_loss: dict[Symbol, IdeaId] = {}
        self._results: dict[IdeaId, Decimal] = {}
        self._highest_id: tuple[int, int] = (0, 0)
        """The highest order id and its row: no later one may be below it."""

    def book(self, message: m.Message) -> None:
        """The bot's own order book says whether an order may still trade and what is held."""
        learn = self._learn.get(type(message))
        if learn is not None:
            learn(message)

    def add(self, idea_id: IdeaId, row: Row) -> None:
        idea = self._ideas[idea_id or f"row {row.seq}"]
        idea.rows.append(row.seq)
        self._news(idea, row)
        if isinstance(row.message, m.EntryAbandoned):
            idea.is_open = False

    def place(self, row: Row, place: m.PlaceBracket) -> None:
        self.add(place.idea_id, row)
        self._ideas[place.idea_id].is_open = True
        self._last_of[place.symbol, place.strategy] = place.idea_id

    def close(self, row: Row, closed: m.BracketClosed) -> None:
        self.add(closed.idea_id, row)
        self._ideas[closed.idea_id].is_open = False
        self._results.pop(closed.idea_id, None)
        self._results[closed.idea_id] = closed.pnl
        if closed.pnl < 0:
            self._last_loss[closed.symbol] = closed.idea_id

    def forgive_losses(self) -> None:
        self._results.clear()

    def status(self, row: Row, news: b.OrderStatusChanged) -> None:
        self._highest_id = max(self._highest_id, (news.order_id, row.seq))
        known = self._book.find(news.ref, news.perm_id)
        idea = self._ideas[idea_of(news.ref if known is None else known.ref) or f"row {row.seq}"]
        idea.statuses.append(row.seq)
        idea.last_status[news.ref, news.perm_id] = row.seq
        if news.reason:
            idea.told.append(row.seq)
        self._news(idea, row)

    def _news(self, idea: _Idea, row: Row) -> None:
        idea.latest = row.at if idea.latest is None else max(idea.latest, row.at)

    def _streak(self) -> Iterator[IdeaId]:
        """The trades since the last that won, and that one: it ends the streak of whatever else is kept."""
        for idea_id, pnl in reversed(self._results.items()):
            yield idea_id
            if pnl > 0:
                return

    def kept(self) -> Iterator[int]:
        busy = {record.order.idea_id for record in self._book.unsettled()}
        asked_for = {*self._last_of.values(), *self._last_loss.values(), *self._streak()}
        for idea_id, idea in self._ideas.items():
            is_live = idea.is_open or idea_id in busy or self._book.ledger.position(idea_id) != 0
            is_recent = idea.latest is not None and idea.latest >= self._recent_from
            if is_live or is_recent or idea_id in asked_for:
                yield from idea.rows
                yield from idea.statuses if is_live else (*idea.last_status.values(), *idea.told)
        if self._highest_id[1]:
            yield self._highest_id[1]
