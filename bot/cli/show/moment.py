"""Which bar a person means: a time of day, a time copied from a log, a table or an id, with a day or without."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, date, datetime, time
from pathlib import Path

from bot.domain.errors import FixTheCommand, FixTheMachine
from bot.domain.idea import read_idea
from bot.domain.session import NEW_YORK, new_york_day
from bot.journal.store import connect_read_only, written_at

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2}(?:\.\d+)?)?")


def moment_of(path: Path, symbol: str, at: str, day: str | None) -> tuple[str, datetime]:
    """(symbol, the end of the bar in UTC). Seconds are dropped: what happened at 09:54:02 follows from the bar of 09:54."""
    idea = read_idea(symbol.split("/")[0])
    if idea is not None:
        return idea.symbol, idea.bar_end
    if not at:
        raise FixTheCommand("a time is missing; write it as in: why SPY 10:31")
    whole = _whole(at)
    if whole is not None:
        return symbol.upper(), whole.astimezone(UTC).replace(second=0, microsecond=0)
    clock = _clock(at)
    on = _date(day) if day is not None else _last_day(path)
    return symbol.upper(), datetime.combine(on, clock, NEW_YORK).astimezone(UTC)


def _whole(text: str) -> datetime | None:
    """A time with its date: as it is where it has a zone, New York's where it has none."""
    if len(text) <= len("HH:MM:SS.mmmmmm"):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.replace(tzinfo=NEW_YORK) if at.tzinfo is None else at


def _clock(text: str) -> time:
    found = _CLOCK.fullmatch(text.strip())
    try:
        if found is not None:
            return time(int(found[1]), int(found[2]))
    except ValueError:
        pass
    raise FixTheCommand(f"{text!r} is not a time of day; write it as in 10:31") from None


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise FixTheCommand(f"--date {text!r} is not a date; write it as in 2011-01-05") from None


def _last_day(path: Path) -> date:
    with contextlib.closing(connect_read_only(path)) as db:
        found = db.execute(
            "SELECT at FROM messages WHERE kind = 'BarJudged' ORDER BY seq DESC LIMIT 1"
        ).fetchone()
    if found is None:
        raise FixTheMachine("no bar is in the journal yet; name a day with --date")
    return new_york_day(written_at(found[0]))
