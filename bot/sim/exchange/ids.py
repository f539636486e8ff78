"""The numbers a broker hands out: permIds and execution ids, unique and the same in every run of the same world."""

from __future__ import annotations

from datetime import datetime

from bot.domain.types import ExecId, PermId

# The form of real ids in public logs (0000e0d5.65a1b2c3.01.01); the number means nothing.
_FIRM = "0000e0d5"


class Ids:
    """Counters that begin where ``start`` says, so that two days' worlds do not share numbers."""

    def __init__(self, start: datetime) -> None:
        seconds = int(start.timestamp())
        self._perm = 100_000_000 + seconds % 1_900_000_000
        self._exec = seconds & 0xFFFFFFFF

    def perm_id(self) -> PermId:
        self._perm += 1
        return self._perm

    def exec_id(self) -> ExecId:
        """As IB prints them, ``0000e0d5.65a1b2c3.01.01``; the last part counts corrections."""
        self._exec = (self._exec + 1) & 0xFFFFFFFF
        return f"{_FIRM}.{self._exec:08x}.01.01"


def leg_id(exec_id: ExecId, number: int) -> ExecId:
    """The id of a combination's leg, the first being 1: the combination's own with a higher third part."""
    stem, _, revision = exec_id.rpartition(".")
    return f"{stem[:-2]}{number + 1:02d}.{revision}"


def corrected(exec_id: ExecId) -> ExecId:
    """The id of the next correction of an execution."""
    stem, _, revision = exec_id.rpartition(".")
    return f"{stem}.{int(revision) + 1:02d}"
