"""What a command speaks of: the simulated day or the account, whether a bot runs there, what is recorded; and what to type next.

Rule: cheap enough for ``status``: no settings model, no codec of the journal, no rich.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from bot.cli.options import JOURNAL_NAME, state_directory, state_place
from bot.cli.show.typed import Next, next_lines, options, typed
from bot.domain.errors import BotError, FixTheMachine
from bot.domain.session import new_york_day
from bot.journal.readers import connect_read_only
from bot.ops.process.control_client import SOCKET, ask
from bot.ops.process.instance_lock import is_locked


@dataclass(frozen=True, slots=True)
class Standing:
    """``kind`` is simulated, paper or live, and empty where ``--state`` named a directory. ``last_day`` is the journal's."""

    directory: Path
    kind: str
    has_days_of_its_own: bool
    is_running: bool
    last_day: date | None
    options: str

    @property
    def journal(self) -> Path:
        return self.directory / JOURNAL_NAME

    @property
    def name(self) -> str:
        """``simulated day of Wed 26 Jan 2011``, ``paper bot``, ``bot``."""
        if self.has_days_of_its_own and self.last_day is not None:
            return f"simulated day of {self.last_day:%a %d %b %Y}"
        return f"{self.kind} bot".strip()


def find_standing(config: Path | None, state: Path | None) -> Standing:
    """Where things stand. FixTheConfiguration where the settings file cannot be read."""
    directory = _resolved(state_directory(config, state))
    kind, has_days = "", False
    if state is None:
        at = state_place(config)
        kind, has_days = at.trading, at.has_days_of_its_own
    is_running = directory.is_dir() and is_locked(directory)
    return Standing(
        directory, kind, has_days, is_running, _last_day(directory / JOURNAL_NAME), options(config, state)
    )


def _resolved(directory: Path) -> Path:
    """The day itself where ``latest`` points to it: a later run moves the pointer."""
    return directory.parent / directory.readlink() if directory.is_symlink() else directory


def _last_day(journal: Path) -> date | None:
    """The New York day of the last row; None where there is none, or where it cannot be read."""
    if not journal.exists():
        return None
    with (
        contextlib.suppress(sqlite3.Error, ValueError, FixTheMachine),
        contextlib.closing(connect_read_only(journal)) as db,
    ):
        found = db.execute("SELECT at FROM messages ORDER BY seq DESC LIMIT 1").fetchone()
        return None if found is None else new_york_day(datetime.fromisoformat(found[0]))
    return None


# ── in words ──


def head(x: Standing) -> str:
    """The line above what a command shows."""
    running = " (running)" if x.is_running else ""
    return f"{x.name}{running}, {x.directory}"


def nobody_runs(x: Standing) -> str:
    """Why nothing can be asked of a bot here, and what can be typed instead, in one line."""
    if x.has_days_of_its_own:
        if x.last_day is None:
            why = f"no bot is running, and no simulated day was traded here yet ({x.directory})"
        else:
            why = f"no bot is running; the last one traded the {x.name} ({x.directory})"
    else:
        recorded = (
            "nothing is recorded there"
            if x.last_day is None
            else f"its journal ends on {x.last_day:%a %d %b %Y}"
        )
        kind = f"{x.kind} " if x.kind else ""
        why = f"no {kind}bot is running with the state directory {x.directory} ({recorded})"
    return f"{why}; next: {_inline(_without_bot(x))}"


def nothing_recorded(x: Standing) -> str:
    """Why there is no journal to look into, and what makes one, in one line."""
    running = (
        "the bot has only just started"
        if x.is_running
        else f"no {x.kind} bot has run here yet".replace("  ", " ")
    )
    return f"nothing is recorded in {x.journal}: {running}; next: {_inline(_to_run(x))}"


def _inline(commands: list[Next]) -> str:
    return ", or ".join(f"{typed()} {words}" for words, _ in commands)


def _to_run(x: Standing) -> list[Next]:
    if x.has_days_of_its_own or not x.kind:
        return [(f"run{x.options}", "trade a recorded day" if x.has_days_of_its_own else "trade")]
    return [(f"doctor{x.options}", "is all ready for it"), (f"run{x.options}", "trade")]


def _without_bot(x: Standing) -> list[Next]:
    recorded = [(f"report{x.options}", "what its last day brought")] if x.last_day is not None else []
    return [*recorded, *_to_run(x)]


def welcome(config: Path | None = None, state: Path | None = None) -> list[str]:
    """What ``ibkr-bot`` alone says: of which bot it speaks, how that one stands, and what to type next."""
    x = find_standing(config, state)
    if not x.is_running:
        return [nobody_runs(x).partition("; next: ")[0], *next_lines(_without_bot(x))]
    return [f"{head(x)}: {_verdict(x)}", *next_lines(_with_bot(x))]


def _verdict(x: Standing) -> str:
    try:
        found: dict[str, Any] = ask(x.directory, {"do": "status"}, 3.0)["status"]["verdict"]
    except (BotError, KeyError, TypeError):
        return "it does not answer yet"
    return f"{found['word']}. {found['reason']}"


def _with_bot(x: Standing) -> list[Next]:
    return [
        (f"status --watch{x.options}", "is the money safe, what is held"),
        (f"report{x.options}", "the day so far"),
        (f'halt "reason"{x.options}', "no new entries; protection stays"),
    ]


def after_status(x: Standing, shown: dict[str, Any]) -> list[Next]:
    """What to look at next, and where the page is."""
    page = f"; the page: {shown['page']}" if shown.get("page") else ""
    return [(f"status --watch{x.options}", f"the same, every second{page}"), *_with_bot(x)[1:]]


def ask_status(config: Path | None, state: Path | None) -> tuple[Standing, dict[str, Any]]:
    """The running bot's status. FixTheMachine says what there is instead, where none runs."""
    x = find_standing(config, state)
    if not x.is_running and not os.path.lexists(x.directory / SOCKET):
        raise FixTheMachine(nobody_runs(x))
    answer: dict[str, Any] = ask(x.directory, {"do": "status"})["status"]
    return x, answer


def recorded(config: Path | None, state: Path | None) -> Standing:
    """Where a journal is. FixTheMachine says how one is made, where there is none."""
    x = find_standing(config, state)
    if not x.journal.exists():
        raise FixTheMachine(nothing_recorded(x))
    return x
