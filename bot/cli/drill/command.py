"""``ibkr-bot drill``: once a quarter, whether the bot, the guard and this machine do what they must when it counts."""

from __future__ import annotations

import json
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.options import ConfigOption, JsonOption, StateOption, settings_of, state_place
from bot.domain.errors import BotError, FixTheCommand

if TYPE_CHECKING:
    from bot.journal.drills import Certificate, DrillStep

SESSION = "2011-01-26"


def drill(
    config: ConfigOption = None,
    state: StateOption = None,
    session: Annotated[str, typer.Option(metavar="DATE", help="Recorded day to drill on.")] = SESSION,
    as_json: JsonOption = False,
) -> None:
    """Kill the bot, restore a backup, stop it from the phone, and load it twice as much as ever; then certify it.

    This build on this machine, behind a guard of its own, against a simulated gateway: no order reaches a broker. The dated
    certificate goes into the journal of --state (default: the settings' own). Exit code 1 where a step failed.
    Example: ibkr-bot drill
    """
    from bot.journal.drills import put_certificate
    from bot.journal.store import JOURNAL_FILE

    settings = settings_of(config)
    if settings.broker.trading == "live":
        raise FixTheCommand(
            "broker.trading is live, and a drill kills the bot it runs: drill with the paper bot's --config, "
            "or with none, and name the live bot's directory by --state"
        )
    directory = state if state is not None else state_place(config).directory
    certificate = _certificate(session, directory / JOURNAL_FILE)
    put_certificate(directory / JOURNAL_FILE, certificate)
    _tell(certificate, directory, as_json=as_json)
    raise typer.Exit(0 if certificate.passed else 1)


def _certificate(session: str, journal: Path) -> Certificate:
    from bot.build import build_id
    from bot.cli.days import session_of
    from bot.journal.drills import Certificate

    day = session_of("--session", session).day
    steps = _steps(day, journal)
    return Certificate(datetime.now(UTC), build_id(), f"simulated gateway, {day}", tuple(steps))


def _steps(day: date, journal: Path) -> list[DrillStep]:
    from rich.console import Console

    from bot.cli.drill.course import Course, busiest_rows
    from bot.cli.drill.processes import SYMBOL
    from bot.cli.embedded import embedded_gateway
    from bot.config import Settings
    from bot.journal.drills import DrillStep

    found: list[DrillStep] = []
    console = Console(stderr=True)
    with (
        _ended_as_by_ctrl_c(),
        tempfile.TemporaryDirectory(prefix="ibkr-bot-drill-") as text,
        console.status("") as status,
    ):
        scratch = Path(text)

        def say(words: str) -> None:
            status.update(words)
            if not console.is_terminal:
                console.print(words, highlight=False)

        say("starting a simulated gateway, a guard and the bot")
        try:
            settings = Settings(symbols=(SYMBOL,))
            with embedded_gateway(settings, day, None, scratch / "gateway", is_paced=True) as gateway:
                found.extend(Course(gateway, scratch, busiest_rows(journal), say).run())
        except BotError as error:
            found.append(DrillStep("start", False, str(error), 0.0))
    return found


@contextmanager
def _ended_as_by_ctrl_c() -> Iterator[None]:
    """SIGTERM, too, ends what the drill has started."""
    try:
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _tell(certificate: Certificate, directory: Path, *, as_json: bool) -> None:
    if as_json:
        shown = {**asdict(certificate), "at": certificate.at.isoformat(), "passed": certificate.passed}
        typer.echo(json.dumps({**shown, "journal": str(directory)}))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None)
    for name in ("step", "", "what was seen", "seconds"):
        table.add_column(
            name, justify="right" if name == "seconds" else "left", no_wrap=name != "what was seen"
        )
    for step in certificate.steps:
        table.add_row(step.name, "passed" if step.passed else "FAILED", step.words, f"{step.took_s:.1f}")
    Console().print(table)
    verdict = "passed" if certificate.passed else "FAILED"
    typer.echo(
        f"drill {verdict}, {certificate.at:%Y-%m-%d %H:%M} UTC, build {certificate.build}; "
        f"the certificate is in the journal of {directory}"
    )
