"""``ibkr-bot doctor`` and ``ibkr-bot what-if``: what is wrong and what to do about it; what an entry would cost."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.days import bot_clock, scaled_clock
from bot.cli.options import ConfigOption, JsonOption, StateOption, settings_of, state_directory
from bot.cli.show.printer import printer
from bot.domain.errors import FixTheConfiguration, FixTheMachine
from bot.domain.types import Now
from bot.ops.process.control_client import ask
from bot.ops.process.instance_lock import is_locked

if TYPE_CHECKING:
    from rich.table import Table

    from bot.config import Settings
    from bot.doctor.context import Context
    from bot.doctor.findings import Finding
    from bot.domain.messages import Message

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red", "skip": "dim"}
_SIMULATED_SPEED = 60.0
"""Of the gateway that the doctor starts for itself: quotes come soon after the open."""


def doctor(
    config: ConfigOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
    what_if: Annotated[
        bool, typer.Option("--what-if", help="Also ask what one bracket would cost; nothing is placed.")
    ] = False,
    go_live: Annotated[bool, typer.Option("--go-live", help="Also the checklist before real money.")] = False,
    paper_state: Annotated[
        Path | None, typer.Option("--paper-state", help="With --go-live: the paper bot's state directory.")
    ] = None,
) -> None:
    """Check everything between here and the market. Each fault names its remedy.

    Exit code 0: nothing is wrong; 1: something is; 78: the settings are. Example: ibkr-bot doctor --what-if
    """
    from bot.doctor.findings import fail

    try:
        settings = settings_of(config)
    except FixTheConfiguration as error:
        remedy = "correct the named keys; `ibkr-bot config check` reads them again"
        _end([fail("settings", str(error), remedy)], (), as_json=as_json, code=error.exit_code)
    directory = state_directory(config, state)
    if state is not None or is_locked(directory):
        settings = settings.with_state(directory)
    found = _all(settings, what_if=what_if)
    if go_live:
        found = _chained(found, settings, paper_state or settings.journal.directory)
    _end(found, settings.secrets(), as_json=as_json)


def what_if(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Ask the broker what the bracket of one contract at the money would cost. Nothing is placed.

    Example: ibkr-bot what-if
    """
    from bot.doctor.findings import Verdict

    settings = settings_of(config)
    told = (
        x for x in _gateway_part(settings, what_if=True) if x.name == "what-if" or x.verdict is Verdict.FAIL
    )
    _end(told, settings.secrets(), as_json=as_json)


# ── what is checked ──


def _all(settings: Settings, *, what_if: bool) -> Iterator[Finding]:
    from bot.doctor.machine import machine_checks

    yield from machine_checks(settings)
    yield from _gateway_part(settings, what_if=what_if)


def _chained(found: Iterator[Finding], settings: Settings, paper: Path) -> Iterator[Finding]:
    from bot.doctor.go_live import go_live_checks
    from bot.journal.drills import last_passed
    from bot.journal.store import JOURNAL_FILE

    yield from found
    drilled = last_passed(paper / JOURNAL_FILE)
    drilled_at = None if drilled is None else drilled.at
    yield from go_live_checks(settings, _evidence(paper), datetime.now(UTC), drilled_at)


def _evidence(paper: Path) -> list[Message]:
    from bot.doctor.go_live import EVIDENCE
    from bot.journal.readers import connect_read_only
    from bot.journal.store import JOURNAL_FILE, read_rows

    try:
        db = connect_read_only(paper / JOURNAL_FILE)
    except FixTheMachine:
        return []  # no journal proves nothing, and the checklist says so
    with contextlib.closing(db):
        return [row.message for row in read_rows(db, EVIDENCE)]


def _gateway_part(settings: Settings, *, what_if: bool) -> Iterator[Finding]:
    """Against the gateway of the settings; where `run` would start one, against one of our own.

    A bot that runs is asked itself; where its gateway is its own, that is all there is to ask.
    """
    from bot.doctor.findings import fail
    from bot.doctor.gateway import gateway_checks
    from bot.doctor.running import running_bot_checks

    broker = settings.broker
    if is_locked(settings.journal.directory):
        try:
            yield from running_bot_checks(ask(settings.journal.directory, {"do": "status"})["status"])
        except FixTheMachine as error:
            yield fail("running bot", str(error), "systemctl restart ibkr-bot, or stop the process")
        if broker.trading == "simulated" and broker.embedded_gateway:
            return

    with contextlib.ExitStack() as stack:
        try:
            reachable, now = stack.enter_context(_gateway_of(settings))
        except FixTheMachine as error:
            yield fail("connection", str(error), "`ibkr-bot sim` alone says more")
            return
        yield from gateway_checks(_context(reachable, now, what_if=what_if))


@contextlib.contextmanager
def _gateway_of(settings: Settings) -> Iterator[tuple[Settings, Now]]:
    broker = settings.broker
    if broker.trading != "simulated" or not broker.embedded_gateway:
        yield settings, bot_clock(broker.simulated_clock)
        return
    from bot.cli.embedded import embedded_gateway

    day = date.fromisoformat(broker.simulated_session)
    with (
        tempfile.TemporaryDirectory(prefix="ibkr-bot-doctor-") as scratch,
        embedded_gateway(settings, day, _SIMULATED_SPEED, Path(scratch), early_minutes=0) as gateway,
    ):
        yield settings.with_gateway("127.0.0.1", gateway.port), scaled_clock(gateway.scaled)


def _context(settings: Settings, now: Now, *, what_if: bool) -> Context:
    from bot.doctor.context import Context

    context = Context(settings, now, wants_what_if=what_if)
    broker = settings.broker
    return replace(context, connect_s=broker.connect_timeout_s, ask_s=broker.request_timeout_s)


# ── how it is told ──


def _end(
    found: Iterable[Finding], secrets: tuple[str, ...], *, as_json: bool, code: int | None = None
) -> None:
    """Tell the findings, without the secrets, and end with their exit code."""
    from bot.doctor.findings import exit_code
    from bot.ops.process.logs import blot, every_form

    hidden = every_form(secrets)
    with printer(to_stderr=True).status("checking …"):
        clean = [replace(x, found=blot(x.found, hidden), remedy=blot(x.remedy, hidden)) for x in found]
    if as_json:
        for finding in clean:
            typer.echo(finding.as_json())
    else:
        printer().print(_table(clean))
    raise typer.Exit(exit_code(clean) if code is None else code)


def _table(findings: list[Finding]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column("check", no_wrap=True)
    table.add_column("what was found, and what to do")
    for finding in findings:
        style = _STYLES[finding.verdict]
        words = Text(finding.found, style="dim" if finding.verdict == "skip" else "")
        if finding.remedy:
            words.append(f"\n→ {finding.remedy}", style=style)
        table.add_row(Text(finding.verdict.upper(), style=style), finding.name, words)
    return table
