"""The composition root. Recover → start in order → wait → stop in reverse → exit code; what it puts together is made in
``bot.assembly``.

A line that fails is built again from the journal, through this same path; the third failure within ten minutes latches
a halt on disk and ends the process, so that systemd, and a person, take over.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from loguru import logger

from bot.actors.signals import StopSignals
from bot.assembly.failures import Failures
from bot.assembly.line import run_line
from bot.assembly.outside import Outside, opened
from bot.assembly.timing import Hooks, Timing
from bot.domain.errors import FixTheMachine
from bot.journal.recover import open_journal
from bot.journal.store import JOURNAL_FILE, Journal
from bot.ops.alerts.alert import Alert, Severity
from bot.ops.process.instance_lock import InstanceLock

if TYPE_CHECKING:
    from bot.config import Settings


def run(settings: Settings, timing: Timing, hooks: Hooks) -> int:
    """Run until a signal, an unrecoverable failure or ``hooks.is_over``; the process's exit code."""
    with StopSignals() as signals, _alone(settings), opened(settings, timing, signals) as outside:
        failures = Failures(timing, outside)
        while True:
            with _recovered(settings, timing, outside) as journal:
                # Start, wait, stop: the supervisor's part.
                failed = run_line(settings, timing, hooks, journal, outside, is_restart=bool(failures.at))
                exit_code = 0 if failed is None else failures.judge(failed, journal)
            if exit_code is not None:
                hooks.ended("" if exit_code == 0 else failures.cause)
                return exit_code


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """One bot per state directory, and one per gateway and client id."""
    broker = settings.broker
    lock = InstanceLock(settings.journal.directory, f"{broker.host}:{broker.port} {broker.client_id}")
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _recovered(settings: Settings, timing: Timing, outside: Outside) -> Iterator[Journal]:
    """The journal while a line runs. Where it cannot be opened, that is told before the process ends of it."""
    try:
        journal = _recover(settings, timing, outside)
    except FixTheMachine as error:
        title = "The bot cannot start: its journal cannot be opened"
        outside.alerts.put(Alert("journal:unopened", Severity.CRITICAL, title, f"{error}"))
        raise
    try:
        yield journal
    finally:
        try:
            journal.close()
        except FixTheMachine as error:
            logger.error("{}", error)


def _recover(settings: Settings, timing: Timing, outside: Outside) -> Journal:
    """The journal, repaired where it was damaged; that is told, for it begins with a halt."""
    journal, repair = open_journal(settings.journal.directory / JOURNAL_FILE, timing.now)
    if repair is not None:
        logger.warning("{}", repair)
        title = "Halted: the journal was damaged"
        outside.alerts.put(Alert(f"journal:{repair.set_aside.name}", Severity.CRITICAL, title, f"{repair}"))
    return journal
