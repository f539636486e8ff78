"""Bracket prices: on the grid, in order, and never riskier than the percentage."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.contract import CENTS, NICKELS, TickGrid
from bot.domain.pricing import BracketPrices, climb
from bot.risk.denials import Denial, DenialCode
from bot.risk.entry_prices import entry_prices
from tests.risk.house import SCALP_TERMS, idea

grids = st.sampled_from(
    [CENTS, NICKELS, TickGrid(((Decimal(0), Decimal("0.05")), (Decimal(3), Decimal("0.10"))))]
)
asks = st.integers(1, 5000).map(lambda cents: Decimal(cents) / 100)
parts = st.decimals(Decimal("0.01"), Decimal("0.95"), places=2)


@given(grids, asks, parts, parts, st.integers(0, 3))
def test_prices_lie_on_the_grid_in_order_and_the_stop_adds_no_risk(
    grid: TickGrid, ask: Decimal, stop_pct: Decimal, target_pct: Decimal, offset: int
) -> None:
    terms = replace(SCALP_TERMS, stop_loss_pct=stop_pct, take_profit_pct=target_pct)
    prices = entry_prices(idea(ask=ask, bid=ask, ticks=grid), terms, offset)

    if isinstance(prices, Denial):
        assert prices.code in {DenialCode.PREMIUM_TOO_SMALL, DenialCode.STOP_INSIDE_SPREAD}
        return
    assert all(grid.is_on_grid(p) for p in (prices.stop, prices.entry, prices.target))
    assert 0 < prices.stop < prices.entry < prices.target
    assert prices.entry >= ask
    assert prices.entry - prices.stop <= prices.entry * stop_pct


def test_an_offset_climbs_the_grid_across_its_edge() -> None:
    assert climb(NICKELS, Decimal("2.99"), 2) == Decimal("3.05")


def test_a_nickel_option_gets_nickel_prices() -> None:
    prices = entry_prices(idea(ask=Decimal("4.15"), bid=Decimal("4.10"), ticks=NICKELS), SCALP_TERMS, 0)

    assert prices == BracketPrices(Decimal("4.15"), Decimal("5.35"), Decimal("3.35"))


def test_a_one_tick_option_leaves_no_room_for_a_stop() -> None:
    refused = entry_prices(idea(ask=Decimal("0.01"), bid=Decimal("0.01")), SCALP_TERMS, 0)

    assert isinstance(refused, Denial)
    assert refused.code is DenialCode.PREMIUM_TOO_SMALL
