"""A Parquet file as columns of the few types that are read: whatever its writer called text is text, once and for all."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as pt

from bot.domain.errors import FixTheCommand

_UNREADABLE = (pa.ArrowException, OSError, ValueError, KeyError, MemoryError, OverflowError)


def read_parquet(path: Path, data: bytes) -> tuple[tuple[str, ...], tuple[pa.ChunkedArray, ...], int]:
    """Names, columns and the number of rows; a name may be there twice. FixTheCommand where it is no Parquet file."""
    try:
        file = pq.ParquetFile(BytesIO(data))
        names = tuple(file.schema_arrow.names)
        if len({*names}) < len(names):
            return names, (), 0
        table = file.read()
        table.validate(full=True)
        shown = tuple(map(_shown, names, table.columns))
        return shown, tuple(map(_plain, table.columns)), len(table)
    except _UNREADABLE as error:
        reason = (f"{error}" or type(error).__name__).splitlines()[0][:120]
        raise FixTheCommand(f"{path}: not a readable Parquet file ({reason})") from None


def _shown(name: str, column: pa.ChunkedArray) -> str:
    """Of a column whose cells hold several values each with that, so that no figure is looked for in it."""
    return f"{name} ({column.type})"[:60] if pt.is_nested(column.type) else name


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Polars writes views of text, Spark and Impala bytes; a type of somebody's own is what it is kept as."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return _plain(column.cast(kind.storage_type))
    if pt.is_dictionary(kind):
        return _plain(column.cast(kind.value_type))
    if pt.is_large_string(kind) or pt.is_string_view(kind):
        return column.cast(pa.string())
    if (
        pt.is_binary(kind)
        or pt.is_large_binary(kind)
        or pt.is_fixed_size_binary(kind)
        or pt.is_binary_view(kind)
    ):
        return _as_text(column)
    return column


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """As it is where it is no text: a picture, a checksum."""
    try:
        return pa.chunked_array(
            [[None if x is None else x.decode() for x in column.to_pylist()]], pa.string()
        )
    except UnicodeDecodeError:
        return column
