"""Which brackets a message is about, so that a fill of one does not cost a look at all the others.

Rule: whatever does not name a bracket concerns all of them: time, snapshots, the connection, a halt.
"""

from __future__ import annotations

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.types import IdeaId
from bot.execution.books.ledger import idea_of


def concerned(message: m.Message) -> frozenset[IdeaId] | None:
    """The ideas of the brackets that this message is about; None for all."""
    match message:
        case m.FillBooked(fill=fill) | b.Filled(fill=fill):
            return _of(fill.order_ref)
        case b.OrderStatusChanged(ref=ref) | b.OrderRefused(ref=ref) | m.CancelOrder(ref=ref):
            return _of(ref)
        case b.OrderSeen(order=order):
            return _of(order.ref)
        case b.CommissionCharged(order_ref=ref):
            return _of(ref)
        case b.SendOrders(orders=orders):
            return frozenset(order.idea_id for order in orders)
        case (
            m.PlaceBracket(idea_id=idea_id)
            | m.BracketSent(idea_id=idea_id)
            | m.CancelEntry(idea_id=idea_id)
            | m.PlaceProtection(idea_id=idea_id)
            | m.ExitPosition(idea_id=idea_id)
            | m.BracketClosed(idea_id=idea_id)
            | m.EntryAbandoned(idea_id=idea_id)
        ):
            return frozenset({idea_id})
        case _:
            return None


def _of(ref: str) -> frozenset[IdeaId] | None:
    """Orders whose name is lost may be anybody's."""
    idea_id = idea_of(ref)
    return frozenset({idea_id}) if idea_id else None
