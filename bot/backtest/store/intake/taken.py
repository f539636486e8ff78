"""What a file came to: rows for the store, and everything about them that a person should know."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa

from bot.backtest.store.intake.numbers import Flags
from bot.backtest.store.intake.raw import Raw
from bot.backtest.store.kinds import SCHEMAS, Kind
from bot.domain.errors import FixTheCommand
from bot.domain.text import counted
from bot.domain.types import Symbol


@dataclass(frozen=True, slots=True)
class Taken:
    """Rows of one symbol, in order, no key twice. ``notes`` says what was left out or changed, and how much of it."""

    kind: Kind
    symbol: Symbol
    table: pa.Table
    notes: tuple[str, ...]


@dataclass(slots=True)
class Sieve:
    """Rows that stay, and why the others went. Refuses bad rows unless they may be skipped."""

    raw: Raw
    skip_bad: bool
    kept: Flags
    notes: list[str] = field(default_factory=list)

    @classmethod
    def over(cls, raw: Raw, *, skip_bad: bool) -> Sieve:
        return cls(raw, skip_bad, np.ones(raw.rows, dtype=np.bool_), list(raw.notes))

    def drop(self, rows: Flags, why: str) -> None:
        """Leave these rows out, and say so."""
        gone = rows & self.kept
        if gone.any():
            self.notes.append(f"{counted(int(gone.sum()), 'row')} left out: {why}")
            self.kept &= ~rows

    def refuse(self, rows: Flags, why: str) -> None:
        """Rows that cannot be true: FixTheCommand naming the first, or left out when that is wished."""
        bad = rows & self.kept
        if not bad.any():
            return
        if self.skip_bad:
            self.drop(bad, why)
            return
        raise FixTheCommand(
            f"{self.raw.where(int(np.argmax(bad)))}: {why}; {int(bad.sum())} such rows of {self.raw.rows} "
            "(--skip-bad leaves them out)"
        )


_BEYOND: Final = 2.0**63


def as_table(kind: Kind, columns: dict[str, object], rows: int, source: str) -> pa.Table:
    """Arrays as the store's table; NaN becomes unknown in columns of whole numbers."""
    schema = SCHEMAS[kind]
    arrays = []
    for item in schema:
        if item.name == "source":
            arrays.append(pa.array([source] * rows, pa.string()))
        elif item.name == "ts":
            arrays.append(pa.array(columns["ts"], pa.int64()).cast(item.type))
        elif pa.types.is_int64(item.type):
            values = np.asarray(columns.get(item.name, np.full(rows, np.nan)), dtype=np.float64)
            # Of a row that is left out it may be more than 64 bits hold.
            unknown = ~(np.abs(values) < _BEYOND)
            arrays.append(pa.array(np.where(unknown, 0, values).astype(np.int64), item.type, mask=unknown))
        else:
            arrays.append(pa.array(columns.get(item.name, np.full(rows, np.nan)), item.type))
    return pa.Table.from_arrays(arrays, schema=schema)
