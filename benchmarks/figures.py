"""What a benchmark says: a figure, what it should reach, and whether it does."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Iterable, Sequence
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
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603  ours
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != expect:
        raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}")
    return usage.ru_utime + usage.ru_stime


PEAK = "next(int(x.split()[1]) for x in open('/proc/self/status') if x.startswith('VmHWM')) / 1024"
"""MiB that this process has been at its most. getrusage(2) says more in a child: what its parent had when it was made."""
_MODULE = f"""
import atexit, runpy, sys
atexit.register(lambda: sys.stderr.write(str({PEAK})))
sys.argv[1:] = sys.argv[2:]
runpy.run_module('bot', run_name='__main__', alter_sys=True)
"""


def peak_mib(words: Sequence[str]) -> float:
    """What ``python -m bot`` with these words is at its most."""
    command = [sys.executable, "-c", _MODULE, "bot", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  ours
    return float(done.stderr.split()[-1])
