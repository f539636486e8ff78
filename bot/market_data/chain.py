"""Which option contracts are watched: the nearest fitting expiry, and so many real strikes each side of the money."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from bot.domain.contract import Contract, OptionChain
from bot.domain.types import ConId

PickExpiry = Callable[[Sequence[date], date], date | None]
"""(expiries, today in New York) → the expiry to trade, or None."""


@dataclass(slots=True)
class ChainWatch:
    """The state of one symbol's watched chain. ``contracts`` are real: the broker qualified them for ``expiry``."""

    chain: OptionChain | None = None
    expiry: date | None = None
    contracts: dict[ConId, Contract] = field(default_factory=dict)
    asked: set[Decimal] = field(default_factory=set)
    watched: dict[ConId, Contract] = field(default_factory=dict)
    centre: float | None = None

    def start_over(self, expiry: date) -> None:
        self.expiry = expiry
        self.contracts.clear()
        self.asked.clear()

    def unasked_strikes(self, spot: float, each_side: int) -> tuple[Decimal, ...]:
        """Strikes of the (superset) chain near the money that were never asked about for this expiry.

        Twice the wanted width, because the superset holds strikes that this expiry does not have.
        """
        if self.chain is None:
            return ()
        near = nearest(self.chain.strikes, spot, 2 * each_side)
        fresh = tuple(strike for strike in near if strike not in self.asked)
        self.asked.update(fresh)
        return fresh

    def learn(self, contracts: Iterable[Contract]) -> None:
        self.contracts |= {contract.con_id: contract for contract in contracts}

    def wanted(self, spot: float, each_side: int) -> dict[ConId, Contract]:
        """Both rights of the real strikes nearest to the money."""
        strikes = {contract.strike for contract in self.contracts.values() if contract.strike is not None}
        near = set(nearest(sorted(strikes), spot, each_side))
        return {con_id: contract for con_id, contract in self.contracts.items() if contract.strike in near}

    def strayed(self, spot: float) -> bool:
        """Has the money moved a third of the watched half-width away from the centre?"""
        strikes = sorted(
            {contract.strike for contract in self.watched.values() if contract.strike is not None}
        )
        if self.centre is None or len(strikes) < 2:
            return True
        half_width = float(strikes[-1] - strikes[0]) / 2
        return abs(spot - self.centre) > max(half_width / 3, float(strikes[1] - strikes[0]) / 2)


def nearest(strikes: Sequence[Decimal], spot: float, each_side: int) -> tuple[Decimal, ...]:
    """The ``each_side`` strikes below and above the spot, ascending."""
    below = [strike for strike in strikes if strike <= spot]
    above = [strike for strike in strikes if strike > spot]
    return (*below[-each_side:], *above[:each_side])
