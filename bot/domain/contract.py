"""What can be traded, and the grid its prices lie on. A contract is complete (conId, multiplier, currency) or it
is not made at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from bot.domain.types import ConId, Right, SecType, Symbol


@dataclass(frozen=True, slots=True)
class TickGrid:
    """Price increments by price, as an IB market rule gives them.

    ``steps`` are (low edge, increment) in ascending order: ``((0, 0.01), (3, 0.05))`` means cents below 3.00 and
    nickels from 3.00 on.
    """

    steps: tuple[tuple[Decimal, Decimal], ...]

    def increment(self, price: Decimal) -> Decimal:
        found = self.steps[0][1]
        for low_edge, increment in self.steps:
            if price >= low_edge:
                found = increment
        return found

    def is_on_grid(self, price: Decimal) -> bool:
        return price % self.increment(price) == 0

    def round_down(self, price: Decimal) -> Decimal:
        return self._snap(price, ROUND_FLOOR)

    def round_up(self, price: Decimal) -> Decimal:
        return self._snap(price, ROUND_CEILING)

    def _snap(self, price: Decimal, rounding: str) -> Decimal:
        increment = self.increment(price)
        return (price / increment).to_integral_value(rounding=rounding) * increment


# Cboe Rule 5.4, Penny Interval Program: SPY, QQQ and IWM trade in cents at any price, its other classes in cents below 3 USD
# and in five cents from there. A contract's own grid comes from IB's market rules; these serve where none was read.
CENTS = TickGrid(((Decimal(0), Decimal("0.01")),))
NICKELS = TickGrid(((Decimal(0), Decimal("0.01")), (Decimal(3), Decimal("0.05"))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """One instrument, as the broker qualified it. ``symbol`` is the underlying's; ``multiplier`` is units per contract."""

    con_id: ConId
    symbol: Symbol
    sec_type: SecType
    exchange: str = "SMART"
    currency: str = "USD"
    primary_exchange: str = ""
    local_symbol: str = ""
    trading_class: str = ""
    multiplier: int = 1
    expiry: date | None = None
    strike: Decimal | None = None
    right: Right | None = None
    ticks: TickGrid = CENTS
    deliverable: int = 0
    """Shares of an adjusted option that delivers other than ``multiplier`` ones; 0 for all else."""

    @property
    def shares(self) -> int:
        """How many of the underlying one contract is about."""
        return self.deliverable or self.multiplier

    @property
    def label(self) -> str:
        """How a person names it: ``SPY 2011-01-07 127 C``."""
        if self.expiry is None or self.strike is None or self.right is None:
            return self.symbol
        return f"{self.symbol} {self.expiry:%Y-%m-%d} {self.strike.normalize():f} {self.right}"


@dataclass(frozen=True, slots=True)
class OptionChain:
    """The broker's answer to "which options exist": a SUPERSET. Not every expiry × strike pair is real."""

    symbol: Symbol
    underlying_con_id: ConId
    trading_class: str
    multiplier: int
    expiries: tuple[date, ...]
    strikes: tuple[Decimal, ...]
