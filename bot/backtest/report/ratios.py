"""What daily returns and trades come to, each figure as one function of them: what cannot be said is NaN, what nothing bounds is
infinite.

Sources: Sharpe, "The Sharpe Ratio" (1994), on daily returns without a risk-free rate, times the root of 252 days; Sortino and
Price (1994), the same with the root mean square of losses; Young, "Calmar Ratio" (1991), here over all days and not over three
years.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

DAYS_A_YEAR: Final = 252
RESAMPLES: Final = 2_000
LEAST: Final = 5
"""With fewer days or trades an interval says nothing, and with fewer days neither does a ratio."""
LEAST_OF_A_YEAR: Final = 63
"""Sessions, a quarter of a year: what fewer came to would be taken to its fourth power and beyond, luck and all."""
_SEED: Final = 7
Series = NDArray[np.float64]


def sharpe(returns: Series) -> float:
    deviation = _deviation(returns)
    return float(returns.mean()) / deviation * math.sqrt(DAYS_A_YEAR) if deviation > 0 else math.nan


def sortino(returns: Series) -> float:
    losses = np.minimum(returns, 0.0)
    below = (
        math.sqrt(float((losses**2).mean())) if len(returns) > 1 else 0.0
    )  # of one loss it is -√252, whatever was lost
    return over(float(returns.mean()) * math.sqrt(DAYS_A_YEAR), below) if len(returns) > 1 else math.nan


def volatility(returns: Series) -> float:
    return _deviation(returns) * math.sqrt(DAYS_A_YEAR) if len(returns) > 1 else math.nan


def _deviation(returns: Series) -> float:
    """0 for days that are alike, of which rounding would leave more than that."""
    return float(returns.std(ddof=1)) if (returns != returns[:1]).any() else 0.0


def compounded(returns: Series) -> float:
    return float(np.prod(1 + returns)) - 1


def annual_return(returns: Series) -> float:
    """What as good a year of 252 such days would bring. NaN for fewer than ``LEAST_OF_A_YEAR``, -1 where nothing was left."""
    if len(returns) < LEAST_OF_A_YEAR:
        return math.nan
    grown = float(np.prod(1 + returns))
    return grown ** (DAYS_A_YEAR / len(returns)) - 1 if grown > 0 else -1.0


def profit_factor(pnl: Series) -> float:
    return over(float(pnl[pnl > 0].sum()), float(-pnl[pnl < 0].sum()))


def win_rate(pnl: Series) -> float:
    return float((pnl > 0).mean()) if len(pnl) else math.nan


def over(gain: float, loss: float) -> float:
    """``loss`` is 0 or above; where there is none, any gain is without bound, and no gain says nothing."""
    if loss > 0:
        return gain / loss
    return math.inf if gain > 0 else math.nan


def interval(values: Series, statistic: Callable[[Series], float]) -> tuple[float | None, float | None]:
    """Where 95 % of the bootstrap's resamples lie; an end may be infinite. None where there are too few to say it."""
    return _drawn_again(np.asarray(values, dtype=np.float64).tobytes(), statistic)


@lru_cache(maxsize=128)  # a report's table, page and JSON each ask, and the same is drawn for them
def _drawn_again(packed: bytes, statistic: Callable[[Series], float]) -> tuple[float | None, float | None]:
    values = np.frombuffer(packed, dtype=np.float64)
    if len(values) < LEAST:
        return None, None
    random = np.random.default_rng(_SEED)
    # One after the other: all at once, those of a year's trades would be 27 MiB.
    drawn = (random.integers(0, len(values), len(values)) for _ in range(RESAMPLES))
    found = np.array([statistic(values[rows]) for rows in drawn], dtype=np.float64)
    found = found[~np.isnan(found)]
    if len(found) < RESAMPLES // 2:
        return None, None
    # Between a number and no bound there is nothing to interpolate.
    method = "linear" if np.isfinite(found).all() else "closest_observation"
    low, high = np.percentile(found, (2.5, 97.5), method=method)  # type: ignore[call-overload]
    return float(low), float(high)
