"""How much of a contract: whole units, and of stocks also parts of a share. Pure.

Rule: a whole size is an ``int`` and only a part of a share makes a ``Decimal``, so that whole units, which options come in, cost
nothing more for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_DOWN, Decimal
from typing import Final, TypeAlias

Units: TypeAlias = int | Decimal
# As gateways tell it of US stocks (recorded contractDetails, sizeIncrement).
STEP: Final = Decimal("0.0001")
"""The smallest part of a share."""


def tidy(size: Units) -> Units:
    """The same size: an int where it is whole, no zeros at the end where it is not."""
    if type(size) is int:
        return size
    units = int(size)
    return units if units == size else Decimal(size).normalize()


def are_whole(size: Units) -> bool:
    return type(size) is int or int(size) == size


def unsigned(size: Units) -> Units:
    """How much it is, whichever way."""
    return size if size >= 0 else -size


def whole_units(size: Units) -> int:
    """The size of what comes in whole units alone. Errors: ValueError."""
    if not are_whole(size):
        raise ValueError(f"{size} is not a whole number of units")
    return int(size)


def rounded_down(size: Decimal, step: Decimal) -> Units:
    """The most steps that fit."""
    return tidy((size / step).to_integral_value(ROUND_DOWN) * step)


def in_proportion(size: Units, to: Units, of: Units) -> Units:
    """``size`` times ``to`` / ``of``, rounded down: to whole units where all three are whole, else to a share's smallest part."""
    if type(size) is type(to) is type(of) is int:
        return size * to // of
    return rounded_down(Decimal(size) * to / of, STEP)


def pieces(size: Units) -> Iterator[Units]:
    """How a fill of that size is executed: whole shares at the exchange, then the part of one that IB itself trades."""
    units = int(size)
    if units:
        yield units
    if type(size) is not int and units != size:
        yield tidy(size - units)
