"""Amounts as a person reads them, on a screen and on a phone."""

from __future__ import annotations

from decimal import Decimal


def money(amount: Decimal | None) -> str:
    """With its sign and two decimals, as P&L is read; ``unknown`` for None."""
    return "unknown" if amount is None else f"{amount:+,.2f}"
