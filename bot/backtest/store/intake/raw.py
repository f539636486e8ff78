"""A file as columns of text or typed values, before anything is known about their meaning."""

from __future__ import annotations

import csv as text_csv
import gzip
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from bot.domain.errors import FixTheCommand

_PARQUET_MAGIC: Final = b"PAR1"
_GZIP_MAGIC: Final = b"\x1f\x8b"
_DELIMITERS: Final = (",", ";", "\t", "|")
_DECIMAL_COMMA: Final = re.compile(r"(^|[;\t|])\s*\d+,\d{1,2}\s*([;\t|]|$)")
_NUMBER_OR_TIME: Final = re.compile(r"[-+]?[\d.,:/\-TZ ]*\d[\d.,:/\-TZ ]*(AM|PM)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Raw:
    """``columns`` by the file's own names, in its order; ``first_line`` is the line (CSV) or row number of row 0."""

    path: Path
    columns: Mapping[str, pa.ChunkedArray]
    rows: int
    first_line: int
    is_text: bool
    has_decimal_commas: bool = False

    def where(self, row: int) -> str:
        """The place of a row, as a person would look for it."""
        return f"{self.path.name}, {'line' if self.is_text else 'row'} {row + self.first_line}"


def read_raw(path: Path, columns: tuple[str, ...] = ()) -> Raw:
    """Read a CSV (also gzipped) or Parquet file; FixTheCommand says in one line why it cannot be.

    ``columns`` names the columns of a text file in order, for one without a header line.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FixTheCommand(f"{path}: {error.strerror}") from None
    if data[:2] == _GZIP_MAGIC:
        data = _unpacked(path, data)
    if data[:4] == _PARQUET_MAGIC or path.suffix.lower() in (".parquet", ".pq"):
        return _parquet(path, data)
    if data[:4] == b"PK\x03\x04":
        raise FixTheCommand(f"{path} is a zip archive; unpack it first")
    return _csv(path, data, columns)


def _unpacked(path: Path, data: bytes) -> bytes:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise FixTheCommand(f"{path}: damaged gzip file ({error}); download it again") from None


def _parquet(path: Path, data: bytes) -> Raw:
    try:
        table = pq.read_table(BytesIO(data))
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError, KeyError, MemoryError, OverflowError) as error:
        reason = (f"{error}" or type(error).__name__).splitlines()[0][:120]
        raise FixTheCommand(f"{path}: not a readable Parquet file ({reason})") from None
    _refuse_twice(path, table.column_names)
    return Raw(path, dict(zip(table.column_names, table.columns, strict=True)), len(table), 1, is_text=False)


def _csv(path: Path, data: bytes, given: tuple[str, ...]) -> Raw:
    text = _first_lines(path, data)
    delimiter = max(_DELIMITERS, key=text[0].count)
    head = next(text_csv.reader([text[0]], delimiter=delimiter))
    has_header = not any(_NUMBER_OR_TIME.fullmatch(cell.strip()) for cell in head)
    if not has_header and not given:
        given = _usual_order(path, head)
    names = [cell.strip() for cell in head] if has_header else list(given)
    if len(names) != len(head):
        raise FixTheCommand(
            f"{path}: --columns names {len(names)} columns, the file has {len(head)}: {text[0][:80]}"
        )
    _refuse_twice(path, names)
    table = _read_text(path, data, names, delimiter, skip=int(has_header))
    columns = dict(zip(names, table.columns, strict=True))
    has_commas = delimiter != "," and any(_DECIMAL_COMMA.search(line) for line in text[1:50])
    return Raw(path, columns, len(table), 1 + int(has_header), is_text=True, has_decimal_commas=has_commas)


def _first_lines(path: Path, data: bytes) -> list[str]:
    if not data.strip():
        raise FixTheCommand(f"{path} is empty")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise FixTheCommand(f"{path} is UTF-16 or UTF-32 text; save it as UTF-8")
    try:
        lines = data.decode("utf-8-sig")[:65536].splitlines()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise FixTheCommand(f"{path}, line {line}: not UTF-8 text; save the file as UTF-8") from None
    if not lines or not lines[0].strip() or "\0" in lines[0]:
        raise FixTheCommand(f"{path}: its first line is not text; is it a CSV or Parquet file?")
    return lines


def _usual_order(path: Path, head: list[str]) -> tuple[str, ...]:
    """The order that nearly every vendor of files without a header uses; any other must be named."""
    first, second = head[0].strip(), head[1].strip() if len(head) > 1 else ""
    prices = ("open", "high", "low", "close", "volume")
    is_split = ":" in second or (len(head) == 7 and re.fullmatch(r"\d{8}|\S*[-/.]\S*", first) is not None)
    layout = ("date", "time", *prices) if is_split else ("time", *prices)
    if len(head) != len(layout):
        raise FixTheCommand(
            f"{path} has no header line, and {len(head)} columns; name them in order: "
            "--columns date,time,open,high,low,close,volume (skip for one to leave out)"
        )
    return layout


def _refuse_twice(path: Path, names: list[str]) -> None:
    twice = {name for name in names if names.count(name) > 1 and name != "skip"}
    if twice:
        raise FixTheCommand(f"{path}: two columns are called {min(twice)!r}")


def _read_text(path: Path, data: bytes, names: list[str], delimiter: str, *, skip: int) -> pa.Table:
    unique, head = [f"{n}" for n in range(len(names))], delimiter.join(names)
    try:
        return pc_csv.read_csv(
            BytesIO(data),
            read_options=pc_csv.ReadOptions(column_names=unique, skip_rows=skip, use_threads=False),
            parse_options=pc_csv.ParseOptions(delimiter=delimiter),
            convert_options=pc_csv.ConvertOptions(
                column_types=dict.fromkeys(unique, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        said = f"{error}"
        if "Empty CSV" in said or "skip initial" in said:
            raise FixTheCommand(f"{path} has a header and no rows") from None
        short = said.splitlines()[0].removeprefix("CSV parse error: ").replace("Row #", "line ")
        hint = f"; is line 1, {head[:40]!r}, the header?" if "line 2: Expected" in short else ""
        raise FixTheCommand(f"{path}: {short[:160]}{hint}") from None
