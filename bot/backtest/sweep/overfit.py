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


def daily_sharpe(returns: NDArray[np.float64]) -> float:
    """Mean over deviation of daily returns, not annualised; 0 where nothing moved."""
    deviation = float(returns.std(ddof=1)) if len(returns) > 1 else 0.0
    return float(returns.mean()) / deviation if deviation > 0 else 0.0


def yearly_sharpe(returns: NDArray[np.float64]) -> float | None:
    """The same of a year, for people; None where no two days differ, as for one that never traded."""
    return daily_sharpe(returns) * YEAR_ROOT if len(returns) > 1 and returns.std() > 0 else None


def expected_best(sharpes: NDArray[np.float64]) -> float:
    """The Sharpe ratio that the best of so many trials without skill would be expected to show."""
    n, spread = len(sharpes), float(sharpes.std(ddof=1)) if len(sharpes) > 1 else 0.0
    if n < 2 or spread == 0:
        return 0.0
    return spread * (
        (1 - _EULER) * _NORMAL.inv_cdf(1 - 1 / n) + _EULER * _NORMAL.inv_cdf(1 - 1 / (n * math.e))
    )


def deflated_sharpe(returns: NDArray[np.float64], sharpes: NDArray[np.float64]) -> float | None:
    """The probability that the true ratio is above what the best of all trials would show by luck; None: cannot be said."""
    days, observed = len(returns), daily_sharpe(returns)
    deviation = float(returns.std()) if days else 0.0
    if days < _LEAST_DAYS or deviation == 0:
        return None
    scaled = (returns - returns.mean()) / deviation
    skew, kurtosis = float((scaled**3).mean()), float((scaled**4).mean())
    below = 1 - skew * observed + (kurtosis - 1) / 4 * observed**2
    if below <= 0:
        return None
    return _NORMAL.cdf((observed - expected_best(sharpes)) * math.sqrt(days - 1) / math.sqrt(below))


def probability_of_overfitting(matrix: NDArray[np.float64]) -> float | None:
    """Of days × trials: how often the best in one half is below the median in the other; None for too few of either."""
    days, trials = matrix.shape
    if trials < 2 or days < _LEAST_DAYS:
        return None
    blocks = np.array_split(np.arange(days), _BLOCKS)
    bad = 0
    halves = list(combinations(range(_BLOCKS), _BLOCKS // 2))
    for chosen in halves:
        inside = np.concatenate([blocks[n] for n in chosen])
        outside = np.concatenate([blocks[n] for n in range(_BLOCKS) if n not in chosen])
        best = int(np.argmax(_sharpes(matrix[inside])))
        ranks = _sharpes(matrix[outside])
        below = float((ranks < ranks[best]).sum() + 0.5 * ((ranks == ranks[best]).sum() - 1))
        bad += below / (trials - 1) <= 0.5
    return bad / len(halves)


def _sharpes(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    deviation = matrix.std(axis=0, ddof=1)
    return np.where(deviation > 0, matrix.mean(axis=0) / np.where(deviation > 0, deviation, 1), 0.0)
