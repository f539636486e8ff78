"""Option prices and greeks by QuantLib: Black on the forward, and what early exercise is worth beside it.

Rule: every formula is QuantLib's. Exercise is American, by Barone-Adesi and Whaley's approximation, which QuantLib works out in
15 microseconds: at most 0.07 USD from a binomial tree of 801 steps at 100 USD up to three months (a test holds it). It is left
out where delta is below 0.2. Dividends are paid evenly (``calibration.rates``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from bot.domain.types import Right
from bot.sim.market.quotes import OptionModel

DELTA_DIGITS = 9
"""Two ways lead to a delta, and both must show the same one."""


class _Library:
    """QuantLib, loaded when the first option is priced: it takes longer than the rest of the gateway's start."""

    def __init__(self) -> None:
        import QuantLib as ql  # noqa: N813 - its own documentation's name

        self.ql: Any = ql
        self.kinds = {Right.CALL: ql.Option.Call, Right.PUT: ql.Option.Put}
        self.black, self.probability = ql.blackFormula, ql.blackFormulaAssetItmProbability


@cache
def _library() -> _Library:
    return _Library()


def load() -> None:
    """Load QuantLib now, so that the first price does not wait for it."""
    _library()


@lru_cache(maxsize=20_000)
def _payoff(right: Right, strike: float) -> Any:
    return _library().ql.PlainVanillaPayoff(_library().kinds[right], strike)


def intrinsic(right: Right, strike: float, spot: float) -> float:
    """What exercise would bring now, in USD per unit."""
    return max(0.0, spot - strike if right is Right.CALL else strike - spot)


class _American:
    """One American option of a year whose parameters are scaled to its term: time enters only by products with it."""

    def __init__(self) -> None:
        ql = _library().ql
        today = ql.Date(1, 1, 2020)
        ql.Settings.instance().evaluationDate = today
        count = ql.Actual365Fixed()
        self._values = (0.0, 0.0, 0.0, 0.0)
        spot, dividends, rate, vol = self._quotes = tuple(ql.SimpleQuote(value) for value in self._values)
        process = ql.BlackScholesMertonProcess(
            ql.QuoteHandle(spot),
            ql.YieldTermStructureHandle(ql.FlatForward(today, ql.QuoteHandle(dividends), count)),
            ql.YieldTermStructureHandle(ql.FlatForward(today, ql.QuoteHandle(rate), count)),
            ql.BlackVolTermStructureHandle(
                ql.BlackConstantVol(today, ql.NullCalendar(), ql.QuoteHandle(vol), count)
            ),
        )
        exercise, engine = (
            ql.AmericanExercise(today, today + 365),
            ql.BaroneAdesiWhaleyApproximationEngine(process),
        )
        self._options = {}
        for right, kind in _library().kinds.items():
            # Of strike 100: spot and price scale with the strike.
            option = ql.VanillaOption(ql.PlainVanillaPayoff(kind, 100.0), exercise)
            option.setPricingEngine(engine)
            self._options[right] = option

    def price(
        self, right: Right, strike: float, spot: float, years: float, vol: float, carry: Carry
    ) -> float:
        wanted = (100.0 * spot / strike, carry.dividends * years, carry.rate * years, vol * math.sqrt(years))
        for quote, value, known in zip(self._quotes, wanted, self._values, strict=True):
            if value != known:  # setting one makes everything that hangs on it compute again
                quote.setValue(value)
        self._values = wanted
        return float(self._options[right].NPV()) * strike / 100.0


@lru_cache(maxsize=1)
def _american() -> _American:
    return _American()


@dataclass(frozen=True, slots=True)
class Carry:
    """Interest and dividends, parts a year."""

    rate: float = 0.0
    dividends: float = 0.0
    is_european: bool = False
    """True: exercise at the end alone."""


_EARLY = 0.2
"""Below this delta the right to exercise early is worth less than a tick."""


def american_price(
    right: Right, strike: float, spot: float, years: float, vol: float, carry: Carry, european: float
) -> float:
    """What the right to exercise at any time makes of the European price, USD per unit."""
    return max(european, _american().price(right, strike, spot, years, vol, carry))


_LEAST_DEVIATION = 1e-3


def price_and_delta(
    right: Right, strike: float, spot: float, years: float, vol: float, carry: Carry
) -> tuple[float, float]:
    """The price in USD per unit, and the spot delta: what streams need, at a fraction of the cost of :func:`model`."""
    discount, paid = math.exp(-carry.rate * years), math.exp(-carry.dividends * years)
    forward, deviation, library = spot * paid / discount, vol * math.sqrt(years), _library()
    kind = library.kinds[right]
    price = library.black(kind, strike, forward, deviation, discount)
    weight = library.probability(kind, strike, forward, deviation) * paid
    delta = weight if right is Right.CALL else -weight
    if carry.is_european:
        return price, delta
    gains = carry.rate > 0 if right is Right.PUT else carry.dividends > 0
    if gains and abs(delta) >= _EARLY and deviation >= _LEAST_DEVIATION:
        price = american_price(right, strike, spot, years, vol, carry, price)
    return max(price, intrinsic(right, strike, spot)), delta


def model(right: Right, strike: float, spot: float, years: float, vol: float, carry: Carry) -> OptionModel:
    """All that IB shows as an option computation; the greeks are those of European exercise."""
    calculator = _calculator(right, strike, spot, years, vol, carry)
    price, delta = price_and_delta(right, strike, spot, years, vol, carry)
    return OptionModel(
        implied_vol=vol,
        price=price,
        delta=round(delta, DELTA_DIGITS),
        gamma=calculator.gamma(spot),
        vega=calculator.vega(years) / 100,
        theta=calculator.theta(spot, years) / 365,
        underlying_price=spot,
    )


def implied_vol(
    right: Right, strike: float, spot: float, years: float, price: float, carry: Carry
) -> float | None:
    """The volatility at which the Black price is ``price``; None when no volatility gives it."""
    discount = math.exp(-carry.rate * years)
    forward = spot * math.exp((carry.rate - carry.dividends) * years)
    library = _library()
    try:
        deviation = library.ql.blackFormulaImpliedStdDev(
            library.kinds[right], strike, forward, price, discount, 0.0
        )
    except RuntimeError:
        # QuantLib's way of saying that the price lies below intrinsic value or beyond the underlying.
        return None
    return float(deviation) / math.sqrt(years)


def _calculator(right: Right, strike: float, spot: float, years: float, vol: float, carry: Carry) -> Any:
    discount = math.exp(-carry.rate * years)
    forward = spot * math.exp((carry.rate - carry.dividends) * years)
    return _library().ql.BlackCalculator(_payoff(right, strike), forward, vol * math.sqrt(years), discount)
