"""What of the process reaches outside, from its first line to its last: logs, metrics, alerts, the heartbeat, signals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256

from loguru import logger

from bot.actors.signals import StopSignals
from bot.assembly.timing import Timing
from bot.config import Settings, hand_down
from bot.domain.errors import FixTheMachine
from bot.ops.alerts.channels import open_channels
from bot.ops.alerts.outbox import DeliveryPolicy
from bot.ops.alerts.queue import AlertQueue, Channel
from bot.ops.metrics.endpoint import Metrics
from bot.ops.metrics.family import Constants
from bot.ops.process.heartbeat import Heartbeat
from bot.ops.process.logs import start_logging

LAST_ALERTS_S = 8.0
"""How long a process that ends waits for its last alerts to leave."""
HEARTBEAT = "heartbeat"


@dataclass(frozen=True, slots=True)
class Outside:
    """How the process is heard outside, and told to stop from there, from its first line to its last."""

    metrics: Metrics
    alerts: AlertQueue
    heartbeat: Heartbeat | None
    signals: StopSignals


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
    channels = open_channels(hand_down.alert_addresses(settings))
    with (
        _measured(settings, timing, [*(kind for kind, _ in channels), HEARTBEAT]) as metrics,
        _heard(settings, channels, metrics, signals) as outside,
    ):
        yield outside


@contextmanager
def _heard(
    settings: Settings, channels: list[Channel], metrics: Metrics, signals: StopSignals
) -> Iterator[Outside]:
    """Alerts and heartbeat; what waits when the process ends is sent first."""
    url, trading = settings.monitoring.heartbeat_url, settings.broker.trading
    heartbeat = None
    if url is not None:
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
    )
    try:
        yield Outside(metrics, alerts, heartbeat, signals)
    finally:
        if heartbeat is not None:
            heartbeat.close()
        alerts.close(LAST_ALERTS_S)


@contextmanager
def _measured(settings: Settings, timing: Timing, channels: list[str]) -> Iterator[Metrics]:
    """The metrics' endpoint, for as long as the process trades."""
    metrics = Metrics(
        Constants(
            limits=hand_down.risk_limits(settings),
            session=hand_down.session_rules(settings),
            channels=tuple(channels),
            trading=settings.broker.trading,
            settings_id=sha256(settings.model_dump_json().encode()).hexdigest()[:12],
            clock_speed=timing.speed,
        )
    )
    close: Callable[[], None] = lambda: None  # noqa: E731  nothing to close is a function too
    try:
        if settings.monitoring.metrics_enabled:
            close = metrics.serve(settings.monitoring.metrics_host, settings.monitoring.metrics_port)
    except FixTheMachine as error:
        if settings.broker.trading != "simulated":
            raise
        logger.warning("{}; this simulated day is not measured", error)
    try:
        yield metrics
    finally:
        close()
