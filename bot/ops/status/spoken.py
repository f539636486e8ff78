"""Names and times as a person reads them: New York's clock, with its zone.

Rule: an idea's name carries UTC, since the broker keeps it; a person reads it in the clock of everything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.domain.idea import read_idea
from bot.domain.session import NEW_YORK


def spoken_time(at: datetime) -> str:
    """``15:30 New York``."""
    return f"{at.astimezone(NEW_YORK):%H:%M} New York"


def spoken_moment(at: datetime) -> str:
    """``27 Jan 15:30 New York``."""
    return f"{at.astimezone(NEW_YORK):%d %b %H:%M} New York"


def spoken_idea(idea_id: str) -> str:
    """``SPY 09:54 scalp``, the bar's end in New York; a name that no strategy of ours gave stays as it is."""
    name, slash, leg = idea_id.partition("/")
    idea = read_idea(name)
    if idea is None:
        return idea_id
    told = f"{idea.symbol} {idea.bar_end.astimezone(NEW_YORK):%H:%M} {idea.strategy}"
    return f"{told} {leg}" if slash else told


def spoken_figures(numbers: Mapping[str, object]) -> str:
    """``limit=2, allowed_until=15:30 New York``."""
    return ", ".join(f"{key}={_figure(value)}" for key, value in telling(numbers).items())


def telling(numbers: Mapping[str, object]) -> dict[str, object]:
    """The figures without the caps of a size that leave a contract: they do not say why there is none."""
    return {
        key: value
        for key, value in numbers.items()
        if not key.startswith("cap_") or str(value).startswith(("0", "-"))
    }


def _figure(value: object) -> str:
    if isinstance(value, datetime):
        return spoken_time(value)
    text = spoken_idea(str(value))
    if len(text) < len("2011-01-26T20:30+00:00") or text[4:5] != "-":
        return text
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return text if at.tzinfo is None else spoken_time(at)
