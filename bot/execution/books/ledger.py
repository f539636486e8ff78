"""Every fill that counts, once. Rule: a fill's identity is its execution key; a later revision replaces the earlier."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from bot.domain.messages import FillBooked
from bot.domain.order import Fill, execution_key
from bot.domain.reconciling.evidence import is_news, replaced_by
from bot.domain.types import IdeaId, OrderRef, Side


class FillLedger:
    """Fills by execution stem. ``weigh`` says whether a fill is news, ``learn`` takes it in."""

    def __init__(self) -> None:
        self.fills: dict[str, Fill] = {}
        self._stems: dict[IdeaId, list[str]] = {}

    def weigh(self, fill: Fill) -> FillBooked | None:
        """The booking this fill deserves, or None for one that is known already or older than what is known."""
        if not is_news(self.fills, fill):
            return None
        replaced = replaced_by(self.fills, fill)
        return FillBooked(fill, None if replaced is None else replaced.exec_id)

    def learn(self, booked: FillBooked) -> None:
        fill = booked.fill
        stem = execution_key(fill.exec_id)[0]
        if not is_news(self.fills, fill):
            return
        stems = self._stems.setdefault(idea_of(fill.order_ref), [])
        replaced = replaced_by(self.fills, fill)
        if replaced is not None:
            old = execution_key(replaced.exec_id)[0]
            del self.fills[old]
            stems.remove(old)
        stems.append(stem)
        self.fills[stem] = fill

    def find(self, exec_id: str) -> Fill | None:
        """What is booked under this execution, in whatever revision."""
        return self.fills.get(execution_key(exec_id)[0])

    def of_ideas(self, ideas: Iterable[IdeaId]) -> dict[str, Fill]:
        """The fills of these ideas by execution stem."""
        return {stem: self.fills[stem] for idea_id in ideas for stem in self._stems.get(idea_id, ())}

    def of(self, idea_id: IdeaId, side: Side | None = None) -> Iterator[Fill]:
        for stem in self._stems.get(idea_id, ()):
            if side is None or self.fills[stem].side is side:
                yield self.fills[stem]

    def filled(self, ref: OrderRef) -> int:
        """How much of this order is booked."""
        return sum(fill.quantity for fill in self.of(idea_of(ref)) if fill.order_ref == ref)

    def position(self, idea_id: IdeaId) -> int:
        """Signed contracts that the bracket holds."""
        return sum(fill.signed_quantity for fill in self.of(idea_id))

    def quantity(self, idea_id: IdeaId, side: Side) -> int:
        return sum(fill.quantity for fill in self.of(idea_id, side))

    def value(self, idea_id: IdeaId, side: Side) -> Decimal:
        """Sum of price × quantity, multiplier not applied."""
        return sum((fill.price * fill.quantity for fill in self.of(idea_id, side)), Decimal(0))

    def average_paid(self, idea_id: IdeaId) -> Decimal | None:
        """The average entry price per unit, None before the first buy."""
        bought = self.quantity(idea_id, Side.BUY)
        return self.value(idea_id, Side.BUY) / bought if bought else None


def idea_of(ref: OrderRef) -> IdeaId:
    return ref.rpartition("/")[0]
