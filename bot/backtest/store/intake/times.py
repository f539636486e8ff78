"""Times as files write them, to microseconds.

Rule: a time with an offset, or a count since 1970, is an instant. Any other is a reading of some wall clock, and which
one is not guessed. Day and month that could be either are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from bot.backtest.store.intake.raw import Raw
from bot.backtest.store.kinds import DAY_US, Int64s
from bot.domain.errors import FixTheCommand

DayOrder = Literal["mdy", "dmy"]
_EPOCH: Final = date(1970, 1, 1)
_QUARTER_US: Final = 15 * 60_000_000
_EARLIEST_US: Final = (date(1990, 1, 1) - _EPOCH).days * DAY_US
_PER_UNIT: Final = {10: 1_000_000, 13: 1_000, 16: 1}
_WALL: Final = re.compile(
    r"(?P<date>\d{1,4}(?P<between>[-/.])\d{1,2}(?P=between)\d{1,4}|\d{8})"
    r"(?:[T ;]\s*(?P<time>\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:\s*[AaPp][Mm])?|\d{6}|\d{4}))?"
    r"\s*(?P<zone>Z|UTC|[+-]\d{2}:?\d{2}|[A-Za-z]+/[A-Za-z_]+)?",
    re.ASCII,
)
_NO_PART: Final = re.compile(r"(?<=\d{10})\.0+$", re.ASCII)
_CLOCK: Final = re.compile(r"(\d{1,2}):?(\d{2})(?::?(\d{2})(?:\.(\d{1,9}))?)?\s*([AaPp][Mm])?", re.ASCII)


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
    if time_column is not None and date_column is not None:
        return _from_text(raw, _joined(raw, date_column, time_column), f"{date_column}, {time_column}", order)
    name = time_column or date_column
    assert name is not None  # noqa: S101  the caller has seen to it
    column = raw.columns[name]
    if column.null_count:
        row = next(n for n, x in enumerate(column.to_pylist()) if x is None)
        raise FixTheCommand(f"{raw.where(row)}: {name} is empty")
    if pt.is_timestamp(column.type):
        return Times(_int64s(column.cast(pa.timestamp("us"), safe=False)), column.type.tz is not None)
    if pt.is_date(column.type):
        return Times(_int64s(column.cast(pa.timestamp("us"))), is_utc=False, is_dates_only=True)
    if pt.is_integer(column.type) or pt.is_floating(column.type):
        return _from_text(raw, [f"{x:.0f}" for x in column.to_pylist()], name, order)
    return _from_text(raw, [f"{x}" for x in column.to_pylist()], name, order)


def to_utc(wall: Int64s, zone: ZoneInfo) -> Int64s:
    """Readings of that zone's wall clock as instants. An hour that summer time repeats is its first one."""
    quarters, place = np.unique(wall // _QUARTER_US, return_inverse=True)
    return np.asarray(wall - _offsets(quarters, zone)[place], dtype=np.int64)


def _offsets(quarters: Int64s, zone: ZoneInfo) -> Int64s:
    # Every change of a zone's offset since 1970 falls on a quarter of an hour.
    start = datetime(1970, 1, 1, tzinfo=zone)  # arithmetic on a zone's own times moves its wall clock
    offsets = ((start + timedelta(microseconds=int(q) * _QUARTER_US)).utcoffset() for q in quarters)
    return np.array([round(x.total_seconds()) * 1_000_000 if x else 0 for x in offsets], dtype=np.int64)


def _int64s(column: pa.ChunkedArray) -> Int64s:
    return np.asarray(column.cast(pa.int64()).to_numpy(), dtype=np.int64)


def _joined(raw: Raw, date_column: str, time_column: str) -> list[str]:
    days, clocks = (raw.columns[name].to_pylist() for name in (date_column, time_column))
    # 93000 is half past nine where a program took away the zero.
    padded = (f"{c}".zfill(6) if f"{c}".isdecimal() and len(f"{c}") == 5 else f"{c}" for c in clocks)
    return [f"{day} {clock}" for day, clock in zip(days, padded, strict=True)]


def _from_text(raw: Raw, texts: list[str], name: str, order: DayOrder | None) -> Times:
    counted = _counts(texts)
    if counted is not None:
        return Times(counted, is_utc=True)
    reader = _Reader(raw, name, order or _order_of(raw, texts))
    us = np.fromiter((reader.read(n, text) for n, text in enumerate(texts)), np.int64, len(texts))
    if reader.zoned and reader.zoned != len(texts):
        raise FixTheCommand(
            f"{raw.path}: {name} has a zone in {reader.zoned} of {len(texts)} rows; all or none must"
        )
    return Times(us, bool(reader.zoned), is_dates_only=not reader.has_clock)


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
    numbers = np.array([int(text) for text in texts], dtype=np.int64)
    size = lengths.pop()
    return numbers // 1000 if size == 19 else numbers * _PER_UNIT[size]


def _order_of(raw: Raw, texts: list[str]) -> DayOrder:
    """Month before day or after it, as the dates themselves prove; FixTheCommand when they do not."""
    found = {(m[1], m[2]) for m in (re.match(r"(\d{1,2})[-/.](\d{1,2})[-/.]\d{4}", x) for x in texts) if m}
    first, second = ({int(pair[n]) for pair in found} for n in (0, 1))
    if not found or (max(second) > 12 and max(first) <= 12):
        return "mdy"
    if max(first) > 12 and max(second) <= 12:
        return "dmy"
    if max(first) > 12:
        raise FixTheCommand(f"{raw.path}: its dates are neither month/day/year nor day/month/year throughout")
    raise FixTheCommand(
        f"{raw.path}: is {texts[0][:20]!r} month/day or day/month? "
        "Its dates do not tell; say --dates mdy or --dates dmy"
    )


class _Reader:
    """Reads one column; dates and times of day are each looked at once, however many rows have them."""

    def __init__(self, raw: Raw, name: str, order: DayOrder) -> None:
        self._raw, self._name, self._order = raw, name, order
        self._parts: dict[str, int] = {}
        self._zones: dict[str, ZoneInfo] = {}
        self.zoned = 0
        self.has_clock = False

    def read(self, row: int, text: str) -> int:
        found = _WALL.fullmatch(text.strip())
        if found is None:
            raise FixTheCommand(f"{self._raw.where(row)}: {self._name} is {text[:40]!r}, which is no time")
        try:
            us = self._part(found["date"], self._day) * DAY_US
            if found["time"]:
                self.has_clock = True
                us += self._part(found["time"], _clock)
            return us if not found["zone"] else self._shift(us, found["zone"])
        except (ValueError, KeyError, OverflowError):
            raise FixTheCommand(
                f"{self._raw.where(row)}: {self._name} is {text[:40]!r}, which is no time"
            ) from None

    def _part(self, text: str, read: Callable[[str], int]) -> int:
        if text not in self._parts:
            self._parts[text] = read(text)
        return self._parts[text]

    def _day(self, text: str) -> int:
        if text.isdecimal():
            found = date(int(text[:4]), int(text[4:6]), int(text[6:]))
        else:
            a, b, c = (int(part) for part in re.split(r"[-/.]", text))
            month, day = (a, b) if self._order == "mdy" else (b, a)
            found = date(a, b, c) if a > 31 else date(c, month, day)
        return (found - _EPOCH).days

    def _shift(self, us: int, zone: str) -> int:
        self.zoned += 1
        if zone in ("Z", "UTC"):
            return us
        if zone[0] in "+-":
            minutes = int(zone[1:3]) * 60 + int(zone[-2:])
            return us - (minutes if zone[0] == "+" else -minutes) * 60_000_000
        if zone not in self._zones:
            self._zones[zone] = ZoneInfo(zone)
        return int(to_utc(np.array([us], dtype=np.int64), self._zones[zone])[0])


def _clock(text: str) -> int:
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise ValueError(text)
    hour, minute, second = (int(found[n] or 0) for n in (1, 2, 3))
    if found[5]:
        if not 1 <= hour <= 12:
            raise ValueError(text)
        hour = hour % 12 + (12 if found[5].lower() == "pm" else 0)
    at = time(hour, minute, second)
    fraction = int((found[4] or "0").ljust(9, "0")) // 1000
    return ((at.hour * 60 + at.minute) * 60 + at.second) * 1_000_000 + fraction
