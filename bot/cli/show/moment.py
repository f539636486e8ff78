"""Which bar a person means: a time of day, a time copied from a log, a table or an id, with a day or without."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from pathlib import Path

from bot.domain.errors import FixTheCommand, FixTheMachine
from bot.domain.idea import read_idea
from bot.domain.session import NEW_YORK, new_york_day
from bot.journal.readers import connect_read_only
from bot.journal.store import written_at

_CLOCK = re.compile(r"\b(\d{1,2}):(\d{2})(?::\d{2}(?:[.,]\d+)?)?(?:–(?:\d{1,2}:\d{2})?)?")
_ISO = re.compile(r"\b(\d{4}-\d{2}-\d{2})(?:T|\b)")
_WORDS = re.compile(r"\b(\d{1,2}) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\w* (\d{4})\b")
_OFFSET = re.compile(r"(?<=[\d\s])([+-])(\d{2}):?(\d{2})\b")
_ZONES: dict[str, tzinfo] = {
    "New York": NEW_YORK, "America/New_York": NEW_YORK, "EST": timezone(timedelta(hours=-5)),
    "EDT": timezone(timedelta(hours=-4)), "UTC": UTC, "GMT": UTC, "Z": UTC,
}  # fmt: skip
_ZONE = re.compile(r"(?<![A-Za-z])(" + "|".join(_ZONES) + r")\b")
_WEEKDAY = re.compile(r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*\b")


def moment_of(journal: Callable[[], Path], symbol: str, at: str, day: str | None) -> tuple[str, datetime]:
    """(symbol, the end of the bar in UTC). Seconds are dropped: what happened at 09:54:02 follows from the bar of 09:54.

    ``journal`` is asked for only where no day is said: a time that is none is told before a journal that is missing.
    """
    idea = read_idea(symbol.split("/")[0])
    if idea is not None:
        return idea.symbol, idea.bar_end
    if not at.strip():
        raise FixTheCommand("a time is missing; write it as in: why SPY 10:31")
    on, clock, zone = read_moment(at)
    if on is None:
        on = _date(day) if day is not None else _last_day(journal())
        if zone not in (None, NEW_YORK):  # the day that New York had, not the zone's own
            return symbol.upper(), _on_new_york_day(on, clock, zone or NEW_YORK)
    return symbol.upper(), datetime.combine(on, clock, zone or NEW_YORK).astimezone(UTC)


def _on_new_york_day(day: date, clock: time, zone: tzinfo) -> datetime:
    """The instant at which that zone's clocks showed it while New York had that day."""
    near = (datetime.combine(day + timedelta(days=n), clock, zone).astimezone(UTC) for n in (-1, 0, 1))
    return next(at for at in near if new_york_day(at) == day)


def read_moment(text: str) -> tuple[date | None, time, tzinfo | None]:
    """A time as any screen, log, table or file of the bot's writes it: (day, minute, zone), None for what it does not say.

    Raises FixTheCommand.
    """
    left = " ".join(text.split())
    left, day = _taken(_ISO, left)
    left, worded = _taken(_WORDS, left)
    left, clock = _taken(_CLOCK, left)
    left, offset = _taken(_OFFSET, left)
    left, zone = _taken(_ZONE, left)
    left, _ = _taken(_WEEKDAY, left)
    if clock is None or not _says_nothing(left):
        raise _no_time(text)
    try:
        minute = time(int(clock[1]), int(clock[2]))
        on = date.fromisoformat(day[1]) if day else _worded(worded)
    except ValueError:
        raise _no_time(text) from None
    return on, minute, _offset(offset) if offset else _ZONES[zone[1]] if zone else None


def _taken(pattern: re.Pattern[str], text: str) -> tuple[str, re.Match[str] | None]:
    """The text without the first match, and the match."""
    found = pattern.search(text)
    return (text, None) if found is None else (f"{text[: found.start()]} {text[found.end() :]}", found)


def _says_nothing(left: str) -> bool:
    """Whether what is left of a pasted text is only punctuation and the name of a strategy."""
    words = re.findall(r"\w+", left)
    if not words:
        return True
    from bot.strategies.registry import NAMES

    return all(word in NAMES for word in words)


def _worded(found: re.Match[str] | None) -> date | None:
    return datetime.strptime(" ".join(found.groups()), "%d %b %Y").date() if found else None  # noqa: DTZ007  a day has no zone


def _offset(found: re.Match[str]) -> tzinfo:
    length = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(length if found[1] == "+" else -length)


def _no_time(text: str) -> FixTheCommand:
    return FixTheCommand(f"{text!r} is not a time of day; write it as in 10:31")


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
