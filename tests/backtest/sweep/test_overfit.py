"""The figures of luck are those of the papers: their own example, and the definitions written out a second time."""

from __future__ import annotations

import math
from itertools import combinations
from statistics import NormalDist, fmean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.backtest.sweep.overfit import deflated_sharpe, expected_best, probability_of_overfitting

NORMAL = NormalDist()
Rows = list[list[float]]


def test_the_best_of_a_hundred_is_expected_where_the_paper_says() -> None:
    """Bailey and López de Prado (2014), "A numerical example": variance 1/2 a year of 250 days, 100 trials: 0.1132 a day."""
    spread = math.sqrt(0.5 / 250)
    sharpes = np.linspace(-1, 1, 100)

    assert expected_best(sharpes / sharpes.std(ddof=1) * spread) == pytest.approx(0.1132, abs=5e-5)


def deviation(values: list[float]) -> float:
    """A sample's; ``stdev`` finds it in fractions, which takes ten times as long."""
    middle = fmean(values)
    return math.sqrt(math.fsum((x - middle) ** 2 for x in values) / (len(values) - 1))


def ratio(returns: list[float]) -> float:
    return fmean(returns) / deviation(returns)


def as_logits(trials: Rows) -> float:
    """Bailey, Borwein, López de Prado and Zhu (2015), section 3: relative ranks and their logits, over all halves of 8 blocks."""
    days = len(trials[0])
    blocks = [[int(day) for day in part] for part in np.array_split(np.arange(days), 8)]
    logits = []
    for half in combinations(range(8), 4):
        inside = [day for n in half for day in blocks[n]]
        outside = [day for n in range(8) if n not in half for day in blocks[n]]
        chosen = max(range(len(trials)), key=lambda n: ratio([trials[n][day] for day in inside]))
        found = [ratio([one[day] for day in outside]) for one in trials]
        rank = 1 + sum(one < found[chosen] for one in found)
        relative = rank / (len(trials) + 1)
        logits.append(math.log(relative / (1 - relative)))
    return sum(one <= 1e-12 for one in logits) / len(logits)


def as_in_the_paper(returns: list[float], sharpes: list[float]) -> float:
    """Bailey and López de Prado (2014), equations 1 and 2."""
    n, euler, observed = len(sharpes), 0.5772156649015329, ratio(returns)
    luck = deviation(sharpes) * (
        (1 - euler) * NORMAL.inv_cdf(1 - 1 / n) + euler * NORMAL.inv_cdf(1 - 1 / (n * math.e))
    )
    middle, days = fmean(returns), len(returns)
    second, third, fourth = (sum((x - middle) ** power for x in returns) / days for power in (2, 3, 4))
    skew, kurtosis = third / second**1.5, fourth / second**2
    below = math.sqrt(1 - skew * observed + (kurtosis - 1) / 4 * observed**2)
    return NORMAL.cdf((observed - luck) * math.sqrt(days - 1) / below)


@given(st.integers(0, 2**32 - 1), st.integers(2, 7), st.integers(16, 60), st.floats(0, 0.01))
def test_both_figures_are_those_of_the_definitions_written_out(
    seed: int, tried: int, days: int, edge: float
) -> None:
    random = np.random.default_rng(seed)
    matrix = random.normal(0, 0.01, (days, tried)) + np.linspace(0, edge, tried)
    trials = [[float(x) for x in column] for column in matrix.T]
    sharpes = [ratio(one) for one in trials]
    best = max(trials, key=ratio)

    assert probability_of_overfitting(matrix) == pytest.approx(as_logits(trials))
    assert deflated_sharpe(np.array(best), np.array(sharpes)) == pytest.approx(as_in_the_paper(best, sharpes))
