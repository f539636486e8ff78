"""The Status for people: one live panel on a terminal, plain lines where there is none, and the day's table at the end."""

from __future__ import annotations

from datetime import datetime

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from bot.domain.session import new_york_day, session_on
from bot.domain.text import counted
from bot.domain.types import TradingState
from bot.ops.status.amounts import average_text
from bot.ops.status.fitted import FittedColumn, FittedTable
from bot.ops.status.line import new_york
from bot.ops.status.status import BracketView, Status, SymbolView
from bot.ops.status.trade_table import tinted
from bot.strategies.registry import NAMES

STATE_STYLE = {
    TradingState.ACTIVE: "bold green",
    TradingState.REDUCING: "bold yellow",
    TradingState.HALTED: "bold white on red",
}


def progress(at: datetime | None) -> float:
    """How much of the session is over, 0 to 1."""
    session = None if at is None else session_on(new_york_day(at))
    if session is None or at is None:
        return 0.0
    return min(1.0, max(0.0, (at - session.open) / (session.close - session.open)))


def panel(status: Status) -> RenderableType:
    """The whole live picture: is the money safe, what is held, what was the last word."""
    return Panel(
        Group(
            _headline(status),
            _passed(status),
            _figures(status),
            _held(status),
            _last(status),
        ),
        title=f"ibkr-options-bot {status.build}",
        subtitle="Ctrl-C stops; protection stays at the broker",
    )


def _headline(status: Status) -> Table:
    grid = Table.grid(expand=True, padding=(0, 2))
    for _ in range(3):
        grid.add_column()
    day = "" if status.at is None else f"{new_york_day(status.at):%a %d %b %Y} "
    causes = f" ({', '.join(status.causes)})" if status.causes else ""
    link = "connected" if status.is_connected else "NOT CONNECTED"
    grid.add_row(
        Text(f"{day}{new_york(status.at)} New York", style="bold"),
        Text(f"{status.trading_state}{causes}", style=STATE_STYLE[status.trading_state]),
        Text(f"{link} {status.account}{' DRY RUN' if status.dry_run else ''}"),
    )
    return grid


def _passed(status: Status) -> Table:
    """How much of the session is over; a bar alone in a group would not end its line."""
    grid = Table.grid(expand=True)
    grid.add_row(ProgressBar(total=1.0, completed=progress(status.at)))
    return grid


def _figures(status: Status) -> FittedTable:
    columns = (
        FittedColumn("symbol"),
        *(FittedColumn(name) for name in ("price", "bars")),
        *(FittedColumn(name, is_text=True) for name in (*NAMES, "last signal")),
    )
    return FittedTable("", columns, [_symbol_row(view) for view in status.symbols])


def _symbol_row(view: SymbolView) -> tuple[str, ...]:
    price = "—" if view.price is None else f"{view.price:.2f}"
    verdicts = (view.verdicts.get(name, "—") for name in NAMES)
    return (view.symbol, price, str(view.bars), *verdicts, view.last_signal or "—")


def _held(status: Status) -> FittedTable:
    columns = (
        FittedColumn("position", is_text=True),
        *(FittedColumn(name) for name in ("qty", "entry", "bid", "stop", "target")),
        FittedColumn("protected", is_text=True),
        FittedColumn("unrealised"),
    )
    rows = [_bracket_row(x) for x in status.open_brackets] or [("none", *[""] * 7)]
    return FittedTable("", columns, rows)


def _bracket_row(x: BracketView) -> tuple[str | Text, ...]:
    if not x.quantity:
        return (
            x.label,
            f"0/{x.planned}",
            f"≤ {x.entry_limit}",
            str(x.bid),
            str(x.stop),
            str(x.target),
            "entering",
            "",
        )
    proved = Text("yes", style="green") if x.is_proved else Text("NO", style="bold red")
    if x.overdue_why:
        proved.append(f" HELD PAST ITS TIME: {x.overdue_why}", style="bold red")
    entry = "" if x.entry_price is None else average_text(x.entry_price, x.quantity)
    return (
        x.label,
        str(x.quantity),
        entry,
        str(x.bid),
        str(x.stop),
        str(x.target),
        proved,
        tinted(x.unrealized),
    )


def _last(status: Status) -> Group:
    pnl = status.pnl
    result = Text.assemble(
        f"{counted(len(status.trades_today), 'trade')}: realised ",
        tinted(pnl.realized),
        " + open ",
        tinted(pnl.unrealized),
        f" − fees {pnl.fees:.2f} = day ",
        tinted(pnl.net),
    )
    event = Text(f"{new_york(status.last_event_at)}  {status.last_event}", overflow="ellipsis", no_wrap=True)
    return Group(result, event)
