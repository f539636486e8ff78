"""Every bracket the watcher answers for, as it stands. Rule: a bracket's state moves only by the table in
``domain/bracket.py``; what is told to others is told once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from bot.domain import messages as m
from bot.domain.bracket import BRACKET_TRANSITIONS, ENDED, BracketEvent, BracketState, next_state
from bot.domain.types import ConId, IdeaId


@dataclass(slots=True)
class Gap:
    """A time without proof. ``since`` is when it began, ``noticed_at`` when we saw it: asked, then repaired, then closed.

    An excess of exits over a position that is stopped whole is repaired like a gap, but not reported as one.
    """

    since: datetime
    noticed_at: datetime
    first_noticed_at: datetime
    question: str
    is_told: bool = False
    repairs: int = 0
    repaired_at: datetime | None = None


@dataclass(slots=True)
class Bracket:
    """``closing`` is why the position is being closed, empty while it may run; ``step`` is the escalation's next step."""

    place: m.PlaceBracket
    state: BracketState = BracketState.PLANNED
    is_proved: bool = False
    gap: Gap | None = None
    closing: str = ""
    step: int = 0
    step_quantity: int = 0
    next_step_at: datetime | None = None
    closing_since: datetime | None = None
    passed_since: datetime | None = None
    """Since when the market has been beyond the limit of its stop."""
    overdue_told_at: datetime | None = None
    looked_at: datetime | None = None
    look: str = ""
    flat_since: datetime | None = None
    flat_question: str = ""
    stopless_since: datetime | None = None
    short_question: str = ""
    broker_lacks: int = 0
    reported_at: datetime | None = None
    told: m.BracketClosed | None = None
    """The trade as it was last written down."""
    cancels_sent: dict[str, datetime] = field(default_factory=dict)
    incidents: set[str] = field(default_factory=set)

    @property
    def idea_id(self) -> IdeaId:
        return self.place.idea_id

    @property
    def is_ended(self) -> bool:
        return self.state in ENDED

    def happen(self, event: BracketEvent) -> None:
        self.state = next_state(self.idea_id, self.state, event)

    def may(self, event: BracketEvent) -> bool:
        return (self.state, event) in BRACKET_TRANSITIONS

    def open_position(self) -> None:
        """A fill: the first one opens the bracket, a late one opens it again."""
        if self.state in ENDED or self.state in (BracketState.PLANNED, BracketState.ENTERING):
            self.happen(BracketEvent.POSITION_OPENED)
            self.is_proved, self.gap = False, None

    def end(self, event: BracketEvent) -> None:
        if self.may(event):
            self.happen(event)
        self.gap, self.closing, self.step, self.next_step_at = None, "", 0, None
        self.closing_since = self.overdue_told_at = self.passed_since = None
        self.flat_since = self.stopless_since = self.looked_at = None
        self.look = self.short_question = self.flat_question = ""
        self.cancels_sent.clear()


@dataclass(slots=True)
class Commissions:
    """Charges by execution stem, each with the revision it belongs to."""

    amounts: dict[str, tuple[int, Decimal]] = field(default_factory=dict)

    def learn(self, stem: str, revision: int, amount: Decimal) -> bool:
        """True when the amount is news."""
        known = self.amounts.get(stem)
        if known is not None and revision < known[0]:
            return False
        self.amounts[stem] = (revision, amount)
        return known is None or amount != known[1]

    def of(self, stem: str) -> Decimal | None:
        known = self.amounts.get(stem)
        return None if known is None else known[1]


class BracketBook:
    """Brackets by idea; ``watched`` are those with something left to happen."""

    def __init__(self) -> None:
        self.brackets: dict[IdeaId, Bracket] = {}
        self._watched: dict[IdeaId, Bracket] = {}
        self._held: Counter[ConId] = Counter()
        """How many of the watched are of a contract: every quote asks, whatever it is of."""

    def plan(self, place: m.PlaceBracket) -> None:
        if place.idea_id not in self.brackets:
            self.brackets[place.idea_id] = Bracket(place)
            self.watch(place.idea_id)

    def watch(self, idea_id: IdeaId) -> Bracket | None:
        bracket = self.brackets.get(idea_id)
        if bracket is not None and idea_id not in self._watched:
            self._watched[idea_id] = bracket
            self._held[bracket.place.contract.con_id] += 1
        return bracket

    def unwatch(self, idea_id: IdeaId) -> None:
        bracket = self._watched.pop(idea_id, None)
        if bracket is not None:
            self._held -= Counter((bracket.place.contract.con_id,))  # forgets what it comes to none of

    def watched(self, ideas: frozenset[IdeaId] | None = None) -> Iterator[Bracket]:
        """Those with something left to happen: all, or the ones among ``ideas``."""
        if ideas is None:
            return iter(tuple(self._watched.values()))
        return iter([self._watched[idea_id] for idea_id in sorted(ideas) if idea_id in self._watched])

    def holds(self, con_id: ConId) -> bool:
        """Whether this contract's quotes matter to us."""
        return self._held.get(con_id, 0) > 0
