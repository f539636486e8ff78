"""How much of a sweep's best result is luck: what was tried is part of the answer.

Sources: Bailey and López de Prado, "The Deflated Sharpe Ratio" (2014): the best of N trials without any skill reaches an
expected maximum, and the observed one is judged against that, with the returns' skew and kurtosis. Bailey, Borwein, López de
Prado and Zhu, "The Probability of Backtest Overfitting" (2015): days are cut in blocks; over every way to choose half of them,
how often is the winner in one half below the median in the other (combinatorially symmetric cross-validation).
"""

from __future__ import annotations

import math
from itertools import combinations
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

YEAR_ROOT = math.sqrt(252)
_EULER = 0.5772156649015329
_NORMAL = NormalDist()
_BLOCKS = 8
_LEAST_DAYS = 16


def daily_sharpe(returns: NDArray[np.float64]) -> float | None:
    """Mean over deviation of daily returns, not annualised; None where no two days differ, as where nothing was traded."""
    if not _is_varied(returns):
        return None
    return float(returns.mean()) / float(returns.std(ddof=1))


def _is_varied(returns: NDArray[np.float64]) -> bool:
    # By the days and not by their deviation, which rounding keeps above 0 for days that are all 0.1.
    return len(returns) > 1 and bool(np.isfinite(returns).all()) and bool((returns != returns[0]).any())


def yearly_sharpe(returns: NDArray[np.float64]) -> float | None:
    """The same of a year, for people."""
    ratio = daily_sharpe(returns)
    return None if ratio is None else ratio * YEAR_ROOT


def to_choose_by(returns: NDArray[np.float64]) -> float:
    """The ratio, and below all others where it is not known: settings that never traded are not better than a small loss."""
    ratio = daily_sharpe(returns)
    return -math.inf if ratio is None else ratio


def whole_return(returns: NDArray[np.float64]) -> float | None:
    """Of all days together; None of no day, and where one of them is no number."""
    return float(np.prod(1 + returns) - 1) if len(returns) and np.isfinite(returns).all() else None


def expected_best(sharpes: NDArray[np.float64], tried: int = 0) -> float:
    """The Sharpe ratio that the best of so many trials without skill would be expected to show.

    ``tried``: how many there were, where not of each a ratio is known.
    """
    n, spread = max(tried, len(sharpes)), float(sharpes.std(ddof=1)) if len(sharpes) > 1 else 0.0
    if n < 2 or spread == 0:
        return 0.0
    return spread * (
        (1 - _EULER) * _NORMAL.inv_cdf(1 - 1 / n) + _EULER * _NORMAL.inv_cdf(1 - 1 / (n * math.e))
    )


def deflated_sharpe(
    returns: NDArray[np.float64], sharpes: NDArray[np.float64], tried: int = 0
) -> float | None:
    """The probability that the true ratio is above what the best of all trials would show by luck; None: cannot be said."""
    days, observed = len(returns), daily_sharpe(returns)
    if days < _LEAST_DAYS or observed is None:
        return None
    scaled = (returns - returns.mean()) / float(returns.std())
    skew, kurtosis = float((scaled**3).mean()), float((scaled**4).mean())
    below = 1 - skew * observed + (kurtosis - 1) / 4 * observed**2
    if below <= 0:
        return None
    luck = expected_best(sharpes, tried)
    return _NORMAL.cdf((observed - luck) * math.sqrt(days - 1) / math.sqrt(below))


def probability_of_overfitting(matrix: NDArray[np.float64]) -> float | None:
    """Of days × trials: how often the best in one half is below the median in the other; None for too few of either.

    Settings that did not trade in a half win nothing there, and in the other earned 0; a half in which nobody did says nothing.
    """
    days, trials = matrix.shape
    if trials < 2 or days < _LEAST_DAYS or not np.isfinite(matrix).all():
        return None
    blocks = np.array_split(np.arange(days), _BLOCKS)
    bad = list[bool]()
    for chosen in combinations(range(_BLOCKS), _BLOCKS // 2):
        inside = _sharpes(matrix[np.concatenate([blocks[n] for n in chosen])], -math.inf)
        if np.isneginf(inside).all():
            continue
        rest = np.concatenate([blocks[n] for n in range(_BLOCKS) if n not in chosen])
        ranks, best = _sharpes(matrix[rest], 0.0), int(np.argmax(inside))
        below = float((ranks < ranks[best]).sum() + 0.5 * ((ranks == ranks[best]).sum() - 1))
        bad.append(below / (trials - 1) <= 0.5)
    return sum(bad) / len(bad) if bad else None


def _sharpes(matrix: NDArray[np.float64], unknown: float) -> NDArray[np.float64]:
    is_varied, deviation = (matrix != matrix[0]).any(axis=0), matrix.std(axis=0, ddof=1)
    return np.where(is_varied, matrix.mean(axis=0) / np.where(is_varied, deviation, 1), unknown)
