"""What a benchmark says: a figure, what it should reach, and whether it does."""

from __future__ import annotations

import os
import statistics
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """``reach`` bounds ``value``: from above, or from below where ``is_floor``; None: told, and not judged."""

    name: str
    value: float
    unit: str
    reach: float | None
    note: str = ""
    is_floor: bool = False

    @property
    def is_reached(self) -> bool:
        if self.reach is None:
            return True
        return self.value >= self.reach if self.is_floor else self.value <= self.reach

    @property
    def reach_text(self) -> str:
        if self.reach is None:
            return "–"
        return f"{'≥' if self.is_floor else '≤'} {self.reach:g} {self.unit}"


def ratio(pairs: Iterable[tuple[float, float]]) -> float:
    """The median of other ÷ one over pairs that were measured in turn: the machine's drift falls out."""
    return statistics.median(other / one for one, other in pairs)


def child_cpu_s(command: list[str], *, expect: int = 0) -> float:
    """Seconds of the processor that a command took, user and system. Raises RuntimeError where it fails."""
    return child_usage(command, expect=expect)[0]


def child_usage(command: list[str], *, expect: int = 0) -> tuple[float, float]:
    """Seconds of the processor that a command took, user and system, and MiB at its most. Raises RuntimeError where it fails."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603  ours
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != expect:
        raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
