"""What a report shows adds up, and is shown whole on any screen."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import StringIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from bot.backtest.fast.run import run_fast
from bot.backtest.outcome import Outcome
from bot.backtest.plan import BacktestPlan
from bot.backtest.report.document import Report, all_tables
from bot.backtest.report.plain import as_json_text
from bot.cli.show.grid import grid_of
from bot.sim.market.recorded.library import BUNDLE
from tests.backtest.conftest import plan


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(1, 99),
    size=st.sampled_from(("0.004", "0.02")),
    stop=st.sampled_from(("0.05", "0.2")),
    equity=st.sampled_from((Decimal(25_000), Decimal("123456.78"))),
)
def test_the_trades_account_for_the_change_of_equity_to_the_cent(
    seed: int, size: str, stop: str, equity: Decimal
) -> None:
    changes = {"RISK__MAX_RISK_PCT_PER_TRADE": size, "RISK__STOP_LOSS_PCT": stop}
    chosen = plan("SPY", date(2025, 3, 3), date(2025, 3, 4), **changes)
    chosen = replace(chosen, seed=seed, is_synthetic=True, equity=equity)
    out = run_fast(chosen, BUNDLE)

    told = json.loads(as_json_text(Report(chosen, "fast", out)))

    for x in told["trades"]:
        paid, received, fees, pnl = (Decimal(x[name]) for name in ("paid", "received", "commission", "pnl"))
        assert received - paid - fees == pnl
        for price, money in ((x["entry_price"], paid), (x["exit_price"], received)):
            assert abs(Decimal(price) * x["quantity"] * 100 - money) < Decimal("0.005")
    if not told["still_open"]:
        net = sum(Decimal(x["pnl"]) for x in told["trades"])
        assert round(net, 2) == Decimal(told["end_equity"]) - Decimal(told["equity"])


@pytest.mark.parametrize("width", [*range(40, 100, 4), 120, 200])
def test_every_figure_of_a_report_stands_whole_on_any_screen(
    played: tuple[BacktestPlan, Outcome], width: int
) -> None:
    chosen, out = played

    for table in all_tables(Report(chosen, "exact", out, ((0.5, out), (1.0, out)))):
        page = StringIO()
        Console(file=page, width=width).print(grid_of(table))
        told = page.getvalue()
        assert "…" not in told.replace(" … ", "").replace("were …", "")
        assert max(map(cell_len, told.splitlines())) <= width
        words = {*told.split()}
        for row in table.rows:
            for place in table.right:
                assert {*row[place].split()} <= words
            if table.columns[0] == "opened":
                assert row[0] in told
                assert {*row[-1].split()} <= words  # its why
