"""One row's date and time of day, as text writes them.

Rule: year before month before day where the year comes first; as the dates themselves prove where it comes
last; day before month where they do not and dots are between (no place writes it otherwise); else as told.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time
from typing import Final, Literal
from zoneinfo import ZoneInfo

from bot.backtest.store.intake.clocks import instant_of_zone
from bot.backtest.store.intake.raw import Raw
from bot.backtest.store.kinds import DAY_US
from bot.domain.errors import FixTheCommand

DayOrder = Literal["mdy", "dmy"]
_EPOCH: Final = date(1970, 1, 1)
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WALL: Final = re.compile(
    r"(?P<date>\d{1,4}(?P<between>[-/.])\d{1,2}(?P=between)\d{1,4}|\d{8}"
    r"|\d{1,2}[- ][A-Za-z]{3}[- ]\d{4}|[A-Za-z]{3} \d{1,2},? \d{4})"
    r"(?:[T ;,]\s*(?P<time>\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:\s*[AaPp][Mm](?![A-Za-z]))?|\d{6}|\d{4}))?"
    r"\s*(?P<zone>Z|(?:UTC|GMT)(?:[+-]\d{2}:?\d{2})?|[+-]\d{2}(?::?\d{2})?(?:\[[A-Za-z/_]+\])?|[A-Za-z]+/[A-Za-z_]+"
    r"|(?P<short>[ECMP][SD]?T|[CEW]ES?T|BST|IST|HKT|JST))?",
    re.ASCII,
)
_CLOCK: Final = re.compile(r"(\d{1,2}):?(\d{2})(?::?(\d{2})(?:\.(\d{1,9}))?)?\s*([AaPp][Mm])?", re.ASCII)
_SERIAL: Final = re.compile(r"[345]\d{4}([.,]\d+)?", re.ASCII)
_ENDS_IN_YEAR: Final = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})(?!\d)", re.ASCII)


def order_of(raw: Raw, texts: list[str]) -> DayOrder:
    """Month before day or after it, as the dates themselves prove; FixTheCommand when they do not."""
    found = {m.groups() for text in texts if (m := _ENDS_IN_YEAR.match(text))}
    first, second = ({int(parts[n]) for parts in found} for n in (0, 2))
    if not found or (max(second) > 12 and max(first) <= 12):
        return "mdy"
    if max(first) > 12 and max(second) > 12:
        raise FixTheCommand(f"{raw.path}: its dates are neither month/day/year nor day/month/year throughout")
    # A short year could come first, too.
    if all(len(year) == 4 and (dots == "." or max(first) > 12) for _, dots, _, year in found):
        return "dmy"
    raise FixTheCommand(
        f"{raw.path}: is {texts[0][:20]!r} month/day or day/month? "
        "Its dates do not tell; say --dates mdy or --dates dmy"
    )


def has_digit(text: str) -> bool:
    """Whether the cell could be a time: the line of a sum says a word there, or nothing."""
    return any(x.isdecimal() for x in text)


def is_whole_time(text: str) -> bool:
    """Whether a cell says its date, too."""
    return _WALL.fullmatch(text.strip()) is not None


def has_short_years(texts: list[str]) -> bool:
    """Whether every date ends in a year of two digits; one that does so alone has lost the others."""
    return all((m := _ENDS_IN_YEAR.match(text)) and len(m[4]) == 2 for text in texts)


class DateReader:
    """Reads one column; dates and times of day are each looked at once, however many rows have them.

    ``zoned`` counts the rows with a zone. A short one, as EST, is none: it is often written in summer, too.
    """

    def __init__(self, raw: Raw, name: str, order: DayOrder, has_short_years: bool) -> None:
        self._raw, self._name, self._order = raw, name, order
        self._century = 2000 if has_short_years else 0
        self._parts: dict[str, int] = {}
        self._zones: dict[str, ZoneInfo] = {}
        self.zoned = 0
        self.has_clock = False
        self.short_zones: set[str] = set()

    def read(self, row: int, text: str) -> int:
        """Microseconds since 1970, of UTC where the row has a zone. FixTheCommand for what is no time."""
        found = _WALL.fullmatch(text.strip())
        if found is None:
            raise self._no_time(row, text)
        try:
            us = self._part(found["date"], self._day) * DAY_US
            if found["time"]:
                self.has_clock = True
                us += self._part(found["time"], _clock)
            if found["short"]:
                self.short_zones.add(re.sub("[SD](?=T)", "", found["short"]))
            return us if found["short"] or not found["zone"] else self._shift(us, found["zone"])
        except (ValueError, KeyError, OverflowError):
            raise self._no_time(row, text) from None

    def _no_time(self, row: int, text: str) -> FixTheCommand:
        what = "a time of day without its date" if _CLOCK.fullmatch(text.strip()) else "no time"
        if _SERIAL.fullmatch(text.strip()):
            what = "a spreadsheet's count of days; give the column a format like yyyy-mm-dd hh:mm:ss and save it again"
        remedy = "" if has_digit(text) else " (--skip-bad leaves such rows out)"
        return FixTheCommand(
            f"{self._raw.where(row)}: {self._name} is {text[:40]!r}, which is {what}{remedy}"
        )

    def _part(self, text: str, read: Callable[[str], int]) -> int:
        if text not in self._parts:
            self._parts[text] = read(text)
        return self._parts[text]

    def _day(self, text: str) -> int:
        if text.isdecimal():
            found = date(int(text[:4]), int(text[4:6]), int(text[6:]))
        elif re.search("[A-Za-z]", text):
            found = _with_named_month(re.split("[-, ]+", text))
        else:
            a, b, c = (int(part) for part in re.split(r"[-/.]", text))
            month, day = (a, b) if self._order == "mdy" else (b, a)
            found = date(a, b, c) if a > 31 else date(self._century + c, month, day)
        return (found - _EPOCH).days

    def _shift(self, us: int, zone: str) -> int:
        self.zoned += 1
        if zone in ("Z", "UTC", "GMT"):
            return us
        offset = (
            zone.partition("[")[0].removeprefix("UTC").removeprefix("GMT")
        )  # Java names the place behind it
        if offset[0] in "+-":
            minutes = int(offset[1:3]) * 60 + int(
                offset[3:].lstrip(":") or 0
            )  # DuckDB and Postgres write -05
            return us - (minutes if offset[0] == "+" else -minutes) * 60_000_000
        if zone not in self._zones:
            self._zones[zone] = ZoneInfo(zone)
        return instant_of_zone(us, self._zones[zone])


def _with_named_month(parts: list[str]) -> date:
    named = next(part for part in parts if part.isalpha())
    day, year = (int(part) for part in parts if part != named)
    return date(year, _MONTHS.index(named.lower()) + 1, day)


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
