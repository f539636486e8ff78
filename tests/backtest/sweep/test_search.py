"""A search tries the same combinations whoever runs them, and finds what is better than most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from bot.backtest.sweep.search import search
from bot.backtest.sweep.space import Changes
from bot.backtest.sweep.trial import Trial

pytest.importorskip("optuna", reason="the extra `search` is not installed")
AXES = [("a", tuple(f"{n}" for n in range(12))), ("b", tuple(f"{n}" for n in range(12)))]


def tried(changes: Changes) -> Trial:
    """The best is a=7, b=4 in the first days and the worst in the last; what is beyond 9 is refused."""
    a, b = (int(value) for _, value in changes)
    if a > 9:
        return Trial(changes, error="too long")
    noise = np.random.default_rng(1).normal(0, 0.01, 100)
    edge = 0.02 - 0.002 * (abs(a - 7) + abs(b - 4))
    returns = noise + np.r_[np.full(70, edge), np.full(30, -9 * edge)]
    return Trial(changes, tuple(f"{n}" for n in range(100)), tuple(map(float, returns)), 3, edge)


def test_a_search_is_the_same_again_and_finds_the_best_part_by_the_first_days() -> None:
    asked: list[Changes] = []

    def run(some: Sequence[Changes]) -> list[Trial]:
        asked.extend(some)
        return [tried(changes) for changes in some]

    found = search(AXES, 64, 3, 0.3, run)
    again = search(AXES, 64, 3, 0.3, run)

    assert found == again
    assert asked[: len(found)] == asked[len(found) :]
    assert 48 <= len(found) == len(set(asked)) <= 64
    best = max((x for x in found if not x.error), key=lambda x: x.result)
    assert best.result >= 0.018
    assert np.mean([x.result for x in found[32:] if not x.error]) > np.mean(
        [x.result for x in found[:16] if not x.error]
    )


def test_a_search_that_has_tried_everything_ends() -> None:
    few = [("a", ("1", "2", "3")), ("b", ("1",))]

    found = search(few, 50, 1, 0.3, lambda some: [tried(x) for x in some])

    assert 1 <= len(found) <= 3


@pytest.mark.parametrize("seed", [-1, 2**40])
def test_any_whole_number_is_a_seed(seed: int) -> None:
    def run(some: Sequence[Changes]) -> list[Trial]:
        return [tried(changes) for changes in some]

    assert search(AXES, 8, seed, 0.3, run) == search(AXES, 8, seed, 0.3, run)
