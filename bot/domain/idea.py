"""The name of a trade idea, ``<symbol>-<bar end, New York with its zone>-<strategy>``, made and read in this one place.

Rule: the name is all of an idea that the broker keeps (in IB's orderRef), so it must say enough to start over from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

from bot.domain.session import NEW_YORK
from bot.domain.types import IdeaId, Symbol

_STAMP = "%Y%m%dT%H%M"
_FORM = re.compile(r"(.+)-([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})(EST|EDT|)-([a-z_]+)")
_ZONES = {"": UTC, "EST": timezone(timedelta(hours=-5)), "EDT": timezone(timedelta(hours=-4))}
"""What stands behind the time. Names from before this rule have nothing there, and are UTC."""


@dataclass(frozen=True, slots=True)
class Idea:
    """What a name says: which symbol, the end of the bar that fired (UTC, whole minutes), whose idea it was.

    ``given`` is the name it was read from: one from before today's form keeps it, since the broker's orders bear it.
    """

    symbol: Symbol
    bar_end: datetime
    strategy: str
    given: IdeaId = field(default="", compare=False)

    @property
    def idea_id(self) -> IdeaId:
        return self.given or f"{self.symbol}-{self.bar_end.astimezone(NEW_YORK):{_STAMP}%Z}-{self.strategy}"


def beginnings(symbol: Symbol, bar_end: datetime) -> tuple[str, str]:
    """What the names of that bar's ideas begin with: in today's form, and in the one before."""
    return Idea(symbol, bar_end, "").idea_id, f"{symbol}-{bar_end.astimezone(UTC):{_STAMP}}-"


def read_idea(idea_id: IdeaId) -> Idea | None:
    """The idea of that name; None for a name that no strategy of ours gave."""
    found = _FORM.fullmatch(idea_id)
    if found is None:
        return None
    symbol, *stamp, zone, strategy = found.groups()
    year, month, day, hour, minute = (int(digits) for digits in stamp)
    try:  # not strptime: a start reads hundreds of names, and it takes ten times as long
        bar_end = datetime(year, month, day, hour, minute, tzinfo=_ZONES[zone]).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return Idea(symbol, bar_end, strategy, idea_id)
