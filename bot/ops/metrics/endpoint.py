"""The metrics endpoint. Nothing is counted here: at each scrape one picture is taken and every family reads from it.

The registry is its own, so that tests and a second bot in one process do not meet. A scrape asks no actor anything; it
reads frozen values that others replace.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from bot.domain.port import BrokerPort
from bot.ops.metrics.family import Constants, Family, Picture, Run
from bot.ops.metrics.link import LINK, PACING
from bot.ops.metrics.money import MONEY, POSITIONS
from bot.ops.metrics.orders import ORDERS, SIGNALS
from bot.ops.metrics.runtime import RUNTIME, STATE
from bot.ops.metrics.timing import CallTimes, TimedMachine, TimedPort
from bot.ops.status.histogram import CALL_BUCKETS_S, Histogram
from bot.ops.status.status import Status
from bot.wiring import Machine

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from prometheus_client import CollectorRegistry

FAMILIES: tuple[Family, ...] = (
    *MONEY, *POSITIONS, *STATE, *ORDERS, *SIGNALS, *LINK, *PACING, *RUNTIME,
)  # fmt: skip


def _nobody() -> Mapping[str, int]:
    return {}


class Metrics:
    """Lives as long as the process; each new line is given to it with ``watch``. Safe to use from any thread."""

    def __init__(
        self, constants: Constants | None = None, drill_due: Callable[[], datetime | None] = lambda: None
    ) -> None:
        """``drill_due`` is asked at every scrape, and must not block."""
        self._constants = constants or Constants()
        self._drill_due = drill_due
        self._lock = threading.Lock()
        self._status: Callable[[], Status] = Status
        self._mailboxes: Callable[[], Mapping[str, int]] = _nobody
        self._machines: dict[str, TimedMachine] = {}
        self._run = _RunCounts()
        self._times = CallTimes()

    # ── what the composition root tells ──

    def watch(
        self, status: Callable[[], Status], mailboxes: Callable[[], Mapping[str, int]] = _nobody
    ) -> None:
        """A line begins: from now on this is what a scrape sees. Neither callable may block."""
        self._status, self._mailboxes = status, mailboxes
        self._run.line_starts += 1

    def timed(self, name: str, machine: Machine) -> TimedMachine:
        """The machine, with its handling measured under this name."""
        timed = self._machines[name] = TimedMachine(machine)
        return timed

    def timed_port(self, port: BrokerPort) -> TimedPort:
        """The port, with questions and orders measured."""
        return TimedPort(port, self._times)

    def beat(self) -> None:
        """Every component has just answered the supervisor."""
        self._run.heartbeat_at = datetime.now(UTC)

    def note_failure(self, component: str, *, is_journal: bool = False) -> None:
        """A component took its line down; ``is_journal`` because the journal could not be written."""
        with self._lock:
            self._run.line_failures[component] = self._run.line_failures.get(component, 0) + 1
            self._run.journal_write_failures += is_journal

    def note_notification(self, channel: str, *, is_delivered: bool) -> None:
        """A notification arrived, or was given up. ``channel`` is a kind (telegram), never an address."""
        key = (channel, "delivered" if is_delivered else "failed")
        with self._lock:
            self._run.notifications[key] = self._run.notifications.get(key, 0) + 1

    def note_delivery(self, seconds: float) -> None:
        """An event's alert was accepted by a channel, so long after it was raised."""
        with self._lock:
            self._run.delivery_s = self._run.delivery_s.add(seconds)

    # ── what a scrape does ──

    def picture(self) -> Picture:
        with self._lock:
            run = self._run.frozen(
                mailboxes=self._mailboxes(),
                busy={name: machine.busy for name, machine in self._machines.items()},
                times=self._times,
                drill_due=self._drill_due(),
            )
        return Picture(self._status(), run, self._constants)

    @cached_property
    def registry(self) -> CollectorRegistry:
        """What a scrape reads, for the client library."""
        from bot.ops.metrics.exposition import registry_of

        return registry_of(FAMILIES, self.picture)

    def app(self) -> WSGIApplication:
        """What answers a scrape; whoever listens on the port calls it."""
        from prometheus_client import make_wsgi_app

        return make_wsgi_app(self.registry)


class _RunCounts:
    """The process's own counts, while they change."""

    def __init__(self) -> None:
        self.heartbeat_at: datetime | None = None
        self.line_starts = 0
        self.line_failures: dict[str, int] = {}
        self.journal_write_failures = 0
        self.notifications: dict[tuple[str, str], int] = {}
        self.delivery_s = Histogram(CALL_BUCKETS_S)

    def frozen(
        self,
        mailboxes: Mapping[str, int],
        busy: Mapping[str, tuple[int, float]],
        times: CallTimes,
        drill_due: datetime | None,
    ) -> Run:
        return Run(
            heartbeat_at=self.heartbeat_at,
            mailboxes=mailboxes,
            busy=busy,
            line_starts=self.line_starts,
            line_failures=dict(self.line_failures),
            journal_write_failures=self.journal_write_failures,
            notifications=dict(self.notifications),
            delivery_s=self.delivery_s,
            drill_due=drill_due,
            threads=threading.active_count(),
            ack_latency_s=times.acks,
            calls=times.calls,
        )
