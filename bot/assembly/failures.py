"""What follows when a line fails: it is told, and too many failures within a while end the process with a halt on disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from loguru import logger

from bot.actors.supervisor import CLOCK, SUPERVISOR
from bot.assembly.outside import Outside
from bot.assembly.timing import Timing
from bot.domain import messages as m
from bot.domain.errors import FixTheMachine
from bot.journal.store import Journal
from bot.ops.alerts.alert import Alert, Severity
from bot.risk.breakers import HaltCause

FAILURES_ALLOWED = 3
FAILURE_WINDOW = timedelta(minutes=10)


@dataclass(slots=True)
class Failures:
    """The failures of this process's lines, as long as they count."""

    timing: Timing
    outside: Outside
    at: list[datetime] = field(default_factory=list)
    cause: str = ""
    """What the last line failed of."""

    def judge(self, failed: m.MachineFailed, journal: Journal) -> int | None:
        """Tell it; the process's exit code if this one ends it, else None."""
        self.cause = f"{failed.component}: {failed.error}"
        _tell(failed, self.outside)
        if failed.component == SUPERVISOR:
            return 1  # what hangs might wake up beside the next line: only a new process is safe
        if self.outside.signals.wanted:
            return 0
        window = FAILURE_WINDOW * self.timing.time_scale
        self.at = [*(at for at in self.at if abs(failed.at - at) < window), failed.at]
        return self._give_up(failed, journal) if len(self.at) >= FAILURES_ALLOWED else None

    def _give_up(self, failed: m.MachineFailed, journal: Journal) -> int:
        cause = HaltCause.REPEATED_FAILURE.value
        title = f"Halted: {len(self.at)} failures in a row, the bot has ended"
        self.outside.alerts.put(Alert(cause, Severity.CRITICAL, title, failed.error))
        logger.critical("halted after {} failures; resume when the cause is fixed", len(self.at))
        try:
            journal.commit(m.Halted(self.timing.now(), cause, failed.error, "supervisor"))
        except FixTheMachine as error:
            logger.critical("the halt could not be written: {}", error)
        return 1


def _tell(failed: m.MachineFailed, outside: Outside) -> None:
    outside.metrics.note_failure(
        failed.component, is_journal=failed.error.startswith("FixTheMachine: journal")
    )
    logger.error("{} failed: {} while handling {}", failed.component, failed.error, failed.message)
    happened = "The clock was set back" if failed.component == CLOCK else f"{failed.component} crashed"
    title = f"{happened}; restarting the trading pipeline"
    body = f"{failed.error}; positions keep their stops at the broker"
    outside.alerts.put(Alert(f"line_failed:{failed.at.isoformat()}", Severity.CRITICAL, title, body))
