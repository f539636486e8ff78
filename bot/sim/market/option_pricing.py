"""Option prices and greeks: a volatility surface, and QuantLib's Black calculator on it.

Rule: every formula is QuantLib's. Exercise is taken as European and the price is kept at intrinsic value at least; the
early-exercise premium of an American option is left out, which matters for deep puts only. No dividends.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import QuantLib as ql  # noqa: N813 - its own documentation's name

from bot.domain.types import Right
from bot.sim.market.quotes import OptionModel

DELTA_DIGITS = 9
"""Two ways lead to a delta, and both must show the same one."""
YEAR_S = 365 * 86_400.0
_SHORTEST_YEARS = 60 / YEAR_S
_TYPES = {Right.CALL: ql.Option.Call, Right.PUT: ql.Option.Put}


@dataclass(frozen=True, slots=True)
class Surface:
    """Implied volatility by moneyness and term.

    ``atm`` is the 30-day at-the-money volatility a year. ``skew`` and ``smile`` are per standard deviation of
    log-moneyness and per its square; near terms are lifted by ``front``.
    """

    atm: float
    skew: float = 0.055
    smile: float = 0.018
    front: float = 0.10

    def vol(self, strike: float, spot: float, years: float) -> float:
        at_money = self.atm * (1 + self.front * math.exp(-years * 24))
        deviations = math.log(strike / spot) / (at_money * math.sqrt(max(years, 1 / 252)))
        x = max(-4.0, min(4.0, deviations))
        return max(0.4 * self.atm, at_money * (1 - self.skew * x + self.smile * x * x))


@lru_cache(maxsize=20_000)
def _payoff(right: Right, strike: float) -> ql.PlainVanillaPayoff:
    return ql.PlainVanillaPayoff(_TYPES[right], strike)


def years_between(now: datetime, expiry: datetime) -> float:
    """Calendar time to the expiry as a fraction of a year; a minute at least."""
    return max(_SHORTEST_YEARS, (expiry - now).total_seconds() / YEAR_S)


def intrinsic(right: Right, strike: float, spot: float) -> float:
    """What exercise would bring now, in USD per unit."""
    return max(0.0, spot - strike if right is Right.CALL else strike - spot)


def price_and_delta(
    right: Right, strike: float, spot: float, years: float, vol: float, rate: float
) -> tuple[float, float]:
    """The price in USD per unit, and the spot delta: what streams need, at a fraction of the cost of :func:`model`."""
    discount = math.exp(-rate * years)
    forward, deviation, kind = spot / discount, vol * math.sqrt(years), _TYPES[right]
    price = ql.blackFormula(kind, strike, forward, deviation, discount)
    weight = ql.blackFormulaAssetItmProbability(kind, strike, forward, deviation)
    return max(price, intrinsic(right, strike, spot)), weight if right is Right.CALL else -weight


def model(right: Right, strike: float, spot: float, years: float, vol: float, rate: float) -> OptionModel:
    """All that IB shows as an option computation."""
    calculator = _calculator(right, strike, spot, years, vol, rate)
    return OptionModel(
        implied_vol=vol,
        price=max(calculator.value(), intrinsic(right, strike, spot)),
        delta=round(calculator.delta(spot), DELTA_DIGITS),
        gamma=calculator.gamma(spot),
        vega=calculator.vega(years) / 100,
        theta=calculator.theta(spot, years) / 365,
        underlying_price=spot,
    )


def implied_vol(
    right: Right, strike: float, spot: float, years: float, price: float, rate: float
) -> float | None:
    """The volatility at which the Black price is ``price``; None when no volatility gives it."""
    discount = math.exp(-rate * years)
    try:
        deviation = ql.blackFormulaImpliedStdDev(_TYPES[right], strike, spot / discount, price, discount, 0.0)
    except RuntimeError:
        # QuantLib's way of saying that the price lies below intrinsic value or beyond the underlying.
        return None
    return float(deviation) / math.sqrt(years)


def _calculator(
    right: Right, strike: float, spot: float, years: float, vol: float, rate: float
) -> ql.BlackCalculator:
    discount = math.exp(-rate * years)
    return ql.BlackCalculator(_payoff(right, strike), spot / discount, vol * math.sqrt(years), discount)
