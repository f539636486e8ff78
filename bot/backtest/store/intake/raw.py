"""A file as columns of text or typed values, before anything is known about their meaning."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc_csv
from numpy.typing import NDArray

from bot.backtest.store.intake.packed import refuse_other_formats, unpacked
from bot.backtest.store.intake.text import Head, as_utf8, head_of, without_footer
from bot.backtest.store.kinds import Int64s
from bot.backtest.store.parquet import read_parquet
from bot.domain.errors import FixTheCommand

_PARQUET_MAGIC: Final = b"PAR1"
_LOOKED_AT: Final = 65536
_DECIMAL_COMMA: Final = re.compile(
    r"(^|[;\t|])\s*[-+]?(\d+,(\d{1,2}|\d{4,})|\d{4,},\d+|\d{1,3}(\.\d{3})+,\d+)\s*(?=[;\t|]|$)"
)


@dataclass(frozen=True, slots=True)
class Raw:
    """``columns`` by the file's own names, in its order; ``first_line`` is the line (CSV) or row number of row 0.

    ``symbol`` is of all rows, where the file says it besides its columns; ``notes`` is what a person should know.
    """

    path: Path
    columns: Mapping[str, pa.ChunkedArray]
    rows: int
    first_line: int
    is_text: bool
    has_decimal_commas: bool = False
    symbol: str | None = None
    notes: tuple[str, ...] = ()
    numbers: Int64s | None = None
    """Each row's place in the file, where some were left out; None: all are there."""

    def where(self, row: int) -> str:
        """The place of a row, as a person would look for it."""
        place = row if self.numbers is None else int(self.numbers[row])
        return f"{self.path.name}, {'line' if self.is_text else 'row'} {place + self.first_line}"

    def filtered(self, kept: NDArray[np.bool_]) -> Raw:
        """The rows that are kept, each with its place."""
        mask = pa.array(kept)
        columns = {name: values.filter(mask) for name, values in self.columns.items()}
        numbers = np.arange(self.rows) if self.numbers is None else self.numbers
        return replace(self, columns=columns, rows=int(kept.sum()), numbers=numbers[kept])


def read_raw(path: Path, columns: tuple[str, ...] = ()) -> Raw:
    """Read a CSV or Parquet file (also packed); FixTheCommand says in one line why it cannot be.

    ``columns`` names the columns of a text file in order, instead of its header line or where it has none.
    """
    if path.exists() and not path.is_file():
        raise FixTheCommand(f"{path} is no file; name the files themselves, as in {_files_in(path)}")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FixTheCommand(f"{path}: {error.strerror}") from None
    data = unpacked(path, data)
    refuse_other_formats(path, data)
    if data[:4] == _PARQUET_MAGIC or path.suffix.lower() in (".parquet", ".pq"):
        return _parquet(path, data)
    return _csv(path, data, columns)


def _files_in(path: Path) -> Path:
    """How a shell names a folder's files; those of a partitioned data set lie deeper."""
    found = next(path.rglob("*.parquet"), None) if path.is_dir() else None
    if found is None:
        return (path if path.is_dir() else path.parent) / "*.csv"
    return Path(path, *("*" for _ in found.relative_to(path).parts[:-1]), "*.parquet")


def _parquet(path: Path, data: bytes) -> Raw:
    names, columns, rows = read_parquet(path, data)
    _refuse_twice(path, names)
    return Raw(path, dict(zip(names, columns, strict=True)), rows, 1, is_text=False)


def _csv(path: Path, data: bytes, given: tuple[str, ...]) -> Raw:
    data = as_utf8(path, data)
    text = data[:_LOOKED_AT].decode(errors="ignore")
    head = head_of(path, text)
    data, footer = without_footer(data, head.delimiter)
    names = given or head.names or _usual_order(path, text, head)
    if len(names) != head.cells:
        raise FixTheCommand(
            f"{path}: --columns names {len(names)} columns, the file has {head.cells}: "
            f"{text.splitlines()[0][:80]}"
        )
    _refuse_twice(path, names)
    table = _read_text(path, data, names, head)
    columns = dict(zip(names, table.columns, strict=True))
    rows = text.splitlines()[head.lines : head.lines + 50]
    has_commas = head.delimiter != "," and any(_DECIMAL_COMMA.search(line) for line in rows)
    notes = (f"1 rows left out: the last line, {footer[:40]!r}",) if footer else ()
    first = 1 + head.lines
    return Raw(path, columns, len(table), first, True, has_commas, head.symbol, notes)


def _usual_order(path: Path, text: str, head: Head) -> tuple[str, ...]:
    """The order that nearly every vendor of files without a header uses; any other must be named."""
    cells = [cell.strip() for cell in text.splitlines()[head.lines].split(head.delimiter)]
    first, second = cells[0], cells[1] if len(cells) > 1 else ""
    prices = ("open", "high", "low", "close", "volume")
    is_split = ":" in second or (len(cells) == 7 and re.fullmatch(r"\d{8}|\S*[-/.]\S*", first) is not None)
    layout = ("date", "time", *prices) if is_split else ("time", *prices)
    if head.cells != len(layout):
        raise FixTheCommand(
            f"{path} has no header line, and {head.cells} columns; name them in order: "
            "--columns date,time,open,high,low,close,volume (skip for one to leave out)"
        )
    return layout


def _refuse_twice(path: Path, names: Sequence[str]) -> None:
    twice = {name for name in names if names.count(name) > 1 and name != "skip"}
    if twice:
        raise FixTheCommand(
            f"{path}: two columns are called {min(twice)!r}; rename one, or leave it out of the file"
        )


def _read_text(path: Path, data: bytes, names: Sequence[str], head: Head) -> pa.Table:
    unique, title = [f"{n}" for n in range(len(names))], head.delimiter.join(names)
    try:
        return pc_csv.read_csv(
            BytesIO(data),
            read_options=pc_csv.ReadOptions(column_names=unique, skip_rows=head.lines, use_threads=False),
            parse_options=pc_csv.ParseOptions(delimiter=head.delimiter),
            convert_options=pc_csv.ConvertOptions(
                column_types=dict.fromkeys(unique, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        said = f"{error}"
        if "Empty CSV" in said or "skip initial" in said:
            raise FixTheCommand(f"{path} has a header and no rows") from None
        short = said.splitlines()[0].removeprefix("CSV parse error: ").replace("Row #", "line ")
        hint = f"; is line 1, {title[:40]!r}, the header?" if "line 2: Expected" in short else ""
        raise FixTheCommand(f"{path}: {short[:160]}{hint}") from None
