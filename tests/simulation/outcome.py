"""What came of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.simulation.coverage import Coverage
from tests.simulation.oracle import Verdict
from tests.simulation.swarm import Plan


@dataclass
class Outcome:
    """What came of a run. ``digest`` is of the journal's rows and of all bytes on the wire."""

    plan: Plan
    digest: str
    verdict: Verdict
    coverage: Coverage
    virtual_s: float
    lives: int
    orders: int
    trades: int
    worst_bare_s: float
    wire: list[tuple[float, str, bytes]] = field(default_factory=list)
    rows: list[tuple[str, str, str]] = field(default_factory=list)
    alerts: list[tuple[datetime, str, str, str]] = field(default_factory=list)
    done: list[tuple[float, str]] = field(default_factory=list)
    start: datetime = datetime(1970, 1, 1, tzinfo=UTC)

    @property
    def failures(self) -> list[str]:
        return self.verdict.broken
