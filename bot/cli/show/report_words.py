"""A report on the terminal, and as JSON."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rich.console import Console

from bot.cli.show.grid import grid_of
from bot.domain import messages as m
from bot.domain.session import NEW_YORK
from bot.ops.report.results import grouped, performance
from bot.ops.status.amounts import money
from bot.ops.status.ledger import day_pnl
from bot.ops.status.trade_table import rows_of_ledger, trade_table

if TYPE_CHECKING:
    from datetime import date

    from bot.cli.show.reading import Period
    from bot.domain.day_report import DayReport
    from bot.ops.page.day_record import DayRecord


def plain_words(x: Period) -> dict[str, Any]:
    """The report as JSON has it: money as text, times as ISO-8601 UTC. One day's keys are those of ``plain_day``."""
    from bot.ops.report import periods

    if x.record is not None:
        pnl = day_pnl(x.record.trades, x.record.bids.get)
        parts = {"realized": pnl.realized, "unrealized": pnl.unrealized, "fees": pnl.fees, "day_pnl": pnl.net}
        told = {name: None if amount is None else str(amount) for name, amount in parts.items()}
        return plain_day(x.book.days.report(x.first)) | told | {"recorded": x.first in x.recorded}
    results = x.book.results(x.first, x.last)
    groups = {
        name: {group: _figures(told) for group, told in grouped(results, key).items()}
        for name, key in periods.GROUPS.items()
    }
    return {
        "from": x.first.isoformat(),
        "to": x.last.isoformat(),
        "not_recorded": [day.isoformat() for day in x.unrecorded],
        "all": _figures(performance(results)),
        "by": groups,
    }


def _figures(x: Any) -> dict[str, Any]:
    names = ("trades", "won", "lost", "net", "fees", "expectancy", "profit_factor", "best", "worst", "max_drawdown",
             "entry_slip", "exit_slip")  # fmt: skip
    return {name: _written(getattr(x, name)) for name in names}


def _written(value: Any) -> Any:
    return str(value.quantize(Decimal("0.0001")).normalize()) if isinstance(value, Decimal) else value


def plain_day(x: DayReport) -> dict[str, Any]:
    """One day's report: money as text, times as ISO-8601 UTC."""
    return {
        "day": x.day.isoformat(),
        "pnl": str(x.pnl),
        "commission": str(x.commission),
        "start_equity": None if x.start_equity is None else str(x.start_equity),
        "equity": None if x.equity is None else str(x.equity),
        "trades": [_trade(one) for one in x.trades],
        "not_traded": dict(x.not_traded),
        "unprotected_s": round(x.unprotected_s, 3),
        "held_past_its_time": {one.idea_id: one.why for one in x.overdue},
        "worst_unprotected_s": round(x.worst_unprotected_s, 3),
        "halts": [_halt(one) for one in x.halts],
        "refused_orders": x.refused_orders,
        "disconnects": x.disconnects,
    }


def _trade(x: m.BracketClosed) -> dict[str, Any]:
    return {
        "idea_id": x.idea_id,
        "strategy": x.strategy,
        "contract": x.contract.label,
        "quantity": x.quantity,
        "entry_price": str(x.entry_price),
        "exit_price": str(x.exit_price),
        "opened_at": x.opened_at.isoformat(),
        "closed_at": x.closed_at.isoformat(),
        "exit_reason": x.exit_reason,
        "commission": str(x.commission),
        "pnl": str(x.pnl),
    }


def _halt(x: m.Halted | m.Resumed) -> dict[str, Any]:
    what, why = ("halted", x.detail) if isinstance(x, m.Halted) else ("resumed", x.reason)
    return {"at": x.at.isoformat(), "what": what, "cause": str(x.cause), "by": x.by, "why": why}


# ── on the terminal ──


def print_day(x: Period) -> None:
    """The day's trades as everywhere, what the day came to, and what went wrong."""
    from bot.ops.alerts.wording import day_report_text

    assert x.record is not None  # noqa: S101  one day has its record
    told, console = x.book.days.report(x.first), Console()
    if x.first not in x.recorded:
        console.print(f"{x.first:%a %d %b %Y}: not recorded; the journal {x.path} holds nothing of it")
        return
    if x.record.trades:
        console.print(trade_table(rows_of_ledger(x.record.trades, x.record.bids.get)))
    _, body = day_report_text(told)
    lines = body.splitlines()[
        len(told.trades) + bool(told.trades) :
    ]  # the trades and their fees are in the table
    console.print(
        "\n".join([_result(x.record, x.first), *lines, *_halts(told), *_held(x.record)]),
        highlight=False,
        markup=False,
    )


def _result(record: DayRecord, day: date) -> str:
    pnl = day_pnl(record.trades, record.bids.get)
    parts = f"realised {money(pnl.realized)} + open {money(pnl.unrealized)} − fees {pnl.fees:.2f}"
    count = len(record.trades)
    trades = f"{count} trade{'' if count == 1 else 's'}" if count else "no trades"
    return f"{day:%a %d %b}: {trades}, day {money(pnl.net)} = {parts}"


def _held(record: DayRecord) -> list[str]:
    held = [
        f"{trade.held} {trade.contract.label}, last bid {record.bids.get(trade.contract.con_id) or 'unknown'}"
        for trade in record.trades
        if trade.held
    ]
    return [f"still held: {', '.join(held)}"] if held else []


def _halts(x: DayReport) -> list[str]:
    told = (_halt(one) | {"at": f"{one.at.astimezone(NEW_YORK):%H:%M:%S}"} for one in x.halts)
    return [f"{one['at']} {one['what']} by {one['by']}: {one['cause']} {one['why']}" for one in told]


def print_period(x: Period) -> None:
    """One table for each way to group, then the whole."""
    from bot.ops.report.documents import period_document

    document, console = period_document(x.book, x.first, x.last, x.unrecorded, x.source), Console()
    for told in document.tables:
        console.print(grid_of(told))
    console.print(
        f"{x.first} to {x.last}: {document.verdict.word}. {document.verdict.reason}", highlight=False
    )
    for tile in document.tiles:
        console.print(f"  {tile.name:<22} {tile.text}", highlight=False)
