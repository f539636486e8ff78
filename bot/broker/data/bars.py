"""Which bars are closed. IB sends the forming bar again and again; only its successor, or the clock, closes it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.broker.connection.errors import UnreadableAnswer
from bot.broker.translate.numbers import figure
from bot.domain.market import Bar, BarSize
from bot.domain.types import Symbol

SETTLING = timedelta(seconds=5)
"""IB's clock and ours differ a little: the newest bar of a back-fill is believed closed if it ended this long before it
was asked for."""
SILENCE = timedelta(seconds=20)
"""IB tells a forming bar about every five seconds while anything trades; one that fell silent longer before its end than
this may lack its last part."""


def bar_time(text: str) -> datetime:
    """Seconds since 1970, or a time with its zone's name. A time without a zone is an error, never a guess.

    Raises UnreadableAnswer.
    """
    if len(text) > 8 and text.isdigit():
        return datetime.fromtimestamp(int(text), UTC)
    day, _, rest = text.partition(" ")
    clock, _, zone = rest.strip().partition(" ")
    try:
        naive = datetime.strptime(f"{day} {clock}", "%Y%m%d %H:%M:%S")  # noqa: DTZ007  the zone follows
        return naive.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except (ValueError, ZoneInfoNotFoundError):
        raise UnreadableAnswer(f"a bar's time that cannot be read: {text!r}") from None


def to_bar(symbol: Symbol, size: BarSize, found: Any) -> Bar | None:
    """One bar, or None where IB left a price out."""
    prices = [figure(value) for value in (found.open, found.high, found.low, found.close)]
    known = [value for value in prices if value is not None and value > 0]
    if len(known) < len(prices):
        return None
    open_, high, low, close = known
    volume = max(figure(found.volume) or 0.0, 0.0)
    return Bar(symbol, size, bar_time(str(found.date)), open_, high, low, close, volume)


@dataclass(slots=True)
class BarStream:
    """One subscription's memory: the forming bar, and the start of the newest bar that was published.

    ``is_doubtful``: the forming bar ended while its back-fill was on its way, and no update has shown it whole; or the
    updates ended before it did. It is not published, nor anything after it: the feed must be asked for again.
    ``heard_at``: when the last update came, None where nobody says.
    """

    forming: Bar | None = None
    published: datetime | None = None
    is_doubtful: bool = False
    heard_at: datetime | None = None
    is_asked: bool = False
    """A new request is under way, whose answer tells what a silence left out."""
    _may_be_part: bool = False

    def backfill(
        self, bars: Iterable[Bar], asked_at: datetime, answered_at: datetime, settling: timedelta = SETTLING
    ) -> tuple[Bar, ...]:
        """The closed ones, ascending. The newest is kept back unless it had ended when it was asked for.

        The gateway answers with what it knew at some moment between the two times.
        """
        found = sorted(bars, key=lambda bar: bar.start)
        self.forming, self.is_doubtful, self._may_be_part = None, False, False
        self.heard_at, self.is_asked = answered_at, False
        if found and asked_at < found[-1].end + settling:
            self.forming = found.pop()
            self._may_be_part = answered_at >= self.forming.end
        if found:
            self.published = max(found[-1].start, self.published or found[-1].start)
        return tuple(found)

    def update(self, bar: Bar, at: datetime | None = None) -> Bar | None:
        """The bar that this update closes, if it closes one. What was told already is not told again.

        ``at``: when it came, None where nobody says. As little as the clock does the first word about the next bar close one that
        fell silent before its end: something may have traded meanwhile. One request a minute is the price for a quiet stock.
        """
        was_heard_at, self.heard_at = self.heard_at, at or self.heard_at
        if self.published is not None and bar.start <= self.published:
            return None
        before = self.forming
        if before is not None and bar.start < before.start:
            return None
        if before is not None and bar.start > before.start:
            is_cut = self._is_cut(before, was_heard_at) and _is_silence(was_heard_at, at)
            self.is_doubtful = self.is_doubtful or self._may_be_part or is_cut
        if self.is_doubtful:
            return None
        self.forming, self._may_be_part = bar, False
        return self._close(before) if before is not None and bar.start > before.start else None

    def close_by_clock(self, now: datetime, late: timedelta) -> Bar | None:
        """The session's last bar has no successor: it is closed ``late`` after its end.

        One whose last part may be missing is not: an outage that begins in its middle ends the updates, too.
        """
        bar = self.forming
        if bar is None or now < bar.end + late:
            return None
        if self._may_be_part or self._is_cut(bar, self.heard_at):
            self.is_doubtful = self._may_be_part or not self.is_asked
            return None
        self.forming = None
        return self._close(bar)

    @staticmethod
    def _is_cut(bar: Bar, heard_at: datetime | None) -> bool:
        """Whether its last part may be missing."""
        return heard_at is not None and heard_at < bar.end - SILENCE

    def _close(self, bar: Bar) -> Bar:
        self.published = bar.start
        return bar


def _is_silence(since: datetime | None, until: datetime | None) -> bool:
    """Measured between two words, so that a clock that is off by itself makes none."""
    return since is not None and until is not None and until - since > SILENCE
