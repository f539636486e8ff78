"""``ibkr-bot run``: the bot. By default against its own simulated gateway, one recorded day with time running fast."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from bot.cli.days import session_of
from bot.cli.embedded import embedded_gateway, speed_of
from bot.cli.options import LATEST_RUN, ConfigOption, StateOption, settings_of, simulated_directory
from bot.cli.show.typed import options
from bot.domain.clock import ScaledTime, SteppedTime
from bot.domain.errors import FixTheCommand, FixTheMachine
from bot.domain.session import new_york_day
from bot.domain.text import made_safe

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
    from bot.actors.clock import real_now, scaled_now
    from bot.app import run as run_bot
    from bot.assembly.timing import Hooks, Timing

    if state is not None:
        settings = settings.with_state(state)
    clock = settings.broker.simulated_clock
    causes: list[str] = []
    stepped = None if clock is None else SteppedTime.parse(clock)
    if stepped is not None:
        timing = Timing.in_steps(stepped)
    elif clock is not None:
        scale = ScaledTime.parse(clock)
        timing = Timing(scaled_now(scale), scale.speed)
    else:
        timing = Timing(real_now)
    _tell_where(settings)
    with _shown() as show:
        code = run_bot(settings, timing, Hooks(show, ended=causes.append))
    _say_why(code, causes, settings)
    return code


# ── the simulated day ──


def _run_simulated_day(
    settings: Settings, state: Path | None, session: str | None, speed: str | None, given: str
) -> int:
    from bot.app import run as run_bot
    from bot.assembly.timing import Hooks, Timing, day_is_over
    from bot.cli.show.outcome import print_outcome
    from bot.journal.store import JOURNAL_FILE
    from bot.ops.status.day_outcome import SeenDay

    day = session_of("--session", session or settings.broker.simulated_session)
    directory = state or _fresh_directory(settings.journal.directory)
    _tell_where(settings)
    seen = SeenDay()
    causes: list[str] = []
    ceiling = settings.broker.simulated_speed if speed is None else speed_of(speed)
    with embedded_gateway(settings, day.day, ceiling, directory, is_paced=True) as gateway:
        settings = settings.with_state(directory).with_gateway("127.0.0.1", gateway.port)
        timing = Timing.in_steps(gateway.stepped)
        with _shown() as show:

            def note(status: Status) -> None:
                seen.note(status)
                show(status)

            over = lambda status: day_is_over(day, timing.now(), status)  # noqa: E731
            code = run_bot(settings, timing, Hooks(note, over, causes.append, every_s=0.1))
    print_outcome(seen, directory / JOURNAL_FILE, day, given, is_whole=code == 0)
    _say_why(code, causes, settings)
    return code


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


def _tell_where(settings: Settings) -> None:
    """Where the page is, before the live panel takes the screen."""
    page = settings.monitoring.page_address
    if page is not None:
        typer.echo(f"page: {page}   (read-only)")


@contextlib.contextmanager
def _shown(out: TextIO | None = None) -> Iterator[Callable[[Status], None]]:
    """A live panel on a terminal; elsewhere a line whenever something happened, and one every half simulated hour."""
    from rich.console import Console
    from rich.live import Live

    from bot.ops.status.display import panel, status_line

    console = Console(file=out)
    if console.is_terminal:
        with Live(console=console, refresh_per_second=8, screen=False) as live:
            yield lambda status: live.update(panel(status))
        return
    last: list[object] = [None]

    def show(status: Status) -> None:
        mark = (
            status.last_event,
            status.at and (new_york_day(status.at), status.at.hour, status.at.minute // 30),
        )
        if mark != last[0]:
            last[0] = mark
            console.print(status_line(status), soft_wrap=True, highlight=False, markup=False)

    yield show


def _say_why(code: int, causes: list[str], settings: Settings) -> None:
    """The last words of a run that failed: what of, where to look, what to type. On stderr, whatever stdout is piped to."""
    if code == 0:
        return
    from bot.ops.process.logs import LOG_FILES

    cause = made_safe("; ".join(filter(None, causes)) or "the bot ended without a reason", 300)
    log = settings.journal.log_directory / LOG_FILES[0]
    typer.echo(
        f"ibkr-bot: the run failed: {cause}; positions keep their stops at the broker\n"
        f"ibkr-bot: next: read {log}, then: ibkr-bot doctor",
        err=True,
    )
