"""Amounts as a person reads them, on a screen and on a phone."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

_FEWEST_DECIMALS: Final = 2
_MOST_DECIMALS: Final = 8
_HALF_A_CENT: Final = Decimal("0.005")
_MULTIPLIER: Final = 100
"""Of every option that is traded: adjusted ones are none of them."""


def money(amount: Decimal | None) -> str:
    """With its sign and two decimals, as P&L is read; ``unknown`` for None."""
    return "unknown" if amount is None else f"{amount:+,.2f}"


def average_text(price: Decimal, quantity: int) -> str:
    """An average price of so many contracts, with two decimals or as many as bring their money back to the cent."""
    for decimals in range(_FEWEST_DECIMALS, _MOST_DECIMALS):
        if abs(round(price, decimals) - price) * quantity * _MULTIPLIER < _HALF_A_CENT:
            return f"{price:.{decimals}f}"
    return f"{price:.{_MOST_DECIMALS}f}"
