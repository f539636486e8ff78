"""A stock's split: so many new shares for so many old ones, and the tape of the stock from then on.

Rule: a tape after a split tells its whole past in new shares, as IB's TRADES do; prices are rounded to the cent again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Final

from bot.domain.errors import FixTheConfiguration
from bot.domain.market import Bar
from bot.domain.session import session_on
from bot.domain.types import Symbol
from bot.sim.market.price_source import Tape

_FORM: Final = re.compile(r"([A-Z][A-Z0-9.]{0,7}):(\d{1,3}):(\d{1,3})@(\d{4}-\d\d-\d\d)", re.ASCII)
_CENT: Final = 0.01
_KEPT: Final = 600
"""Days of minutes: what clients may ask for at once."""


@dataclass(frozen=True, slots=True)
class Split:
    """``new`` shares for ``old``; ``day`` is the first session in which the new shares trade."""

    symbol: Symbol
    new: int
    old: int
    day: date

    @property
    def ratio(self) -> Fraction:
        """New shares for one old one."""
        return Fraction(self.new, self.old)

    @property
    def is_whole(self) -> bool:
        """Whether each old share makes a whole number of new ones."""
        return self.ratio.denominator == 1


def read_split(text: str) -> Split:
    """``AAPL:4:1@2026-01-07``: four for one, from that session on. Errors: FixTheConfiguration."""
    found = _FORM.fullmatch(text.strip().upper())
    if found is None:
        raise FixTheConfiguration(
            f"split: {text!r} is none; write SYMBOL:NEW:OLD@DATE, for instance AAPL:4:1@2026-01-07"
        )
    try:
        day = date.fromisoformat(found[4])
    except ValueError:
        raise FixTheConfiguration(f"split: {text!r}: {found[4]} is no date") from None
    return checked(Split(found[1], int(found[2]), int(found[3]), day))


def checked(split: Split) -> Split:
    """The same split. Errors: FixTheConfiguration for one that cannot be."""
    about = f"split: {split.symbol}, {split.new} for {split.old} on {split.day}"
    if not split.new or not split.old or split.ratio == 1:
        raise FixTheConfiguration(f"{about}: both numbers must be above 0, and not the same")
    try:
        session = session_on(split.day)
    except LookupError:
        session = None
    if session is None:
        raise FixTheConfiguration(f"{about}: the exchange is closed on that day; choose a trading day")
    return split


class SplitTape:
    """A tape in new shares."""

    def __init__(self, tape: Tape, ratio: float) -> None:
        self._tape, self._ratio = tape, ratio
        self._minutes: dict[date, tuple[Bar, ...]] = {}

    @property
    def symbol(self) -> Symbol:
        return self._tape.symbol

    def minutes(self, day: date) -> tuple[Bar, ...]:
        if day not in self._minutes:
            if len(self._minutes) > _KEPT:
                self._minutes.clear()
            self._minutes[day] = tuple(in_new_shares(bar, self._ratio) for bar in self._tape.minutes(day))
        return self._minutes[day]

    def ends(self, day: date) -> tuple[float, float] | None:
        found = self._tape.ends(day)
        return (
            None
            if found is None
            else (price_after(found[0], self._ratio), price_after(found[1], self._ratio))
        )

    def hours(self, before: datetime, since: date | None = None) -> tuple[Bar, ...]:
        return tuple(in_new_shares(bar, self._ratio) for bar in self._tape.hours(before, since))

    def days(self, since: date, before: datetime) -> Iterator[Bar]:
        return (in_new_shares(bar, self._ratio) for bar in self._tape.days(since, before))

    def last_close(self, before: datetime) -> float | None:
        close = self._tape.last_close(before)
        return None if close is None else price_after(close, self._ratio)

    def spread_cents(self, at: datetime) -> int:
        return max(1, round(self._tape.spread_cents(at) / self._ratio))

    def first_day(self) -> date:
        return self._tape.first_day()


def price_after(price: float, ratio: float) -> float:
    return max(_CENT, round(price / ratio, 2))


def in_new_shares(bar: Bar, ratio: float) -> Bar:
    open_, high, low, close = (
        price_after(price, ratio) for price in (bar.open, bar.high, bar.low, bar.close)
    )
    return Bar(bar.symbol, bar.size, bar.start, open_, high, low, close, float(round(bar.volume * ratio)))
