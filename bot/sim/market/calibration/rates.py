"""Interest and dividends by date, as far as option prices need them.

Sources: the yearly means of the effective federal funds rate (Federal Reserve, H.15), and the issuers' trailing dividend yields
in round numbers. Both are close enough: a point of interest moves a monthly at-the-money option by 1 %.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from bot.domain.types import Symbol

_FIRST_YEAR: Final = 2005
_RATES: Final = (
    *(0.0322, 0.0497, 0.0502, 0.0192, 0.0016, 0.0018, 0.0010, 0.0014, 0.0011, 0.0009, 0.0013),
    *(0.0039, 0.0100, 0.0183, 0.0216, 0.0037, 0.0008, 0.0168, 0.0502, 0.0514, 0.0421, 0.0363),
)
_YIELDS: Final[dict[Symbol, float]] = {
    "SPY": 0.018, "SPX": 0.018, "XSP": 0.018, "IVV": 0.018, "VOO": 0.018, "QQQ": 0.008, "IWM": 0.013, "DIA": 0.02, "EEM": 0.02,
    "AAPL": 0.016, "MSFT": 0.012, "JPM": 0.025, "BAC": 0.015, "IBM": 0.035, "XOM": 0.03,
}  # fmt: skip


def rate_on(day: date) -> float:
    """Interest a year; before and behind the table its nearest year's."""
    return _RATES[max(0, min(len(_RATES) - 1, day.year - _FIRST_YEAR))]


def dividend_yield(symbol: Symbol) -> float:
    """A year's dividends as a part of the price, paid evenly; 0 where none are known."""
    return _YIELDS.get(symbol, 0.0)
