"""Which options of an underlying exist on a day: expiries, and for each expiry its own strikes.

Rule: weeklies are narrow, monthlies wide, so that expiries × strikes is a superset of what is listed, as at IB. Until 2012 an
underlying lists the nearest Fridays beside its monthlies, later eight of them, and the busiest funds every session.
A strike once listed stays listed until its expiry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

from bot.domain.session import nth_session_before, previous_session, session_on, sessions_between
from bot.sim.market.catalog import Underlying
from bot.sim.market.corporate.adjusted_options import strikes_after
from bot.sim.market.corporate.splits import Split

_MODERN = 2013
_FRIDAY = 4
_INDEX_LEVEL = 1000
"""Cboe: SPX and SPXW strikes are five points apart."""


@dataclass(frozen=True, slots=True)
class _Ladder:
    """Strikes from ``reference × (1 − width)`` to ``× (1 + width)``, ``steps`` base steps apart."""

    width: float
    steps: int


_WEEKLY = (_Ladder(0.07, 1),)
_MONTHLY = (_Ladder(0.11, 1), _Ladder(0.40, 5))


class Chain:
    """One underlying's listing. ``reference`` tells the last price known before a day's open, None when there is none."""

    def __init__(self, stock: Underlying, reference: Callable[[date], float | None]) -> None:
        self._stock = stock
        self._reference = reference
        self._listed: dict[date, set[Decimal]] = {}
        self._sorted: dict[date, tuple[Decimal, ...]] = {}
        self._seen: set[tuple[date, date]] = set()
        self._climbed: set[tuple[date, float, _Ladder]] = set()
        self._expiries: tuple[date, tuple[date, ...]] = date.min, ()

    def expiries(self, day: date) -> tuple[date, ...]:
        """Expiries listed on that day, the nearest (perhaps the day itself) first."""
        if self._expiries[0] != day:  # asked again for each of them
            self._expiries = day, self._listed_on(day)
        return self._expiries[1]

    def _listed_on(self, day: date) -> tuple[date, ...]:
        found = {*self._monthlies(day), *self._weeklies(day)}
        if self._stock.has_daily_expiries and day.year >= _MODERN:
            found |= {s.day for s in sessions_between(day, day + timedelta(days=14))}
        return tuple(sorted(found))

    def strikes(self, expiry: date, day: date) -> tuple[Decimal, ...]:
        """Strikes of one expiry, ascending; () for a date that is no expiry."""
        if expiry not in self.expiries(day):
            return ()
        if (expiry, day) not in self._seen:
            self._seen.add((expiry, day))
            listed = self._listed.setdefault(expiry, set())
            for rungs in self._ladders(expiry, day):
                listed.update(rungs)
        known = self._sorted.get(expiry, ())
        if len(known) != len(self._listed[expiry]):  # strikes are added and never taken away
            known = self._sorted[expiry] = tuple(sorted(self._listed[expiry]))
        return known

    def split(self, split: Split) -> None:
        self._listed = {day: set(known) for day, known in strikes_after(self._listed, split).items()}
        if not split.is_whole:
            self._listed.clear()
        self._sorted.clear()
        self._seen.clear()
        self._climbed.clear()

    def _ladders(self, expiry: date, day: date) -> Iterator[tuple[Decimal, ...]]:
        """What this day adds: the ladder of the day on which it was listed is climbed once, not each day again."""
        is_monthly = expiry == monthly_expiry(expiry.year, expiry.month)
        listing_day = nth_session_before(expiry, 30 if is_monthly else 6).day
        for when in {min(day, listing_day), day}:
            reference = self._reference(when) or self._reference(day) or self._stock.price
            for ladder in _MONTHLY if is_monthly else _WEEKLY:
                if (expiry, reference, ladder) not in self._climbed:
                    self._climbed.add((expiry, reference, ladder))
                    yield _rungs(reference, ladder, strike_step(reference, self._stock.is_etf))

    def _weeklies(self, day: date) -> Iterator[date]:
        weeks = 8 if day.year >= _MODERN else 2
        friday = day + timedelta(days=(_FRIDAY - day.weekday()) % 7)
        for week in range(weeks):
            expiry = session_or_before(friday + timedelta(weeks=week))
            if expiry >= day:
                yield expiry

    def _monthlies(self, day: date) -> Iterator[date]:
        months = [0, 1, 2, 3, 6, 9, 12, 18] if day.year >= _MODERN else [0, 1, 2, 3, 6, 9, 12]
        for ahead in months:
            year, month = divmod(day.year * 12 + day.month - 1 + ahead, 12)
            expiry = monthly_expiry(year, month + 1)
            if expiry >= day:
                yield expiry


class MonthlyChain:
    """The standard options alone. Of a class that settles at the open the last day to trade is the session before."""

    def __init__(self, chain: Chain, *, at_open: bool) -> None:
        self._chain = chain
        self._at_open = at_open

    def expiries(self, day: date) -> tuple[date, ...]:
        return tuple(sorted(self._months(day)))

    def strikes(self, expiry: date, day: date) -> tuple[Decimal, ...]:
        month = self._months(day).get(expiry)
        return () if month is None else self._chain.strikes(month, day)

    def split(self, split: Split) -> None:
        self._chain.split(split)

    def _months(self, day: date) -> dict[date, date]:
        """The last day to trade → the third Friday."""
        months = (m for m in self._chain.expiries(day) if m == monthly_expiry(m.year, m.month))
        last = {(previous_session(m).day if self._at_open else m): m for m in months}
        return {expiry: month for expiry, month in last.items() if expiry >= day}


def monthly_expiry(year: int, month: int) -> date:
    """The last trading day of a month's standard options: the third Friday, or the session before a holiday."""
    first = date(year, month, 1)
    return session_or_before(first + timedelta(days=(_FRIDAY - first.weekday()) % 7 + 14))


def session_or_before(day: date) -> date:
    return day if session_on(day) is not None else previous_session(day).day


def strike_step(price: float, is_etf: bool) -> Decimal:
    """The base distance between strikes at a price level."""
    if price < 25:
        return Decimal("0.5")
    if price >= _INDEX_LEVEL:
        return Decimal(5)
    if price < 200 or is_etf:
        return Decimal(1)
    return Decimal("2.5") if price < 500 else Decimal(5)


@lru_cache(maxsize=512)  # the same for all expiries that were listed on a day
def _rungs(reference: float, ladder: _Ladder, base: Decimal) -> tuple[Decimal, ...]:
    step = base * ladder.steps
    lowest = int(Decimal(reference * (1 - ladder.width)) / step)
    highest = int(Decimal(reference * (1 + ladder.width)) / step) + 1
    return tuple(step * rung for rung in range(max(1, lowest), highest + 1))
