"""Reg T margin of a small US account: what positions tie up and what an order would.

Rule: long options are paid in full and have no loan value; long stock takes 50 % initially and 25 % to keep; short
stock 50 % and 30 % of its value on top of the proceeds; a naked short option takes its value plus 20 % of the
underlying less what it is out of the money, at least 10 %. Spreads are not recognised: each leg stands alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from bot.domain.contract import Contract
from bot.domain.types import Right, SecType


@dataclass(frozen=True, slots=True)
class Requirement:
    """USD tied up: to open, and to keep."""

    initial: Decimal
    maintenance: Decimal

    def __add__(self, other: Requirement) -> Requirement:
        return Requirement(self.initial + other.initial, self.maintenance + other.maintenance)

    def __sub__(self, other: Requirement) -> Requirement:
        return Requirement(self.initial - other.initial, self.maintenance - other.maintenance)


NOTHING = Requirement(Decimal(0), Decimal(0))


def requirement(contract: Contract, quantity: int, mark: Decimal, underlying: Decimal) -> Requirement:
    """Margin of ``quantity`` (signed) at ``mark`` USD per unit, the underlying standing at ``underlying``."""
    value = abs(quantity) * mark * contract.multiplier
    if contract.sec_type is SecType.OPTION:
        return NOTHING if quantity >= 0 else _naked(contract, -quantity, mark, underlying)
    if quantity >= 0:
        return Requirement(value * Decimal("0.50"), value * Decimal("0.25"))
    return Requirement(value * Decimal("1.50"), value * Decimal("1.30"))


def _naked(contract: Contract, quantity: int, mark: Decimal, underlying: Decimal) -> Requirement:
    strike = contract.strike or Decimal(0)
    is_call = contract.right is Right.CALL
    away = max(Decimal(0), strike - underlying if is_call else underlying - strike)
    least = Decimal("0.10") * (underlying if is_call else strike)
    per_unit = mark + max(Decimal("0.20") * underlying - away, least)
    total = per_unit * quantity * contract.multiplier
    return Requirement(total, total)
