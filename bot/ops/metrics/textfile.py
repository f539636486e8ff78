"""What a command that a timer starts leaves for Prometheus: a text file that node_exporter shows among its own numbers.

Source: node_exporter, "Textfile Collector": written beside its place and moved into it, so that half a file is never read;
samples without timestamps. What failed to compare leaves the file as it was, and its ``due`` then passes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from bot.domain.errors import FixTheMachine
from bot.domain.session import new_york_day, next_session, session_on

_PREFIX: Final = "ibkr_comparison_"
_GRACE: Final = timedelta(days=1)
"""From a session's close on: within it lie the evening's replay and the morning's statement."""


@dataclass(frozen=True, slots=True)
class ComparisonRun:
    """What a day's comparison came to. ``at`` is its end by the wall, ``compared`` the decisions or executions looked at."""

    command: str
    at: datetime
    took_s: float
    compared: int
    differences: int

    @property
    def due(self) -> datetime:
        """When the next one must have ended: a day after the next close, so that a weekend or a holiday is no delay."""
        day = new_york_day(self.at)
        today = session_on(day)
        session = today if today is not None and self.at < today.close else next_session(day)
        return session.close + _GRACE


_GAUGES: Final[dict[str, tuple[str, Callable[[ComparisonRun], float]]]] = {
    "differences": ("What the last comparison found to differ.", lambda x: x.differences),
    "compared": ("What it compared: decisions of the day, or executions.", lambda x: x.compared),
    "last_run_timestamp_seconds": ("When it ended (wall time).", lambda x: x.at.timestamp()),
    "duration_seconds": ("How long it took.", lambda x: x.took_s),
    "due_timestamp_seconds": (
        "When the next must have ended: a day after the next session's close (wall time).",
        lambda x: x.due.timestamp(),
    ),
}
COMPARISON_FAMILIES: Final = frozenset(_PREFIX + name for name in _GAUGES)


def leave_for_prometheus(path: Path, run: ComparisonRun) -> None:
    """Replace the file in one step. Raises FixTheMachine where it cannot be written."""
    gauges = CollectorRegistry()
    for name, (words, read) in _GAUGES.items():
        Gauge(_PREFIX + name, words, ["command"], registry=gauges).labels(run.command).set(read(run))
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(generate_latest(gauges))
        beside.chmod(0o644)  # the exporter is another user
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise FixTheMachine(f"--textfile {path}: {error.strerror}; name a file that can be written") from None
