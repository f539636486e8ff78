"""A histogram as a frozen value, so that the board can fold one without knowing who draws it."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace

FILL_BUCKETS_S = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 45.0, 60.0, 120.0)
"""Bot seconds from an approved entry to its first fill; entries are given up after 45 s by default."""
CALL_BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Wall seconds of a question to the broker."""
SLIP_BUCKETS_TICKS = (-10.0, -5.0, -2.0, -1.0, 0.0, 1.0, 2.0, 5.0, 10.0, 20.0)
"""Ticks; a negative one is a price better than asked for."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """``counts`` has one more place than ``edges``: what lies above the last. An edge belongs to the bucket below it."""

    edges: tuple[float, ...]
    counts: tuple[int, ...] = ()
    total: float = 0.0

    def __post_init__(self) -> None:
        if not self.counts:
            object.__setattr__(self, "counts", (0,) * (len(self.edges) + 1))

    def add(self, value: float) -> Histogram:
        place = bisect_left(self.edges, value)
        counts = (*self.counts[:place], self.counts[place] + 1, *self.counts[place + 1 :])
        return replace(self, counts=counts, total=self.total + value)

    @property
    def count(self) -> int:
        return sum(self.counts)

    def cumulative(self) -> list[tuple[str, float]]:
        """(upper edge as Prometheus writes it, observations at or below), the last one ``+Inf``."""
        rows, below = [], 0
        for edge, count in zip((*self.edges, float("inf")), self.counts, strict=True):
            below += count
            rows.append(("+Inf" if edge == float("inf") else repr(edge), float(below)))
        return rows
