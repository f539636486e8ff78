"""The last words of a simulated day: what the day came to, and what to type next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from rich.console import Console

from bot.cli.show.typed import Next, next_lines
from bot.domain.idea import read_idea
from bot.domain.session import NEW_YORK, Session
from bot.ops.status.day_outcome import SeenDay, print_simulated_day
from bot.ops.status.status import Status


def print_outcome(
    seen: SeenDay, journal: Path, day: Session, given: str, another: date | None, *, is_whole: bool
) -> None:
    """What the day came to, and the next commands, as they work when typed. ``given``: options of this run.

    ``is_whole`` is False for a day that failed before its end: what is not known then is not told as nothing.
    """
    console = Console()
    print_simulated_day(console, seen, day.day, is_whole=is_whole)
    console.print(f"journal: {journal}", highlight=False, soft_wrap=True)
    for line in next_lines(_next(seen.last, given, another)):
        console.print(line, highlight=False, soft_wrap=True, markup=False)


def another_day(day: date, known: Sequence[date]) -> date | None:
    """The day after it that can be played, or the one before; None where there is no other."""
    later = (x for x in known if x > day)
    return next(later, max((x for x in known if x < day), default=None))


def _next(status: Status, given: str, another: date | None) -> list[Next]:
    found = [(f"report{given} --html day.html", "the day as a page")]
    idea = read_idea(status.closed_trades[0].idea_id) if status.closed_trades else None
    if idea is not None:
        at = f"{idea.bar_end.astimezone(NEW_YORK):%H:%M}"
        found.append((f"why {idea.symbol} {at}{given}", "why the first trade was made"))
    found.append((f"journal{given} --csv", "every trade, for a spreadsheet"))
    if another is not None:
        found.append((f"run{given} --session {another}", "another day"))
    return found
