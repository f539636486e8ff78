"""Columns as numbers, and which rows cannot be true."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
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
_LARGEST: Final = 1e15
"""Beyond it a float no longer counts single units: no price and no volume is that large."""

_MANY, _LARGE = 40, 1000.0
"""Prices, and USD: an index or a stock of a thousand still has cents in nearly every bar."""


def floats(raw: Raw, name: str, *, may_be_unknown: bool = False) -> Floats:
    """A column as floats, unknown as NaN; FixTheCommand names the first cell that is no number."""
    column = raw.columns[name]
    if pt.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pt.is_string(column.type) or pt.is_large_string(column.type):
        return _from_text(raw, name, column, may_be_unknown=may_be_unknown)
    if not (pt.is_integer(column.type) or pt.is_floating(column.type) or pt.is_decimal(column.type)):
        raise FixTheCommand(f"{raw.path}: column {name!r} is {column.type}, not numbers")
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)


def _from_text(raw: Raw, name: str, column: pa.ChunkedArray, *, may_be_unknown: bool) -> Floats:
    text = pc.utf8_trim_whitespace(column.cast(pa.string()))
    if raw.has_decimal_commas:
        text = pc.replace_substring(text, ",", ".")
    unknown = pc.is_in(text, value_set=_UNKNOWN)
    if may_be_unknown:
        text = pc.if_else(unknown, pa.scalar("nan"), text)
    elif pc.any(unknown).as_py():
        row = pc.index(unknown, pa.scalar(value=True)).as_py()
        raise FixTheCommand(f"{raw.where(row)}: {name} is empty (--skip-bad leaves such rows out)")
    try:
        return np.asarray(text.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
    except pa.ArrowInvalid:
        cells = enumerate(text.to_pylist())
        row, cell = next(
            ((n, x) for n, x in cells if not _is_number(x, raw)), (0, "a column of something else")
        )
        raise FixTheCommand(
            f"{raw.where(row)}: {name} is {cell[:40]!r}, which is no number (--skip-bad leaves such rows out)"
        ) from None


def without_unreadable(raw: Raw, names: list[str]) -> tuple[Raw, int]:
    """The file without the rows in which one of these columns is no number, and how many those were."""
    good: Flags = np.ones(raw.rows, dtype=np.bool_)
    for name in names:
        column = raw.columns[name]
        if pt.is_string(column.type) or pt.is_large_string(column.type):
            good &= np.array([_is_number(f"{x}".strip(), raw) for x in column.to_pylist()], dtype=np.bool_)
    mask = pa.array(good)
    kept = {name: column.filter(mask) for name, column in raw.columns.items()}
    return replace(raw, columns=kept, rows=int(good.sum())), int((~good).sum())


_NUMBER: Final = re.compile(
    r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|[-+]?(nan|inf|infinity)", re.ASCII | re.IGNORECASE
)


def _is_number(text: str, raw: Raw) -> bool:
    plain = text.replace(",", ".") if raw.has_decimal_commas else text
    return _NUMBER.fullmatch(plain) is not None


def bad_bars(prices: Mapping[str, Floats]) -> tuple[Flags, str]:
    """Rows that no bar can be, and in words what is wrong with the first of them."""
    o, h, low, c, volume = (prices[name] for name in ("open", "high", "low", "close", "volume"))
    wrongs = {
        "a figure is unknown or absurd": ~_all_sane(o, h, low, c, volume),
        "a price is not above 0": ~((o > 0) & (h > 0) & (low > 0) & (c > 0)),
        "the volume is below 0": volume < 0,
        "the high is below another price": (h < o) | (h < c) | (h < low),
        "the low is above another price": (low > o) | (low > c),
    }
    return _first_wrong(wrongs)


def seems_in_cents(prices: Mapping[str, Floats]) -> bool:
    """Whether no price of many has cents, though all are large: of true prices one in a hundred has none."""
    each = np.concatenate([prices[name] for name in ("open", "high", "low", "close")])
    known = each[np.isfinite(each)]
    return len(known) >= _MANY and bool((known >= _LARGE).all() and (known == np.rint(known)).all())


def bad_books(bid: Floats, ask: Floats, bid_size: Floats, ask_size: Floats) -> tuple[Flags, str]:
    """Rows that no quote can be. A side may be absent (NaN); a crossed book is a fact, for ``data check`` to tell."""
    wrongs = {
        "a figure is absurd": np.isinf(bid) | np.isinf(ask) | (bid > _LARGEST) | (ask > _LARGEST),
        "a price is below 0": (bid < 0) | (ask < 0),
        "a size is below 0 or absurd": ~_sizes_sane(bid_size) | ~_sizes_sane(ask_size),
    }
    return _first_wrong(wrongs)


def _sizes_sane(sizes: Floats) -> Flags:
    return np.asarray(np.isnan(sizes) | ((sizes >= 0) & (sizes < _LARGEST)), dtype=np.bool_)


def _all_sane(*columns: Floats) -> Flags:
    return np.asarray(
        np.logical_and.reduce([np.isfinite(x) & (np.abs(x) < _LARGEST) for x in columns]), dtype=np.bool_
    )


def _first_wrong(wrongs: Mapping[str, Flags]) -> tuple[Flags, str]:
    bad = np.logical_or.reduce(list(wrongs.values()))
    if not bad.any():
        return bad, ""
    first = int(np.argmax(bad))
    return bad, next(words for words, rows in wrongs.items() if rows[first])
