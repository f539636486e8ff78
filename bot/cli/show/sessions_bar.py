"""How far a long command over many sessions is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bot.cli.show.printer import printer


@contextmanager
def sessions_bar(total: int, what: str = "sessions", done: int = 0) -> Iterator[Callable[[object], None]]:
    """A bar with the time that is left, on a terminal's error stream. ``done``: before, and so without a say in it."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = printer(to_stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task(what, total=total, completed=done)
        yield lambda _: shown.advance(task)
