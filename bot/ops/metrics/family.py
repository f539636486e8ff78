"""What a metric family is: a name, a kind, a sentence, its labels, and how its samples are read from one picture.

Rules (prometheus.io, "Metric and label naming"): base units, ``_total`` on counters, timestamps rather than ages, labels
whose values are few. What is unknown has no sample. Families are data, so that the endpoint, the document and the tests
all read the same list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeAlias, TypeVar

from bot.ops.status.histogram import CALL_BUCKETS_S, Histogram
from bot.ops.status.status import Status
from bot.risk.limits import RiskLimits, SessionRules
from bot.strategies.registry import NAMES

PREFIX = "ibbot_"

LabelKey = TypeVar("LabelKey", bound=tuple[str, ...])
MetricKind = Literal["gauge", "counter", "summary", "histogram"]
SampleValue: TypeAlias = float | int | bool | Decimal | datetime | None
Summed: TypeAlias = tuple[int, float]
"""(observations, their sum)"""
Sample: TypeAlias = tuple[tuple[str, ...], SampleValue | Summed | Histogram]


@dataclass(frozen=True, slots=True)
class Constants:
    """What does not change while the process lives."""

    limits: RiskLimits = field(default_factory=RiskLimits)
    session: SessionRules = field(default_factory=SessionRules)
    strategies: tuple[str, ...] = NAMES
    channels: tuple[str, ...] = ()
    currency: str = "USD"
    trading: str = "simulated"
    settings_id: str = ""
    """A digest of the settings without their secrets."""
    clock_speed: float = 1.0
    """Bot seconds in a second of the wall's."""


@dataclass(frozen=True, slots=True)
class Run:
    """What the process itself knows, copied at the scrape. Times are the wall's."""

    heartbeat_at: datetime | None = None
    mailboxes: Mapping[str, int] = field(default_factory=dict)
    busy: Mapping[str, Summed] = field(default_factory=dict)
    line_starts: int = 0
    line_failures: Mapping[str, int] = field(default_factory=dict)
    journal_write_failures: int = 0
    notifications: Mapping[tuple[str, str], int] = field(default_factory=dict)
    delivery_s: Histogram = field(default_factory=lambda: Histogram(CALL_BUCKETS_S))
    """Wall time from an event's alert to a channel's acceptance."""
    drill_due: datetime | None = None
    """When the next drill must have been passed; ``None`` where none is asked for."""
    threads: int = 0
    ack_latency_s: Histogram = field(default_factory=lambda: Histogram(CALL_BUCKETS_S))
    calls: Mapping[str, Histogram] = field(default_factory=dict)
    """Kind of request → wall time until its whole answer."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One consistent view, from which every sample of one scrape is read."""

    status: Status
    run: Run = field(default_factory=Run)
    constants: Constants = field(default_factory=Constants)


@dataclass(frozen=True, slots=True)
class Family:
    """``name`` is without prefix and without ``_total``."""

    group: str
    name: str
    kind: MetricKind
    help: str
    read: Callable[[Picture], Iterable[Sample]]
    labels: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        return f"{PREFIX}{self.name}{'_total' if self.kind == 'counter' else ''}"


def as_number(value: SampleValue) -> float | None:
    """A sample's value: money as it is, times as Unix seconds, None for what is unknown."""
    if value is None:
        return None
    return value.timestamp() if isinstance(value, datetime) else float(value)


def one(read: Callable[[Picture], SampleValue | Histogram]) -> Callable[[Picture], Iterable[Sample]]:
    """The reader of a family without labels."""
    return lambda picture: [((), read(picture))]


def money_reader(read: Callable[[Picture], SampleValue]) -> Callable[[Picture], Iterable[Sample]]:
    """The reader of a single amount, labelled with its currency."""
    return lambda picture: [((picture.constants.currency,), read(picture))]


def states(names: Iterable[str], now: Iterable[str]) -> list[Sample]:
    """One sample for each name, 1 for those that hold now; a name nobody expected is added."""
    holding = set(now)
    return [((name,), name in holding) for name in sorted({*names, *holding})]


def counts(known: Mapping[LabelKey, int], expected: Iterable[tuple[str, ...]]) -> list[Sample]:
    """Counters, those that have not happened yet at 0, so that ``increase()`` sees the first."""
    missing: list[Sample] = [(key, 0) for key in expected if key not in known]
    return sorted([*missing, *known.items()], key=lambda sample: sample[0])
