"""The last words of a simulated day: what the day came to, and what to type next."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from rich.console import Console

from bot.domain.idea import read_idea
from bot.domain.session import NEW_YORK, Session
from bot.ops.status.day_outcome import SeenDay, print_simulated_day
from bot.ops.status.status import Status


def typed() -> str:
    """``ibkr-bot`` as it works when typed here: by its name where the shell finds this very one, else by its path."""
    program = Path(sys.argv[0])
    found = shutil.which(program.name)
    if found is not None and Path(found).resolve() == program.resolve():
        return program.name
    try:
        return str(program.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(program)


def print_outcome(seen: SeenDay, journal: Path, day: Session, state: Path | None, *, is_whole: bool) -> None:
    """What the day came to, and the next commands, as they work when typed. ``state`` where ``--state`` was given.

    ``is_whole`` is False for a day that failed before its end: what is not known then is not told as nothing.
    """
    console = Console()
    print_simulated_day(console, seen, day.day, is_whole=is_whole)
    console.print(f"journal: {journal}", highlight=False, soft_wrap=True)
    for number, (command, meaning) in enumerate(_next(seen.last, state)):
        text = f"{'next:' if number == 0 else '':<8} {command:<60} {meaning}"
        console.print(text, highlight=False, soft_wrap=True, markup=False)


def _next(status: Status, state: Path | None) -> list[tuple[str, str]]:
    name, where = typed(), f" --state {state}" if state else ""
    found = [(f"{name} report{where} --html day.html", "the day as a page")]
    idea = read_idea(status.closed_trades[0].idea_id) if status.closed_trades else None
    if idea is not None:
        at = f"{idea.bar_end.astimezone(NEW_YORK):%H:%M}"
        found.append((f"{name} why {idea.symbol} {at}{where}", "why the first trade was made"))
    found.append((f"{name} journal{where} --csv", "every trade, for a spreadsheet"))
    return [*found, (f"{name} run --session 2011-01-28", "another day")]
