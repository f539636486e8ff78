"""A sweep as one JSON object: all that its tables and its page say, as numbers.

Rule: what is not known is null, never 0 and never NaN; parts of a whole are 0 to 1, Sharpe ratios are those of a year.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from bot.backtest.plan import BacktestPlan
from bot.backtest.sweep.overfit import whole_return, yearly_sharpe
from bot.backtest.sweep.table import Swept, without_effect
from bot.backtest.sweep.trial import Trial, as_row
from bot.backtest.sweep.walk_forward import Fold

_LUCK: Final = (
    "Bailey and López de Prado, The Deflated Sharpe Ratio (2014): the Sharpe ratio that the best of so many trials without "
    "skill is expected to show"
)
_DEFLATED: Final = (
    "Bailey and López de Prado, The Deflated Sharpe Ratio (2014): the probability that the true ratio of the best is above what "
    "luck is expected to show"
)
_OVERFIT: Final = (
    "Bailey, Borwein, López de Prado and Zhu, The Probability of Backtest Overfitting (2015): how often the best of one half of "
    "the days is below the median in the other, over all ways to halve eight blocks"
)


def as_json_text(
    swept: Swept, folds: Sequence[Fold], plan: BacktestPlan, out_of_sample: float, mark: str
) -> str:
    """Combinations are ranked by the days in sample, best first. ``mark``: of days, data, settings and build."""
    days = swept.ranked[0].days if swept.ranked else ()
    told: dict[str, Any] = {
        "mark": mark,
        "symbols": plan.symbols,
        "from": plan.first,
        "to": plan.last,
        "equity": plan.equity,
        "seed": plan.seed,
        "tried": len(swept.ranked),
        "refused": len(swept.refused),
        "split": {
            "out_of_sample": out_of_sample,
            "in_sample": _days(days[: swept.split]),
            "rest": _days(days[swept.split :]),
        },
        "best_by_luck": {"sharpe": _known(swept.by_luck), "source": _LUCK},
        "deflated_sharpe": {"probability": _known(swept.deflated), "source": _DEFLATED},
        "overfitting": {"probability": _known(swept.overfit), "source": _OVERFIT},
        "without_effect": without_effect(swept),
        "combinations": [_combination(x, swept.split) for x in swept.ranked],
        "impossible": [{"changes": dict(x.changes), "reason": x.error} for x in swept.refused],
        "walk_forward": [_fold(x) for x in folds],
        "walk_forward_together": _part([value for x in folds for value in x.returns]),
    }
    return json.dumps(told, default=str, allow_nan=False, ensure_ascii=False)


def _combination(x: Trial, split: int) -> dict[str, Any]:
    row = as_row(x)
    del row["error"]
    return row | {
        "returns": [_known(value) for value in x.returns],
        "result": _known(x.result),
        "in_sample": _part(x.returns[:split]),
        "out_of_sample": _part(x.returns[split:]),
    }


def _fold(x: Fold) -> dict[str, Any]:
    return {
        "from": x.first,
        "to": x.last,
        "chosen": dict(x.chosen.changes),
        "before": _part(x.before),
        "then": _part(x.returns),
    }


def _part(returns: Sequence[float]) -> dict[str, Any]:
    """Of a single day, or of days that are alike, no ratio is known, of none nothing."""
    part = np.array(returns)
    return {"sharpe": yearly_sharpe(part), "return": whole_return(part)}


def _days(days: Sequence[str]) -> dict[str, Any]:
    return {"days": len(days), "from": days[0] if days else None, "to": days[-1] if days else None}


def _known(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
