"""Every fill that counts, once. Rule: a fill's identity is its execution key; a later revision replaces the earlier."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from bot.domain.messages import FillBooked
from bot.domain.order import Fill, execution_key
from bot.domain.reconciling.evidence import is_news, replaced_by
from bot.domain.types import IdeaId, OrderRef, Side


@dataclass(slots=True)
class _Sums:
    """What an idea's fills come to: asked for with every message that concerns it, and changed by a fill alone."""

    position: int = 0
    quantity: dict[Side, int] = field(default_factory=dict)
    value: dict[Side, Decimal] = field(default_factory=dict)
    filled: dict[OrderRef, int] = field(default_factory=dict)

    def add(self, fill: Fill) -> None:
        self.position += fill.signed_quantity
        self.quantity[fill.side] = self.quantity.get(fill.side, 0) + fill.quantity
        self.value[fill.side] = self.value.get(fill.side, Decimal(0)) + fill.price * fill.quantity
        self.filled[fill.order_ref] = self.filled.get(fill.order_ref, 0) + fill.quantity


_NO_FILLS = _Sums()


class FillLedger:
    """Fills by execution stem. ``weigh`` says whether a fill is news, ``learn`` takes it in."""

    def __init__(self) -> None:
        self.fills: dict[str, Fill] = {}
        self._stems: dict[IdeaId, list[str]] = {}
        self._sums: dict[IdeaId, _Sums] = {}

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
        idea_id = idea_of(fill.order_ref)
        stems = self._stems.setdefault(idea_id, [])
        replaced = replaced_by(self.fills, fill)
        if replaced is not None:
            old = execution_key(replaced.exec_id)[0]
            del self.fills[old]
            stems.remove(old)
        stems.append(stem)
        self.fills[stem] = fill
        if replaced is None and idea_id in self._sums:
            self._sums[idea_id].add(fill)
            return
        sums = self._sums[idea_id] = _Sums()
        for one in stems:
            sums.add(self.fills[one])

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
        return self._of(idea_of(ref)).filled.get(ref, 0)

    def position(self, idea_id: IdeaId) -> int:
        """Signed contracts that the bracket holds."""
        return self._of(idea_id).position

    def quantity(self, idea_id: IdeaId, side: Side) -> int:
        return self._of(idea_id).quantity.get(side, 0)

    def value(self, idea_id: IdeaId, side: Side) -> Decimal:
        """Sum of price × quantity, multiplier not applied."""
        return self._of(idea_id).value.get(side, Decimal(0))

    def _of(self, idea_id: IdeaId) -> _Sums:
        return self._sums.get(idea_id, _NO_FILLS)

    def average_paid(self, idea_id: IdeaId) -> Decimal | None:
        """The average entry price per unit, None before the first buy."""
        bought = self.quantity(idea_id, Side.BUY)
        return self.value(idea_id, Side.BUY) / bought if bought else None


def idea_of(ref: OrderRef) -> IdeaId:
    return ref.rpartition("/")[0]
