"""The one table of trades, wherever trades are shown: open and closed, with fees and a total.

Rule: an open trade counts at its bid, less its fees, so that the total of a day is the day's result by the one model.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from rich.text import Text

from bot.domain.session import NEW_YORK, new_york_day
from bot.ops.status.amounts import average_text, money
from bot.ops.status.fitted import FittedColumn, FittedTable
from bot.ops.status.ledger import Bids, BookedTrade
from bot.ops.status.status import BracketView, ClosedTrade, Status

OPEN = "open"


@dataclass(frozen=True, slots=True)
class TradeRow:
    """Prices per unit; ``fees`` and ``pnl`` in the account's currency, ``pnl`` after fees and None where nobody bids."""

    opened_at: datetime
    closed_at: datetime | None
    strategy: str
    label: str
    quantity: int
    entry: Decimal | None
    exit: Decimal | None
    ended: str
    fees: Decimal
    pnl: Decimal | None


def rows_of_ledger(trades: Iterable[BookedTrade], bid: Bids) -> tuple[TradeRow, ...]:
    """Of trades from a journal."""
    return tuple(_booked(trade, bid) for trade in trades)


def _booked(x: BookedTrade, bid: Bids) -> TradeRow:
    end, opened = x.closed, x.opened_at or x.plan.at
    if end is not None:
        ended = (end.exit_price, end.exit_reason, x.fees, end.pnl)
        return TradeRow(
            opened, end.closed_at, x.plan.strategy, x.contract.label, x.bought, x.entry_price, *ended
        )
    unrealized = x.unrealized(bid(x.contract.con_id))
    pnl = None if unrealized is None else x.realized + unrealized - x.fees
    return TradeRow(
        opened, None, x.plan.strategy, x.contract.label, x.bought, x.entry_price, None, OPEN, x.fees, pnl
    )


def rows_of_status(status: Status) -> tuple[TradeRow, ...]:
    """Of the running bot's picture: what closed today, and what is held."""
    held = [x for x in status.open_brackets if x.quantity]
    return (*(_ended(x) for x in status.trades_today), *(_held(x, status.at) for x in held))


def _ended(x: ClosedTrade) -> TradeRow:
    ended = (x.exit_price, x.exit_reason, x.commission, x.pnl)
    return TradeRow(x.opened_at, x.closed_at, x.strategy, x.label, x.quantity, x.entry_price, *ended)


def _held(x: BracketView, now: datetime | None) -> TradeRow:
    opened = x.opened_at or now or x.close_by
    pnl = None if x.unrealized is None else x.realized + x.unrealized - x.fees
    return TradeRow(opened, None, x.strategy, x.label, x.quantity, x.entry_price, None, OPEN, x.fees, pnl)


# ── how it looks ──


def tinted(amount: Decimal | None) -> Text:
    """Money, green above nothing and red below it."""
    style = "dim" if amount is None else "green" if amount > 0 else "red" if amount < 0 else ""
    return Text(money(amount), style=style)


def trade_table(rows: Iterable[TradeRow]) -> FittedTable:
    """One row a trade, oldest first, New York's time; the total after fees."""
    found = sorted(rows, key=lambda one: one.opened_at)
    days = {new_york_day(one.opened_at) for one in found}
    only_day = next(iter(days)) if len(days) == 1 else None
    known = [one.pnl for one in found if one.pnl is not None]
    total = sum(known, Decimal(0)) if len(known) == len(found) else None
    fees = sum((one.fees for one in found), Decimal(0))
    columns, cells = _columns(fees, total), tuple(_cells(one, only_day) for one in found)
    return FittedTable("Trades, New York time", columns, cells, gap=1, title_justify="center")


def _columns(fees: Decimal, total: Decimal | None) -> tuple[FittedColumn, ...]:
    return (
        FittedColumn("from–to", footer="total"),
        FittedColumn("who"),
        FittedColumn("contract", is_text=True),
        *(FittedColumn(name, right=True) for name in ("qty", "entry", "exit")),
        FittedColumn("by", is_text=True),
        FittedColumn("fees", right=True, footer=f"{fees:.2f}"),
        FittedColumn("P&L", right=True, footer=tinted(total)),
    )


def _cells(x: TradeRow, only_day: date | None) -> tuple[str | Text, ...]:
    day = "" if only_day else f"{x.opened_at.astimezone(NEW_YORK):%m-%d} "
    span = f"{day}{_clock(x.opened_at)}–{_clock(x.closed_at) if x.closed_at else ''}"
    prices = (_price(x.entry, x.quantity), _price(x.exit, x.quantity))
    return (
        span, x.strategy, x.label, str(x.quantity), *prices, x.ended, f"{x.fees:.2f}", tinted(x.pnl),
    )  # fmt: skip


def _price(price: Decimal | None, quantity: int) -> str:
    return "" if price is None else average_text(price, quantity)


def _clock(at: datetime) -> str:
    return f"{at.astimezone(NEW_YORK):%H:%M}"
