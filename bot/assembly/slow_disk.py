"""A disk that stalls is named and told; where it stalled for long, nothing new is bought until the operator has looked."""

from __future__ import annotations

from typing import Protocol

from bot.ops.alerts.alert import Alert, Severity
from bot.risk.breakers import HaltCause

SLOW_WRITE_S = 3.0
"""An SD card's own housekeeping takes up to a second; longer was seen before cards failed."""
HALTING_WRITE_S = 10.0


class AlertPut(Protocol):
    def put(self, alert: Alert) -> None: ...


class WithAlerts(Protocol):
    @property
    def alerts(self) -> AlertPut: ...


class Halting(Protocol):
    def halt(self, reason: str, by: str) -> object: ...


def tell_of_disk(outside: WithAlerts, seconds: float) -> None:
    """Say it now, without the journal: that is what hangs."""
    body = (
        f"{seconds:.0f} s and more; entries wait for it, stops stand at the broker. "
        "An SD card that stalls is about to fail: replace it"
    )
    outside.alerts.put(Alert("disk_slow", Severity.CRITICAL, "The disk is slow: a write takes seconds", body))


def judge_disk(slowest_s: float, outside: WithAlerts, operator: Halting) -> None:
    """A write that took long is told; one that took very long halts, since the next may never end."""
    if slowest_s >= SLOW_WRITE_S:
        tell_of_disk(outside, slowest_s)
    if slowest_s >= HALTING_WRITE_S:
        operator.halt(
            f"{HaltCause.DISK_FAILURE.value}: a write to the journal took {slowest_s:.0f} s", "journal"
        )
