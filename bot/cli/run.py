"""``ibkr-bot run``: the bot. By default against its own simulated gateway, one recorded day with time running fast."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from bot.cli.days import session_of
from bot.cli.embedded import embedded_gateway, speed_of
from bot.cli.options import (
    LATEST_RUN,
    ConfigOption,
    StateOption,
    data_folder,
    settings_of,
    simulated_directory,
)
from bot.cli.show.typed import options
from bot.daemon import run_live, say_why, tell_where
from bot.domain.errors import FixTheCommand, FixTheMachine

if TYPE_CHECKING:
    from bot.config import Settings
    from bot.ops.status.status import Status


def run_command(
    config: ConfigOption = None,
    state: StateOption = None,
    session: Annotated[str | None, typer.Option(help="Recorded day of the simulation, YYYY-MM-DD.")] = None,
    speed: Annotated[
        str | None,
        typer.Option(metavar="N|max", help="At most so many simulated seconds a second; max: no ceiling."),
    ] = None,
) -> None:
    """Trade until stopped; a simulated day ends by itself.

    The simulated market waits for the bot, so the speed changes no trade.
    Examples:  ibkr-bot run          ibkr-bot run --session 2011-01-28 --speed max
    """
    os.umask(0o077)  # journal and logs tell what their owner has: nobody else's business
    settings = settings_of(config)
    if settings.broker.trading == "simulated" and settings.broker.embedded_gateway:
        code = _run_simulated_day(settings, state, session, speed, options(config, state))
    elif session is not None or speed is not None:
        raise FixTheCommand("--session and --speed need the embedded gateway (broker.trading: simulated)")
    else:
        code = _run_live(settings, state)
    raise typer.Exit(code)


# ── against a gateway that is already there ──


def _run_live(settings: Settings, state: Path | None) -> int:
    return run_live(settings if state is None else settings.with_state(state), _shown())


# ── the simulated day ──


def _run_simulated_day(
    settings: Settings, state: Path | None, session: str | None, speed: str | None, given: str
) -> int:
    from bot.app import run as run_bot
    from bot.assembly.timing import Hooks, Timing, day_is_over
    from bot.cli.show.outcome import another_day, print_outcome
    from bot.journal.store import JOURNAL_FILE
    from bot.ops.status.day_outcome import SeenDay
    from bot.sim.market.recorded.bars import NotRecordedError

    day = session_of("--session", session or settings.broker.simulated_session)
    known = _days_to_play(settings)
    if day.day not in known:
        raise NotRecordedError(settings.symbols[0], day.day, known)
    ceiling = settings.broker.simulated_speed if speed is None else speed_of(speed)
    directory = state or _fresh_directory(settings.journal.directory)
    tell_where(settings)
    _tell_made_up(settings, day.day)
    seen = SeenDay()
    causes: list[str] = []
    with embedded_gateway(settings, day.day, ceiling, directory, is_paced=True) as gateway:
        settings = settings.with_state(directory).with_gateway("127.0.0.1", gateway.port)
        timing = Timing.in_steps(gateway.stepped)
        with _shown() as show:

            def note(status: Status) -> None:
                seen.note(status)
                show(status)

            over = lambda status: day_is_over(day, timing.now(), status)  # noqa: E731
            code = run_bot(settings, timing, Hooks(note, over, causes.append, every_s=0.1))
    print_outcome(seen, directory / JOURNAL_FILE, day, given, another_day(day.day, known), is_whole=code == 0)
    say_why(code, causes, settings)
    return code


def _days_to_play(settings: Settings) -> tuple[date, ...]:
    """Those of the first symbol, earliest first; the others are made up where they have none."""
    from bot.cli.data import stored_days

    return stored_days(data_folder(settings)).sessions(settings.symbols[0])


def _fresh_directory(directory: Path) -> Path:
    """A simulated day repeats a date of the past: it must not remember an earlier run of the same date."""
    parent = simulated_directory(directory)
    fresh = parent / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}"
    try:
        fresh.mkdir(parents=True)
        latest = parent / LATEST_RUN
        latest.unlink(missing_ok=True)
        latest.symlink_to(fresh.name)
    except OSError as error:
        raise FixTheMachine(
            f"{parent}: {error.strerror}; make it writable, or choose another --state"
        ) from error
    return fresh


# ── what people see ──


def _tell_made_up(settings: Settings, day: date) -> None:
    """Symbols beside the first need no recording: whoever reads the day's result should know whose prices are invented."""
    from bot.cli.data import stored_days

    library = stored_days(data_folder(settings))
    for symbol in settings.symbols[1:]:
        if day not in library.sessions(symbol):
            typer.echo(f"{symbol}: not recorded on {day}; its prices are made up")


@contextlib.contextmanager
def _shown(out: TextIO | None = None) -> Iterator[Callable[[Status], None]]:
    """A live panel on a terminal; elsewhere a line whenever something happened, and one every half simulated hour."""
    from rich.console import Console
    from rich.live import Live

    from bot.ops.status.display import panel
    from bot.ops.status.line import lines_shown

    console = Console(file=out)
    if console.is_terminal:
        with Live(console=console, refresh_per_second=8, screen=False) as live:
            yield lambda status: live.update(panel(status))
        return
    yield lines_shown(lambda text: console.print(text, soft_wrap=True, highlight=False, markup=False))
