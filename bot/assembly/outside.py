"""What of the process reaches outside, from its first line to its last: logs, metrics, alerts, the heartbeat, signals."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bot.actors.signals import StopSignals
from bot.assembly.timing import Timing
from bot.broker.connection.pacing import Pacers
from bot.config import hand_down
from bot.domain.text import made_safe
from bot.journal.drills import drill_due
from bot.journal.store import JOURNAL_FILE
from bot.ops.alerts.alert import Alert, Severity
from bot.ops.alerts.channels import open_channels
from bot.ops.alerts.outbox import DeliveryPolicy
from bot.ops.alerts.queue import AlertQueue, Channel
from bot.ops.metrics.endpoint import Metrics
from bot.ops.metrics.family import Constants
from bot.ops.page.feed import LiveFeed
from bot.ops.process.logs import start_logging, stop_logging
from bot.ops.process.threads import watched_threads

if TYPE_CHECKING:
    from bot.config import Settings
    from bot.ops.process.heartbeat import Heartbeat

_DRILL_LOOK_S = 600.0

LAST_ALERTS_S = 8.0
"""How long a process that ends waits for its last alerts to leave."""
HEARTBEAT = "heartbeat"


@dataclass(frozen=True, slots=True)
class Outside:
    """How the process is reached from outside, and stopped from there, from its first line to its last."""

    metrics: Metrics
    page: LiveFeed
    alerts: AlertQueue
    heartbeat: Heartbeat | None
    signals: StopSignals
    pacers: Pacers = field(default_factory=Pacers)
    """What was asked of the gateway, and when: its rates count on over a line that is built again."""


@contextmanager
def opened(settings: Settings, timing: Timing, signals: StopSignals) -> Iterator[Outside]:
    """Logging, metrics, alerts and heartbeat, for as long as the process trades."""
    logs = settings.journal
    start_logging(
        logs.log_directory,
        logs.log_level,
        settings.secrets(),
        retention_days=logs.log_retention_days,
    )
    try:
        channels = open_channels(hand_down.alert_addresses(settings))
        with (
            _measured(settings, timing, [*(kind for kind, _ in channels), HEARTBEAT]) as (metrics, page),
            _heard(settings, channels, metrics, page, signals) as outside,
        ):
            yield outside
    finally:
        stop_logging()


@contextmanager
def _heard(
    settings: Settings, channels: list[Channel], metrics: Metrics, page: LiveFeed, signals: StopSignals
) -> Iterator[Outside]:
    """Alerts and heartbeat; what waits when the process ends is sent first."""
    url, trading = settings.monitoring.heartbeat_url, settings.broker.trading
    heartbeat = None
    if url is not None:
        from bot.ops.process.heartbeat import Heartbeat

        heartbeat = Heartbeat(
            url.get_secret_value(),
            settings.schedule.interval_seconds,
            lambda is_delivered: metrics.note_notification(HEARTBEAT, is_delivered=is_delivered),
        )
    alerts = AlertQueue(
        channels,
        manners=DeliveryPolicy(per_minute=settings.monitoring.max_alerts_per_minute),
        prefix="" if trading == "live" else f"[{trading}] ",
        secrets=settings.secrets(),
        note=lambda kind, is_delivered: metrics.note_notification(kind, is_delivered=is_delivered),
        time_of=metrics.note_delivery,
    )

    def missed(name: str, error: BaseException) -> None:
        title = f"A helper thread has ended: {made_safe(name, 40)}"
        body = f"{made_safe(repr(error))}; restart the bot when it is convenient: sudo systemctl restart ibkr-bot"
        alerts.put(Alert(f"thread:{name}", Severity.CRITICAL, title, body))

    try:
        with watched_threads(missed):
            yield Outside(metrics, page, alerts, heartbeat, signals)
    finally:
        if heartbeat is not None:
            heartbeat.close()
        alerts.close(LAST_ALERTS_S)


@contextmanager
def _measured(settings: Settings, timing: Timing, channels: list[str]) -> Iterator[tuple[Metrics, LiveFeed]]:
    """The metrics and the owner's page, on one port, for as long as the process trades."""
    constants = Constants(
        limits=hand_down.risk_limits(settings),
        session=hand_down.session_rules(settings),
        channels=tuple(channels),
        trading=settings.broker.trading,
        settings_id=settings.fingerprint(),
        clock_speed=timing.speed,
    )
    due = (
        None
        if settings.broker.trading == "simulated"
        else _DrillDue(settings.journal.directory / JOURNAL_FILE)
    )
    metrics = Metrics(constants) if due is None else Metrics(constants, due)
    page, where = LiveFeed(constants), settings.monitoring
    if not where.metrics_enabled:
        yield metrics, page
        return
    from bot.ops.page.server import Site, served

    site = Site(page.document, metrics.app(), where.metrics_host)
    is_needed = settings.broker.trading != "simulated"
    with served(site, where.metrics_host, where.metrics_port, is_needed=is_needed):
        yield metrics, page


class _DrillDue:
    """When the next drill is due, read from the journal now and then: a scrape does not wait for the disk."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._looked_s = -_DRILL_LOOK_S
        self._due: datetime | None = None

    def __call__(self) -> datetime | None:
        now_s = time.monotonic()
        if now_s - self._looked_s >= _DRILL_LOOK_S:
            self._looked_s, self._due = now_s, drill_due(self._journal)
        return self._due
