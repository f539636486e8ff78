"""Columns of text as numbers: with decimal commas, with thousands kept apart, with a dollar sign.

Rule: a column is read one way throughout, and only where its cells leave no other; ``1,267`` alone may be either.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt
from numpy.typing import NDArray

from bot.backtest.store.intake.raw import Raw
from bot.domain.errors import FixTheCommand

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
_UNKNOWN: Final = pa.array(["", "nan", "NaN", "NA", "N/A", "null", "None", "-"])
_NUMBER: Final = re.compile(
    r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|[-+]?(nan|inf|infinity)", re.ASCII | re.IGNORECASE
)
_BY_COMMAS: Final = r"^[-+]?\d{1,3}(,\d{3})+(\.\d+)?$"
_SURELY_BY_COMMAS: Final = r",\d{3}[,.]"
_SURELY_A_POINT: Final = r"^\s*[-+]?\$?[\d,]*\d\.(\d{1,2}|\d{4,})\s*$"
_BY_DOTS: Final = r"^[-+]?\d{1,3}(\.\d{3})+$"
_BY_DOTS_WITH_PART: Final = r"^[-+]?\d{1,3}(\.\d{3})+,\d+$"
_NO_NUMBER: Final = "two ways to write numbers"


def floats(raw: Raw, name: str, *, may_be_unknown: bool = False) -> Floats:
    """A column as floats, unknown as NaN; FixTheCommand names the first cell that is no number."""
    column = _decoded(raw.columns[name])
    if is_text(column):
        return _from_text(raw, name, column, may_be_unknown=may_be_unknown)
    if pt.is_decimal(column.type):
        column = column.cast(pa.string())  # by itself Arrow makes 126.74000000000001 of 126.7400
    elif pt.is_float32(column.type):
        # 126.71 in four bytes is 126.70999908; as text it is what was meant.
        return np.array([np.nan if x is None else float(str(np.float32(x))) for x in column.to_pylist()])
    elif pt.is_null(column.type):
        raise FixTheCommand(f"{raw.path}: column {name!r} is empty in every row")
    elif not (pt.is_integer(column.type) or pt.is_floating(column.type)):
        raise FixTheCommand(f"{raw.path}: column {name!r} is {column.type}, not numbers")
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)


def is_text(column: pa.ChunkedArray) -> bool:
    """Whether the column holds text, of whatever kind Parquet calls it."""
    return bool(
        pt.is_string(column.type) or pt.is_large_string(column.type) or pt.is_string_view(column.type)
    )


def _from_text(raw: Raw, name: str, column: pa.ChunkedArray, *, may_be_unknown: bool) -> Floats:
    text = _plain(raw, column)
    unknown = pc.or_kleene(pc.is_null(text), pc.is_in(text, value_set=_UNKNOWN))
    if may_be_unknown:
        text = pc.if_else(unknown, pa.scalar("nan"), text)
    elif pc.any(unknown).as_py():
        row = pc.index(unknown, pa.scalar(value=True)).as_py()
        raise FixTheCommand(f"{raw.where(row)}: {name} is empty (--skip-bad leaves such rows out)")
    try:
        return np.asarray(text.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
    except pa.ArrowInvalid:
        cells = enumerate(text.to_pylist())
        row = next((n for n, x in cells if _NUMBER.fullmatch(x) is None), 0)
        cell = f"{column[row].as_py()}".strip()
        raise FixTheCommand(
            f"{raw.where(row)}: {name} is {cell[:40]!r}, which is no number (--skip-bad leaves such rows out)"
        ) from None


def without_unreadable(raw: Raw, names: list[str]) -> tuple[Raw, int]:
    """The file without the rows in which one of these columns is no number, and how many those were."""
    good: Flags = np.ones(raw.rows, dtype=np.bool_)
    for name in names:
        column = _decoded(raw.columns[name])
        if is_text(column):
            cells = _plain(raw, column).to_pylist()
            good &= np.array([_NUMBER.fullmatch(x or "") is not None for x in cells], dtype=np.bool_)
    return raw.filtered(good), int((~good).sum())


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A category as what it stands for."""
    return column.cast(column.type.value_type) if pt.is_dictionary(column.type) else column


def _plain(raw: Raw, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column's cells with a decimal point and nothing else but digits, where they are numbers."""
    text = pc.utf8_trim_whitespace(column.cast(pa.string()))
    text = pc.replace_substring_regex(text, r"^([-+]?)\$", r"\1")
    has_comma = pc.match_substring(text, ",")
    if raw.has_decimal_commas:
        return _with_decimal_commas(text, has_comma)
    grouped = pc.match_substring_regex(text, _BY_COMMAS)
    is_sure = _any(pc.match_substring_regex(text, _SURELY_BY_COMMAS)) or (_any(grouped) and _has_points(raw))
    if is_sure and not _any(pc.and_not(has_comma, grouped)):
        return pc.replace_substring(text, ",", "")
    return text


def _has_points(raw: Raw) -> bool:
    """Whether some column surely writes its decimals behind a point, so that no comma in the file is one."""
    columns = (x for x in raw.columns.values() if is_text(x))
    return any(_any(pc.match_substring_regex(x.cast(pa.string()), _SURELY_A_POINT)) for x in columns)


def _with_decimal_commas(text: pa.ChunkedArray, has_comma: pa.ChunkedArray) -> pa.ChunkedArray:
    has_dot = pc.match_substring(text, ".")
    if _any(has_comma):
        # 1.267 among cells like 126,71 could be either.
        apart = pc.match_substring_regex(text, _BY_DOTS_WITH_PART)
        text = pc.if_else(pc.and_not(has_dot, apart), pa.scalar(_NO_NUMBER), text)
        return pc.replace_substring(pc.replace_substring(text, ".", ""), ",", ".")
    if not _any(pc.and_not(has_dot, pc.match_substring_regex(text, _BY_DOTS))):
        return pc.replace_substring(text, ".", "")
    return text


def _any(flags: pa.ChunkedArray) -> bool:
    return bool(pc.any(flags).as_py())
