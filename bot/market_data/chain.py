"""Which option contracts are watched: an expiry that fits, and so many real strikes each side of the money.

Strategies that want different expiries have a watch each; where two pick the same expiry, the later one is spare.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Protocol

from bot.domain.contract import Contract, OptionChain
from bot.domain.types import ConId


class PicksExpiry(Protocol):
    """What an option choice calls its expiry."""

    def pick(self, expiries: Sequence[date], today: date) -> date | None:
        """The expiry to trade, ``today`` New York's date; None when none fits."""
        ...


@dataclass(slots=True)
class ChainWatch:
    """One expiry of one symbol. ``contracts`` are real: the broker qualified them for ``expiry``."""

    rule: PicksExpiry
    chain: OptionChain | None = None
    expiry: date | None = None
    contracts: dict[ConId, Contract] = field(default_factory=dict)
    asked: set[Decimal] = field(default_factory=set)
    watched: dict[ConId, Contract] = field(default_factory=dict)
    centre: float | None = None
    is_spare: bool = False
    _half_of: dict[ConId, Contract] | None = None
    _half: float | None = None

    def start_over(self, expiry: date | None) -> None:
        """Watch another expiry; None: none of its own, another watch has it."""
        self.expiry, self.is_spare = expiry, expiry is None
        self.contracts.clear()
        self.asked.clear()

    def unasked_strikes(self, spot: float, each_side: int) -> tuple[Decimal, ...]:
        """Strikes of the (superset) chain near the money that were never asked about for this expiry.

        Twice the wanted width, because the superset holds strikes that this expiry does not have.
        """
        if self.chain is None:
            return ()
        near = nearest_strikes(self.chain.strikes, spot, 2 * each_side)
        fresh = tuple(strike for strike in near if strike not in self.asked)
        self.asked.update(fresh)
        return fresh

    def learn(self, contracts: Iterable[Contract]) -> None:
        self.contracts |= {contract.con_id: contract for contract in contracts}

    def wanted(self, spot: float, each_side: int) -> dict[ConId, Contract]:
        """Both rights of the real strikes nearest to the money."""
        strikes = {contract.strike for contract in self.contracts.values() if contract.strike is not None}
        near = set(nearest_strikes(sorted(strikes), spot, each_side))
        return {con_id: contract for con_id, contract in self.contracts.items() if contract.strike in near}

    def strayed(self, spot: float) -> bool:
        """Has the money moved a third of the watched half-width away from the centre?"""
        if self.is_spare:
            return False
        reach = self.reach()
        return reach is None or abs(spot - reach[0]) > reach[1]

    def reach(self) -> tuple[float, float] | None:
        """The centre and how far the money may move from it; None when nothing is watched yet."""
        if (
            self._half_of is not self.watched
        ):  # each print of the underlying asks, and the watch seldom changes
            self._half_of, self._half = self.watched, _free_move(self.watched.values())
        return None if self.centre is None or self._half is None else (self.centre, self._half)


def _free_move(watched: Iterable[Contract]) -> float | None:
    strikes = sorted({contract.strike for contract in watched if contract.strike is not None})
    if len(strikes) < 2:
        return None
    half_width = float(strikes[-1] - strikes[0]) / 2
    return max(half_width / 3, float(strikes[1] - strikes[0]) / 2)


def nearest_strikes(strikes: Sequence[Decimal], spot: float, each_side: int) -> tuple[Decimal, ...]:
    """The ``each_side`` strikes below and above the spot; ``strikes`` ascend."""
    middle = bisect_right(strikes, spot)
    return tuple(strikes[max(0, middle - each_side) : middle + each_side])
