"""The listing of an underlying whose chain is recorded: on the recorded days exactly the recorded contracts exist."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from bot.domain.types import Symbol
from bot.sim.market.contracts import Listing
from bot.sim.market.listed_options import Chain
from bot.sim.market.recorded.bars import recorded_sessions
from bot.sim.market.recorded.chain import RecordedChain, recorded_chain


def with_recorded_listing(symbol: Symbol, chain: Chain) -> Listing:
    """``chain`` itself, or the recorded listing in front of it."""
    days = [day for name, day in recorded_sessions() if name == symbol]
    chains = [found for day in days if (found := recorded_chain(symbol, day)) is not None]
    return RecordedListing(chain, days, max(chains, key=lambda c: len(c.contracts))) if chains else chain


class RecordedListing:
    """The fullest recorded chain lists the recorded days; from the next day on the rules do, and what was listed stays."""

    def __init__(self, then: Chain, days: list[date], chain: RecordedChain) -> None:
        self._then = then
        self._days = days
        self._strikes: dict[date, set[Decimal]] = {}
        for contract in chain.contracts:
            self._strikes.setdefault(contract.expiry, set()).add(contract.strike)

    def expiries(self, day: date) -> tuple[date, ...]:
        recorded = {expiry for expiry in self._strikes if expiry >= day}
        if day in self._days:
            return tuple(sorted(recorded))
        return tuple(sorted(recorded.union(self._then.expiries(day))))

    def strikes(self, expiry: date, day: date) -> tuple[Decimal, ...]:
        if expiry not in self.expiries(day):
            return ()
        recorded = self._strikes.get(expiry, set())
        if day in self._days:
            return tuple(sorted(recorded))
        return tuple(sorted(recorded.union(self._then.strikes(expiry, day))))
