"""The store: one folder of Parquet files, by kind of data, symbol and year.

``<root>/bars_1m/SPY/2011.parquet``. Files of option quotes hold one day each. What lies in a file is sorted, of one
symbol, with one row an instant (and contract).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bot.backtest.store.files import locked, read, write
from bot.backtest.store.kinds import DAY_US, SCHEMAS, Kind, part_of, stamps
from bot.backtest.store.merge import Merged, merge
from bot.domain.errors import FixTheCommand
from bot.domain.session import NEW_YORK
from bot.domain.text import counted
from bot.domain.types import Symbol


@dataclass(frozen=True, slots=True)
class Holding:
    """What the store has of one symbol and kind."""

    kind: Kind
    symbol: Symbol
    first: date
    last: date
    days: int
    rows: int
    size_bytes: int
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Added:
    """What became of the rows that were given."""

    new: int = 0
    same: int = 0
    changed: int = 0

    def __add__(self, other: Added) -> Added:
        return Added(self.new + other.new, self.same + other.same, self.changed + other.changed)


class Store:
    """A folder that need not exist yet."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def add(self, kind: Kind, symbol: Symbol, table: pa.Table, *, replace: bool = False) -> Added:
        """Put rows in (``SCHEMAS[kind]``, no key twice). FixTheCommand when they contradict what is there."""
        return self.add_all([(kind, symbol, table)], replace=replace)[0]

    def add_all(
        self, tables: Sequence[tuple[Kind, Symbol, pa.Table]], *, replace: bool = False
    ) -> list[Added]:
        """Put several tables in, none of a kind and symbol twice, and say what became of each.

        All or nothing as to contradictions; each file by itself as to a lost machine, and adding again is harmless.
        """
        with locked(self.root):
            merged = [self._merged(*one, replace=replace) for one in tables]
            for path, m in chain.from_iterable(merged):
                if m.new or m.changed:
                    write(path, m.table)
        return [sum((Added(m.new, m.same, m.changed) for _, m in one), Added()) for one in merged]

    def _merged(
        self, kind: Kind, symbol: Symbol, table: pa.Table, *, replace: bool
    ) -> list[tuple[Path, Merged]]:
        """Each file of the table with what it would become; FixTheCommand for a contradiction."""
        merged = [
            (path, merge(kind, self._read(kind, path), part))
            for path, part in self._parts(kind, symbol, table)
        ]
        _refuse_contradiction([m for _, m in merged], replace=replace, symbol=symbol)
        return merged

    def table(self, kind: Kind, symbol: Symbol, first: date, last: date) -> pa.Table:
        """All rows of the New York days from ``first`` to ``last``, both included; no rows where there are none."""
        parts = [self._read(kind, path) for path in self._files(kind, symbol) if _may_hold(path, first, last)]
        whole = pa.concat_tables(parts) if parts else SCHEMAS[kind].empty_table()
        start, end = (_midnight(day) for day in (first, last + timedelta(days=1)))
        shown = whole.filter((pc.field("ts") >= pa.scalar(start)) & (pc.field("ts") < pa.scalar(end)))
        return shown.combine_chunks()

    def days(self, kind: Kind, symbol: Symbol) -> tuple[date, ...]:
        """The New York days that have rows, earliest first."""
        found: set[date] = set()
        for path in self._files(kind, symbol):
            found.update(_days_of(path, path.stat().st_mtime_ns, kind))
        return tuple(sorted(found))

    def symbols(self, kind: Kind) -> tuple[Symbol, ...]:
        """Every symbol that has files of this kind, sorted."""
        folder = self.root / kind
        found = folder.iterdir() if folder.is_dir() else iter(())
        return tuple(sorted(entry.name for entry in found if any(entry.glob("*.parquet"))))

    def holdings(self) -> Iterator[Holding]:
        """Everything there is, by symbol and kind."""
        for symbol in sorted({symbol for kind in Kind for symbol in self.symbols(kind)}):
            for kind in Kind:
                days = self.days(kind, symbol)
                if days:
                    yield self._holding(kind, symbol, days)

    def _holding(self, kind: Kind, symbol: Symbol, days: tuple[date, ...]) -> Holding:
        files = self._files(kind, symbol)
        columns = [read(path, SCHEMAS[kind], ["source"])["source"] for path in files]
        rows, size = sum(len(c) for c in columns), sum(path.stat().st_size for path in files)
        names = {name for c in columns for name in c.unique().to_pylist()}
        return Holding(kind, symbol, days[0], days[-1], len(days), rows, size, tuple(sorted(names)))

    def _files(self, kind: Kind, symbol: Symbol) -> list[Path]:
        return sorted(path for path in (self.root / kind / symbol).glob("[12]*.parquet"))

    def _read(self, kind: Kind, path: Path) -> pa.Table:
        return read(path, SCHEMAS[kind]) if path.exists() else SCHEMAS[kind].empty_table()

    def _parts(self, kind: Kind, symbol: Symbol, table: pa.Table) -> Iterator[tuple[Path, pa.Table]]:
        # The UTC day of regular hours is New York's; a store holds nothing else.
        day_numbers = stamps(table) // DAY_US
        names = {int(n): part_of(kind, _day(int(n))) for n in np.unique(day_numbers)}
        part_names = np.array([names[int(n)] for n in day_numbers], dtype=object)
        for name in sorted(set(names.values())):
            yield (
                self.root / kind / symbol / f"{name}.parquet",
                table.filter(pa.array(part_names == name)),
            )


def _refuse_contradiction(merged: list[Merged], *, replace: bool, symbol: Symbol) -> None:
    changed = sum(m.changed for m in merged)
    if changed and not replace:
        example = next(m.first_changed for m in merged if m.changed)
        raise FixTheCommand(
            f"{symbol}: {counted(changed, 'row differs', 'rows differ')} from what the store has ({example}); "
            "nothing was changed: pass --replace if the new ones are right"
        )


def _may_hold(path: Path, first: date, last: date) -> bool:
    name = path.stem
    return f"{first}"[: len(name)] <= name <= f"{last}"[: len(name)]


@lru_cache(maxsize=4096)
def _days_of(path: Path, _changed_at: int, kind: Kind) -> tuple[date, ...]:
    days = np.unique(stamps(read(path, SCHEMAS[kind], ["ts"])) // DAY_US)
    return tuple(_day(int(n)) for n in days)


def _day(number: int) -> date:
    return date(1970, 1, 1) + timedelta(days=number)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), NEW_YORK).astimezone(UTC)
