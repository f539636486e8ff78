"""Walk forward: choose by all days so far, take what the choice does in the next ones, and go on.

Rule: no new run is needed, as each trial's result of each day is known; a fold's choice sees no day of that fold or after.
A choice is judged as if it had begun on the fold's first day with what it then held and had lost: its own run's days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bot.backtest.sweep.overfit import to_choose_by, whole_return, yearly_sharpe
from bot.backtest.sweep.table import cell_of
from bot.backtest.sweep.trial import Trial
from bot.ops.page.document import Table


@dataclass(frozen=True, slots=True)
class Fold:
    """``first`` to ``last`` are its days, as in the trials; ``chosen`` was the best by Sharpe ratio of all days before."""

    first: str
    last: str
    chosen: Trial
    before: tuple[float, ...]
    returns: tuple[float, ...]


def walk_forward(trials: Sequence[Trial], folds: int) -> tuple[Fold, ...]:
    """So many folds of equal length behind a first stretch of the same length; () where there are too few days."""
    good = [x for x in trials if not x.error]
    days = min((len(x.returns) for x in good), default=0)
    if folds < 1 or days < 2 * (folds + 1):
        return ()
    cuts = [round(days * n / (folds + 1)) for n in range(folds + 2)]
    return tuple(_fold(good, cuts[n], cuts[n + 1]) for n in range(1, folds + 1))


def _fold(trials: Sequence[Trial], start: int, end: int) -> Fold:
    best = min(trials, key=lambda x: (-to_choose_by(np.array(x.returns[:start])), x.changes))
    return Fold(best.days[start], best.days[end - 1], best, best.returns[:start], best.returns[start:end])


def walk_forward_table(folds: Sequence[Fold]) -> Table | None:
    """A row a fold, and all of them in a row; None for no folds."""
    if not folds:
        return None
    rows = [(x.first, x.last, _changes(x.chosen), *_figures(x.before), *_figures(x.returns)) for x in folds]
    together = tuple(value for x in folds for value in x.returns)
    columns = ("from", "to", "chosen before", "Sharpe before", "return before", "Sharpe then", "return then")
    return Table(
        "Walk forward",
        columns,
        (*rows, ("all folds", "", "", "", "", *_figures(together))),
        (3, 4, 5, 6),
        "Each choice is the best of all days before; only what it did then is out of sample.",
    )


def _changes(x: Trial) -> str:
    return ", ".join(f"{key.rsplit('.', 1)[-1].replace('_', ' ')} {value}" for key, value in x.changes)


def _figures(returns: Sequence[float]) -> tuple[str, str]:
    part = np.array(returns)
    return cell_of(yearly_sharpe(part), ".2f"), cell_of(whole_return(part), ".2%")
