"""However narrow the screen, every figure stands whole in what a table prints, and no line is longer than the screen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from bot.ops.status.amounts import average_text, money
from bot.ops.status.display import panel
from bot.ops.status.fitted import FittedColumn, FittedTable
from bot.ops.status.trade_table import TradeRow, trade_table
from tests.ops.page.moments import HOLDING, Moment

OPENED = datetime(2011, 1, 26, 14, 54, tzinfo=UTC)
ONE = TradeRow(
    OPENED, OPENED + timedelta(minutes=31), "scalp", "GOOGL 2011-01-28 1302.5 P", 120, Decimal("11.23"),
    Decimal("9.87654321"), "closed by another hand", Decimal("1234.56"), Decimal("-1234567.89"),
)  # fmt: skip
OTHER = replace(ONE, closed_at=None, exit=None, ended="open", pnl=None)


def shown(table: object, width: int) -> str:
    out = StringIO()
    Console(file=out, width=width).print(table)
    told = out.getvalue()
    assert "…" not in told
    assert max(map(cell_len, told.splitlines())) <= width
    return told


@pytest.mark.parametrize("days", [1, 2], ids=["one day", "two days"])
@pytest.mark.parametrize("width", range(40, 201))
def test_the_trades_of_a_day_are_whole_at_any_width(width: int, days: int) -> None:
    later = replace(OTHER, opened_at=OPENED + timedelta(days=days - 1))

    told = shown(trade_table([ONE, later, replace(ONE, pnl=Decimal("0.01"))]), width)

    for figure in ("09:54–10:25", "120", "11.23", "9.87654", "1234.56", "-1,234,567.89", "+0.01", "3703.68"):
        assert figure in told
    assert ("01-26 09:54–10:25" in told) is (days == 2)


@pytest.mark.parametrize("width", range(40, 201, 8))
def test_the_running_bot_s_panel_cuts_no_price(width: int) -> None:
    status = Moment(HOLDING).builder.status

    told = shown(panel(replace(status, last_event="")), width)

    for bracket in status.open_brackets:
        for figure in (bracket.stop, bracket.target, bracket.bid, money(bracket.unrealized)):
            assert f"{figure}" in told


@given(
    rows=st.lists(
        st.tuples(
            st.text("ab c", max_size=60), st.decimals(-(10**9), 10**9, places=2), st.integers(0, 10**9)
        ),
        min_size=1,
        max_size=6,
    ),
    width=st.integers(40, 200),
    gap=st.integers(1, 3),
)
def test_whatever_the_texts_are_the_figures_stand_whole(
    rows: list[tuple[str, Decimal, int]], width: int, gap: int
) -> None:
    columns = [
        FittedColumn("opened"),
        FittedColumn("of what it is", is_text=True),
        FittedColumn("profit and loss", right=True, footer="1,234.50"),
        FittedColumn("n", right=True),
    ]
    cells = [("2011-01-26 09:54", text, f"{amount:,}", f"{n:,}") for text, amount, n in rows]

    words = shown(FittedTable("Figures of a test", columns, cells, gap=gap), width).split()

    for opened, text, *figures in cells:
        assert {*figures, *opened.split(), "1,234.50"} <= {*words}
        if max(map(len, text.split()), default=0) <= 12:
            assert {*text.split()} <= {*words}


@given(st.lists(st.tuples(st.integers(1, 50_000), st.integers(1, 500)), min_size=1, max_size=6))
def test_an_average_price_brings_its_money_back_to_the_cent(fills: list[tuple[int, int]]) -> None:
    cents, quantity = sum(price * n for price, n in fills), sum(n for _, n in fills)
    average = Decimal(cents) / 100 / quantity

    told = average_text(average, quantity)

    assert round(Decimal(told) * quantity * 100, 2) == cents
    assert len(told.partition(".")[2]) >= 2


def test_an_average_that_is_a_price_is_written_as_one() -> None:
    assert average_text(Decimal("3.1300"), 7) == "3.13"
    assert average_text(Decimal(31) / 10, 7) == "3.10"
    assert average_text(Decimal(10) / 3, 3) == "3.33333"
