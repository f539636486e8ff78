"""Times as files write them, to microseconds.

Rule: a time with an offset, or a count since 1970, is an instant. Any other is a reading of some wall clock, and which
one is not guessed. Day and month that could be either are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from bot.backtest.store.intake.dates import (
    DateReader,
    DayOrder,
    has_digit,
    has_short_years,
    is_whole_time,
    order_of,
)
from bot.backtest.store.intake.raw import Raw
from bot.backtest.store.kinds import DAY_US, Int64s
from bot.domain.errors import FixTheCommand

_EPOCH: Final = date(1970, 1, 1)
_EARLIEST_US: Final = (date(1990, 1, 1) - _EPOCH).days * DAY_US
_PER_UNIT: Final = {10: 1_000_000, 13: 1_000, 16: 1}
_NO_PART: Final = re.compile(r"(?<=\d{10})\.0+$", re.ASCII)
_SAYS_UTC: Final = re.compile(r"^\W*(?:utc|gmt)(?!\s*[+-])|(?:utc|gmt)\W*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Times:
    """Microseconds since 1970: instants when ``is_utc``, else readings of a wall clock as if it were UTC's."""

    us: Int64s
    is_utc: bool
    is_dates_only: bool = False


def read_times(raw: Raw, time_column: str | None, date_column: str | None, order: DayOrder | None) -> Times:
    """The rows' times from one column, or from one of dates and one of times of day; FixTheCommand for absurd ones."""
    times = _read_times(raw, time_column, date_column, order)
    # A wall clock is at most a day ahead of UTC's.
    latest_us = round(datetime.now(UTC).timestamp() * 1_000_000) + DAY_US
    absurd = (times.us < _EARLIEST_US) | (times.us > latest_us)
    if absurd.any():
        raise FixTheCommand(
            f"{raw.where(int(np.argmax(absurd)))}: the time lies before 1990 or in the future"
        )
    return times


def _read_times(raw: Raw, time_column: str | None, date_column: str | None, order: DayOrder | None) -> Times:
    if time_column is not None and date_column is not None and _has_dates(raw.columns[time_column]):
        date_column = None
    if time_column is not None and date_column is not None:
        return _from_text(raw, _joined(raw, date_column, time_column), f"{date_column}, {time_column}", order)
    name = date_column if time_column is None else time_column
    assert name is not None  # noqa: S101  the caller has seen to it
    column = raw.columns[name]
    if column.null_count:
        row = next(n for n, x in enumerate(column.to_pylist()) if x is None)
        raise FixTheCommand(f"{raw.where(row)}: {name} is empty (--skip-bad leaves such rows out)")
    if pt.is_timestamp(column.type):
        return Times(_in_us(raw, name, column), column.type.tz is not None)
    if pt.is_date(column.type):
        return Times(_int64s(column.cast(pa.timestamp("us"))), is_utc=False, is_dates_only=True)
    if pt.is_integer(column.type) or pt.is_floating(column.type):
        return _from_text(raw, [f"{x:.0f}" for x in column.to_pylist()], name, order)
    return _from_text(raw, [f"{x}" for x in column.to_pylist()], name, order)


def _has_dates(column: pa.ChunkedArray) -> bool:
    """Whether a column of times needs none of dates beside it."""
    if pt.is_timestamp(column.type) or not len(column):
        return True
    first = f"{column[0].as_py()}"
    return is_whole_time(first) or _counts([first]) is not None


def without_words(raw: Raw, named: Mapping[str, str]) -> tuple[Raw, int]:
    """The file without the rows whose time is a word or nothing, as of a sum below the table, and how many those were."""
    name = named.get("time", named.get("date"))
    assert name is not None  # noqa: S101  as above
    cells = raw.columns[name].to_pylist()
    kept = np.array([x is not None and has_digit(f"{x}") for x in cells], dtype=np.bool_)
    return (raw, 0) if kept.all() else (raw.filtered(kept), int((~kept).sum()))


def _in_us(raw: Raw, name: str, column: pa.ChunkedArray) -> Int64s:
    try:
        return _int64s(column.cast(pa.timestamp("us"), safe=column.type.unit != "ns"))
    except pa.ArrowInvalid:
        raise FixTheCommand(
            f"{raw.path}: {name} has times beyond every calendar; are they in a wrong unit?"
        ) from None


def _int64s(column: pa.ChunkedArray) -> Int64s:
    return np.asarray(column.cast(pa.int64()).to_numpy(), dtype=np.int64)


def _joined(raw: Raw, date_column: str, time_column: str) -> list[str]:
    days, clocks = (raw.columns[name].to_pylist() for name in (date_column, time_column))
    return [f"{_day(day)} {clock}" for day, clock in zip(days, _padded(clocks), strict=True)]


def _padded(clocks: Sequence[object]) -> list[str]:
    """93000 and 930 are half past nine where a program took away the zero: of the same length, all of them, as the longest."""
    texts = [f"{x}".strip() for x in clocks]
    digits = max((len(x) for x in texts if x.isdecimal()), default=0)
    if digits not in (3, 4, 5, 6):
        return texts
    return [x.zfill(digits + digits % 2) if x.isdecimal() else x for x in texts]


def _day(cell: object) -> str:
    """Midnight where a program keeps days as instants."""
    return f"{cell}".removesuffix(" 00:00:00")


def _from_text(raw: Raw, texts: list[str], name: str, order: DayOrder | None) -> Times:
    counted = _counts(texts)
    if counted is not None:
        return Times(counted, is_utc=True)
    reader = DateReader(raw, name, order or order_of(raw, texts), has_short_years(texts))
    us = np.fromiter((reader.read(n, text) for n, text in enumerate(texts)), np.int64, len(texts))
    if reader.zoned and reader.zoned != len(texts):
        raise FixTheCommand(
            f"{raw.path}: {name} has a zone in {reader.zoned} of {len(texts)} rows; all or none must"
        )
    if len(reader.short_zones) > 1:
        raise FixTheCommand(
            f"{raw.path}: {name} is of several zones: {', '.join(sorted(reader.short_zones))}"
        )
    # A column may say it once for all: Gmt time, timestamp_utc.
    is_utc = bool(reader.zoned) or (_SAYS_UTC.search(name) is not None and not reader.short_zones)
    return Times(us, is_utc, is_dates_only=not reader.has_clock)


def _counts(texts: list[str]) -> Int64s | None:
    """Seconds, milli-, micro- or nanoseconds since 1970, also as ``1709821800.0``; None unless every row is one."""
    texts = [text[: -len(end[0])] if (end := _NO_PART.search(text)) else text for text in texts]
    lengths = {len(text) for text in texts}
    if (
        not lengths <= {10, 13, 16, 19}
        or len(lengths) != 1
        or not all(x.isascii() and x.isdecimal() for x in texts)
    ):
        return None
    size = lengths.pop()
    if size == 19:  # of which some are beyond what 64 bits hold, and in the year 2262
        return np.array([int(text) // 1000 for text in texts], dtype=np.int64)
    return np.array([int(text) for text in texts], dtype=np.int64) * _PER_UNIT[size]
