"""A search instead of a grid: each round of combinations is chosen by what the rounds before brought in sample.

The sampler is Optuna's tree-structured Parzen estimator (Bergstra and others, "Algorithms for Hyper-Parameter Optimization",
2011), with a fixed seed and rounds of a fixed size: whatever runs them, and however often it was stopped, the same are tried.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from math import prod
from typing import Any, Final

import numpy as np

from bot.backtest.sweep.overfit import daily_sharpe
from bot.backtest.sweep.space import Changes
from bot.backtest.sweep.trial import Trial
from bot.domain.errors import FixTheMachine

Axes = Sequence[tuple[str, tuple[str, ...]]]
RunTrials = Callable[[Sequence[Changes]], Sequence[Trial]]
ROUND: Final = 8
"""Combinations chosen at once: enough for the processors of a small machine, few enough to learn between."""
_SEEDS: Final = 2**32
"""That Optuna knows, from 0."""
_IDLE_ROUNDS: Final = 5
"""So many rounds without anything new end a search that has seen what it would choose."""


def search(axes: Axes, count: int, seed: int, out_of_sample: float, run: RunTrials) -> list[Trial]:
    """Up to ``count`` different combinations of the axes' values, in the order tried. FixTheMachine without Optuna."""
    study, found, idle = _study(seed), dict[Changes, Trial](), 0
    wanted = min(count, prod(len(values) for _, values in axes))
    while len(found) < wanted and idle < _IDLE_ROUNDS:
        asked = [study.ask() for _ in range(min(ROUND, wanted - len(found)))]
        chosen = [_changes(trial, axes) for trial in asked]
        fresh = [x for x in dict.fromkeys(chosen) if x not in found]
        found |= {x.changes: x for x in run(fresh)}
        idle = 0 if fresh else idle + 1
        for trial, changes in zip(asked, chosen, strict=True):
            _tell(study, trial, found[changes], out_of_sample)
    return list(found.values())


def in_sample(trial: Trial, out_of_sample: float) -> float | None:
    """What a combination is chosen by: the Sharpe ratio of the first days alone; None where it is not known."""
    split = max(1, round(len(trial.returns) * (1 - out_of_sample)))
    return daily_sharpe(np.array(trial.returns[:split]))


def _study(seed: int) -> Any:
    try:
        optuna = import_module("optuna")
    except ModuleNotFoundError:
        raise FixTheMachine("--search needs Optuna: pip install optuna") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed % _SEEDS))


def _changes(trial: Any, axes: Axes) -> Changes:
    return tuple(sorted((key, trial.suggest_categorical(key, list(values))) for key, values in axes))


def _tell(study: Any, asked: Any, trial: Trial, out_of_sample: float) -> None:
    worth = None if trial.error else in_sample(trial, out_of_sample)
    if worth is None:
        study.tell(asked, state=import_module("optuna").trial.TrialState.FAIL)
    else:
        study.tell(asked, worth)
