"""The one table of trades, wherever trades are shown: open and closed, with fees and a total."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from rich import box
from rich.table import Table
from rich.text import Text

from bot.domain.session import NEW_YORK, new_york_day
from bot.ops.status.display import tinted
from bot.ops.status.ledger import BookedTrade

ZERO = Decimal(0)


def table_of_trades(trades: Iterable[BookedTrade], title: str = "Trades, New York time") -> Table:
    """One row a trade, oldest first; the result is after fees, and stands only where the trade is over."""
    found = sorted(trades, key=lambda one: one.opened_at or one.plan.at)
    days = {new_york_day(one.opened_at or one.plan.at) for one in found}
    closed = [one.closed.pnl for one in found if one.closed]
    table = Table(title=title, show_footer=True, box=box.SIMPLE_HEAD, show_edge=False, padding=0)
    _columns(table, sum((one.fees for one in found), ZERO), sum(closed, ZERO))
    for one in found:
        table.add_row(*_row(one, with_day=len(days) > 1))
    return table


def _columns(table: Table, fees: Decimal, total: Decimal) -> None:
    table.add_column("from–to", footer="total", no_wrap=True)
    table.add_column("who", no_wrap=True)
    table.add_column("contract", no_wrap=True)
    for name in ("qty", "entry", "exit"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("by", no_wrap=True)
    table.add_column("fees", justify="right", footer=f"{fees:.2f}", no_wrap=True)
    table.add_column("result", justify="right", footer=tinted(total), no_wrap=True)


def _row(x: BookedTrade, *, with_day: bool) -> tuple[str | Text, ...]:
    opened, end = x.opened_at or x.plan.at, x.closed
    day = f"{opened.astimezone(NEW_YORK):%m-%d} " if with_day else ""
    span = f"{day}{_clock(opened)}–{_clock(end.closed_at) if end else ''}"
    prices = (
        f"{x.entry_price:.2f}" if x.entry_price is not None else "",
        f"{end.exit_price:.2f}" if end else "",
    )
    ended = (end.exit_reason if end else "open", f"{x.fees:.2f}", tinted(end.pnl) if end else Text("open"))
    return (span, x.plan.strategy, x.contract.label, str(x.bought), *prices, *ended)


def _clock(at: datetime) -> str:
    return f"{at.astimezone(NEW_YORK):%H:%M}"
