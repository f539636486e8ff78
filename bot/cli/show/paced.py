"""A bar for requests that the broker limits: how many are answered, and when the last will be, waits included."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import typer

from bot.cli.show.printer import printer
from bot.domain.text import counted

_WORTH_A_WORD_S = 60.0
_BAR_WIDTH = 16
LIMIT = "IB grants 60 requests in ten minutes"


class Paced(Protocol):
    """What the bar asks of the session with the gateway. Times are of the monotonic clock."""

    @property
    def waits_until(self) -> float | None: ...

    def time_left_s(self, requests: int) -> float: ...


@contextmanager
def paced_bar(
    session: Paced, what: str, steps: int, requests_a_step: int = 1
) -> Iterator[Callable[[], None]]:
    """Shown while the block lasts; each call of what it yields is a step done. A long one is announced in a line."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
    from rich.text import Text

    requests = steps * requests_a_step
    left_s = session.time_left_s(requests)
    if left_s > _WORTH_A_WORD_S:
        typer.echo(f"{what}: {counted(requests, 'request')}, about {for_people(left_s)}; {LIMIT}", err=True)
    due = time.monotonic() + left_s

    def told() -> str:
        now = time.monotonic()
        pause = session.waits_until
        left = f"{for_people(max(0.0, due - now))} left"
        return left if pause is None else f"{left}, waits {max(0.0, pause - now):.0f} s for IB's limit"

    class Left(ProgressColumn):
        """Drawn anew with the bar, so that it counts down while a request waits."""

        def render(self, task: Task) -> Text:
            return Text(told() if task.remaining else "")

    columns = (TextColumn("{task.description}"), BarColumn(_BAR_WIDTH), MofNCompleteColumn(), Left())
    with Progress(*columns, console=printer(to_stderr=True), transient=True) as shown:
        task = shown.add_task(what, total=steps)

        def step() -> None:
            nonlocal steps, due
            steps -= 1
            due = time.monotonic() + session.time_left_s(steps * requests_a_step)
            shown.advance(task)

        yield step


def for_people(seconds: float) -> str:
    """Hours and minutes, minutes alone, or seconds below two minutes."""
    minutes = round(seconds / 60)
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
