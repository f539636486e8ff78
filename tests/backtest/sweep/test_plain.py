"""A sweep's JSON says the numbers of its tables, whatever they are."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest

from bot.backtest.plan import BacktestPlan
from bot.backtest.sweep.figures import heat_maps
from bot.backtest.sweep.plain import as_json_text
from bot.backtest.sweep.table import judge_sweep, sweep_table
from bot.backtest.sweep.trial import Trial
from bot.backtest.sweep.walk_forward import walk_forward, walk_forward_table
from bot.config import load_settings
from tests.backtest.sweep.test_figures import trials

PLAN = BacktestPlan(
    load_settings(variables={}), ("GOOG",), date(2024, 1, 2), date(2024, 2, 28), Decimal(50_000), 7, False, "resume"
)  # fmt: skip


def test_every_figure_of_the_tables_is_there() -> None:
    swept = judge_sweep([*trials(), Trial((("a.b", "9"),), error="too long")], 0.3)
    folds = walk_forward(swept.ranked, 3)

    found = json.loads(as_json_text(swept, folds, PLAN, 0.3, "a1"))

    assert (found["tried"], found["refused"], found["seed"]) == (12, 1, 7)
    assert found["deflated_sharpe"]["probability"] == swept.deflated
    assert found["overfitting"]["probability"] == swept.overfit
    assert found["best_by_luck"]["sharpe"] == swept.by_luck
    for told, row in zip(found["combinations"], sweep_table(swept, 99).rows, strict=True):
        inside, outside = told["in_sample"], told["out_of_sample"]
        assert row[-6:] == (
            f"{told['trades']}", f"{inside['sharpe']:.2f}", f"{outside['sharpe']:.2f}",
            f"{inside['return']:.2%}", f"{outside['return']:.2%}", f"{told['result']:,.2f}",
        )  # fmt: skip
    walked = walk_forward_table(folds)
    assert walked is not None
    together = found["walk_forward_together"]
    assert walked.rows[-1][-2:] == (f"{together['sharpe']:.2f}", f"{together['return']:.2%}")
    for told, row in zip(found["walk_forward"], walked.rows[:-1], strict=True):
        assert row[:2] == (told["from"], told["to"])
        assert row[-2:] == (f"{told['then']['sharpe']:.2f}", f"{told['then']['return']:.2%}")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("odd", [float("nan"), float("inf")])
def test_what_is_no_number_is_null(odd: float) -> None:
    days = tuple(f"{n}" for n in range(20))
    swept = judge_sweep(
        [Trial((("a.b", f"{n}"),), days, (odd, 0.1 * n, *[0.1] * 18), 0, odd) for n in (1, 2)], 0.0
    )

    found = json.loads(as_json_text(swept, (), PLAN, 0.0, "a1"), parse_constant=lambda x: pytest.fail(x))

    assert found["combinations"][0]["result"] is None
    assert found["walk_forward_together"] == {"sharpe": None, "return": None}
    assert found["combinations"][0]["in_sample"] == {"sharpe": None, "return": None}
    assert found["combinations"][0]["returns"][:2] == [None, 0.1]
    assert found["overfitting"]["probability"] is None
    assert found["best_by_luck"]["sharpe"] is None


def test_of_settings_that_never_traded_no_ratio_is_known() -> None:
    idle = [Trial((("a.b", f"{n}"), ("c", "1")), ("1", "2", "3", "4"), (0.0,) * 4, 0, 0.0) for n in range(2)]
    swept = judge_sweep(idle, 0.5)

    found = json.loads(as_json_text(swept, walk_forward(swept.ranked, 1), PLAN, 0.5, "a1"))

    assert found["best_by_luck"]["sharpe"] is None
    assert {
        part["sharpe"] for x in found["combinations"] for part in (x["in_sample"], x["out_of_sample"])
    } == {None}
    assert found["walk_forward"][0]["then"] == {"sharpe": None, "return": 0.0}
    assert [row[3:5] for row in sweep_table(swept, 9).rows] == [("", ""), ("", "")]
    assert [x.values for x in heat_maps(swept)] == [((None,), (None,))] * 2
