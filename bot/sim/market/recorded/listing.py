"""The listing of an underlying whose chain is recorded: on the recorded days exactly the recorded contracts exist."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from bot.domain.types import Symbol
from bot.sim.market.corporate.adjusted_options import strikes_after
from bot.sim.market.corporate.splits import Split
from bot.sim.market.listing import Listing
from bot.sim.market.recorded.library import Library, Listed


class RecordedListing:
    """On other days the rules list, and what was listed last stays until it expires."""

    def __init__(self, symbol: Symbol, then: Listing, library: Library) -> None:
        self._symbol, self._then, self._library = symbol, then, library
        self._last: Listed = {}
        self._listed: dict[date, Listed | None] = {}

    def expiries(self, day: date) -> tuple[date, ...]:
        recorded = self._on(day)
        known = {expiry for expiry in (self._last if recorded is None else recorded) if expiry >= day}
        return tuple(sorted(known if recorded is not None else known.union(self._then.expiries(day))))

    def strikes(self, expiry: date, day: date) -> tuple[Decimal, ...]:
        if expiry not in self.expiries(day):
            return ()
        recorded = self._on(day)
        if recorded is not None:
            return tuple(sorted(recorded.get(expiry, ())))
        then = self._then.strikes(expiry, day)
        return tuple(sorted({*self._last[expiry], *then})) if self._last.get(expiry) else then

    def split(self, split: Split) -> None:
        after = strikes_after(self._last, split) if split.is_whole else {}
        self._last = {expiry: frozenset(strikes) for expiry, strikes in after.items()}
        self._then.split(split)

    def _on(self, day: date) -> Listed | None:
        if day not in self._listed:
            found = self._library.listed(self._symbol, day)
            self._listed = {day: found}  # days are asked for one after the other
            if found is not None:
                self._last = found
        return self._listed[day]
