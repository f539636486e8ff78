"""The name of a trade idea, ``<symbol>-<bar end, UTC>-<strategy>``, made and read in this one place.

Rule: the name is all of an idea that the broker keeps (in IB's orderRef), so it must say enough to start over from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.domain.types import IdeaId, Symbol

_STAMP = "%Y%m%dT%H%M"
_FORM = re.compile(r"(.+)-(\d{8}T\d{4})-([a-z_]+)")


@dataclass(frozen=True, slots=True)
class Idea:
    """What a name says: which symbol, the end of the bar that fired (UTC, whole minutes), whose idea it was."""

    symbol: Symbol
    bar_end: datetime
    strategy: str

    @property
    def idea_id(self) -> IdeaId:
        return f"{self.symbol}-{self.bar_end:{_STAMP}}-{self.strategy}"


def read_idea(idea_id: IdeaId) -> Idea | None:
    """The idea of that name; None for a name that no strategy of ours gave."""
    found = _FORM.fullmatch(idea_id)
    if found is None:
        return None
    try:
        bar_end = datetime.strptime(found[2], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None
    return Idea(found[1], bar_end, found[3])
