"""Which brackets a message is about, so that a fill of one does not cost a look at all the others.

Rule: whatever does not name a bracket concerns all of them: time, snapshots, the connection, a halt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.types import IdeaId
from bot.execution.books.ledger import idea_of


def concerned(message: m.Message) -> frozenset[IdeaId] | None:
    """The ideas of the brackets that this message is about; None for all."""
    of = _CONCERNED.get(type(message))
    return None if of is None else of(message)


def _of(ref: str) -> frozenset[IdeaId] | None:
    """Orders whose name is lost may be anybody's."""
    idea_id = idea_of(ref)
    return frozenset({idea_id}) if idea_id else None


def _by_idea(message: Any) -> frozenset[IdeaId]:
    return frozenset({message.idea_id})


_CONCERNED: Mapping[type, Callable[[Any], frozenset[IdeaId] | None]] = {
    m.FillBooked: lambda x: _of(x.fill.order_ref),
    b.Filled: lambda x: _of(x.fill.order_ref),
    b.OrderStatusChanged: lambda x: _of(x.ref),
    b.OrderRefused: lambda x: _of(x.ref),
    m.CancelOrder: lambda x: _of(x.ref),
    b.OrderSeen: lambda x: _of(x.order.ref),
    b.CommissionCharged: lambda x: _of(x.order_ref),
    b.SendOrders: lambda x: frozenset(order.idea_id for order in x.orders),
    m.PlaceBracket: _by_idea,
    m.BracketSent: _by_idea,
    m.CancelEntry: _by_idea,
    m.PlaceProtection: _by_idea,
    m.ExitPosition: _by_idea,
    m.BracketClosed: _by_idea,
    m.EntryAbandoned: _by_idea,
}
