"""A contract's regular hours as IB prints them, and whether they agree with our calendar.

IB writes one entry a day, in the contract's own zone, separated by semicolons:
``20261127:0930-20261127:1300;20261128:CLOSED``. Older servers leave the second date out
(``20180323:0930-1600``) and may put several spans into a day, separated by commas. Both are read; only the first
is written.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.domain.session import NEW_YORK, session_on

_ZONES = {
    "EST": "America/New_York",
    "EST5EDT": "America/New_York",
    "US/Eastern": "America/New_York",
    "": "America/New_York",
}
"""IB's abbreviations (ContractDetails.timeZoneId) that no zone database has under a name with a rule."""

Span = tuple[datetime, datetime]

_STAMP = "%Y%m%d:%H%M"
_CLOSED = re.compile(r"(\d{8}):CLOSED")
_SPAN = re.compile(r"(\d{8}):(\d{4})-(?:(\d{8}):)?(\d{4})")


def format_liquid_hours(days: Iterable[date]) -> str:
    """Write our calendar's hours of those dates as IB does, in New York's time."""
    return ";".join(_format_day(day) for day in days)


def _format_day(day: date) -> str:
    session = session_on(day)
    if session is None:
        return f"{day:%Y%m%d}:CLOSED"
    return f"{session.open.astimezone(NEW_YORK):{_STAMP}}-{session.close.astimezone(NEW_YORK):{_STAMP}}"


def exchange_zone(name: str) -> ZoneInfo:
    """The zone of a contract's hours by IB's name for it. Raises ValueError for a name that nobody knows."""
    try:
        return ZoneInfo(_ZONES.get(name, name))
    except ZoneInfoNotFoundError:
        raise ValueError(f"unknown time zone {name!r}") from None


def parse_liquid_hours(text: str, zone: tzinfo = NEW_YORK) -> dict[date, tuple[Span, ...]]:
    """Read IB's text: for each date its spans of open and close in UTC, () when closed.

    The date is that of the span's start in ``zone``. Empty text gives an empty dict: nothing is known. ValueError
    names the first entry that cannot be read.
    """
    hours: dict[date, tuple[Span, ...]] = {}
    for entry in filter(None, text.strip().split(";")):
        day, spans = _parse_entry(entry.strip(), zone)
        hours[day] = hours.get(day, ()) + spans
    return hours


def _parse_entry(entry: str, zone: tzinfo) -> tuple[date, tuple[Span, ...]]:
    if closed := _CLOSED.fullmatch(entry):
        return _instant(closed[1], "0000", zone).astimezone(zone).date(), ()
    day_text = entry[:8]
    parts = (part if ":" in part.partition("-")[0] else f"{day_text}:{part}" for part in entry.split(","))
    spans = tuple(_parse_span(part, entry, zone) for part in parts)
    return spans[0][0].astimezone(zone).date(), spans


def _parse_span(part: str, entry: str, zone: tzinfo) -> Span:
    match = _SPAN.fullmatch(part)
    if match is None:
        raise ValueError(f"cannot read the liquid hours entry {entry!r}")
    start_day, start, end_day, end = match.groups()
    opens = _instant(start_day, start, zone)
    closes = _instant(end_day or start_day, end, zone)
    if closes <= opens and end_day is None:
        closes += timedelta(days=1)
    if closes <= opens:
        raise ValueError(f"the liquid hours entry {entry!r} ends before it begins")
    return opens, closes


def _instant(day: str, clock: str, zone: tzinfo) -> datetime:
    # strptime takes the zone afterwards: IB's text itself carries none.
    return datetime.strptime(f"{day}:{clock}", _STAMP).replace(tzinfo=zone).astimezone(UTC)


def earlier_close(spans: Sequence[Span], day: date) -> datetime | None:
    """When the market closes on a day, if IB says earlier than our calendar; its open, if IB says it stays shut.

    None where both agree, or where IB's close is the later one: the earlier of the two always holds.
    """
    session = session_on(day)
    if session is None:
        return None
    close = max((end for _, end in spans), default=session.open)
    return min(close, session.close) if close < session.close else None


def days_in_disagreement(hours: Mapping[date, tuple[Span, ...]]) -> list[date]:
    """Return the dates on which IB's parsed hours differ from our calendar's, in order."""
    return sorted(day for day, spans in hours.items() if spans != _our_spans(day))


def _our_spans(day: date) -> tuple[Span, ...]:
    session = session_on(day)
    return () if session is None else ((session.open, session.close),)
