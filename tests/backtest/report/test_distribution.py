"""A distribution holds every trade once, and no bar holds both profits and losses."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.backtest.outcome import Outcome
from bot.backtest.plan import BacktestPlan
from bot.backtest.report.distribution import results, round_edges


@given(st.lists(st.decimals(-20_000, 20_000, places=2).map(float), min_size=2, max_size=50))
def test_every_value_lies_between_the_edges_and_zero_is_one(values: list[float]) -> None:
    edges = round_edges(values)

    assert edges[0] <= min(values)
    assert max(values) < edges[-1]
    assert any(abs(edge) < 1e-9 for edge in edges)
    assert len(edges) <= 28
    assert edges == sorted(set(edges))


def test_every_trade_of_a_backtest_is_counted_once(played: tuple[BacktestPlan, Outcome]) -> None:
    _, out = played

    [found] = results(out)

    assert sum(found.counts) == len(out.trades)
    losses = sum(n for n, edge in zip(found.counts, found.edges[1:], strict=True) if edge <= 0)
    assert losses == sum(x.pnl < 0 for x in out.trades.values())


def test_nothing_is_drawn_of_no_trades() -> None:
    assert results(Outcome(Decimal(100))) == ()
