"""``ibkr-bot report``: one day in figures, from the journal."""

from __future__ import annotations

import contextlib
import json
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from bot.cli.options import ConfigOption, JsonOption, StateOption, journal_path
from bot.domain import messages as m
from bot.domain.day_report import REPORT_KINDS, DayFold, DayReport
from bot.domain.errors import FixTheCommand
from bot.domain.session import NEW_YORK
from bot.journal.store import connect_read_only, read_rows


def report(
    day: Annotated[
        str | None, typer.Option("--day", help="New York day, YYYY-MM-DD; default the journal's last.")
    ] = None,
    config: ConfigOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """A day's trades and P&L, what was not traded and why, unprotected seconds, halts.

    Example: ibkr-bot report --day 2026-11-20
    """
    wanted = _day(day)
    path = journal_path(config, state)
    fold = _fold(path)
    if not fold.days:
        typer.echo(f"nothing has happened yet in {path}")
        return
    alerted = fold.report(wanted or fold.days[-1])
    if as_json:
        typer.echo(json.dumps(report_as_json(alerted)))
    else:
        _print(alerted)


def _fold(path: Path) -> DayFold:
    with contextlib.closing(connect_read_only(path)) as db:
        return DayFold(row.message for row in read_rows(db, REPORT_KINDS))


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise FixTheCommand(f"--day {text!r} is not a date; write it as in 2011-01-05") from None


def report_as_json(x: DayReport) -> dict[str, Any]:
    """The report as JSON has it: money as text, times as ISO-8601 UTC."""
    return {
        "day": x.day.isoformat(),
        "pnl": str(x.pnl),
        "commission": str(x.commission),
        "start_equity": None if x.start_equity is None else str(x.start_equity),
        "equity": None if x.equity is None else str(x.equity),
        "trades": [_trade(one) for one in x.trades],
        "not_traded": dict(x.not_traded),
        "unprotected_s": round(x.unprotected_s, 3),
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


def _print(x: DayReport) -> None:
    from bot.ops.alerts.wording import day_report_text
    from bot.ops.status.amounts import money

    title, body = day_report_text(x)
    console = Console()
    if x.trades:
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=0)
        for name in ("from–to", "who", "contract"):
            table.add_column(name, no_wrap=True)
        for name in ("qty", "entry", "exit", "by", "P&L"):
            table.add_column(name, justify="right", no_wrap=True)
        for one in x.trades:
            opened, closed = (f"{at.astimezone(NEW_YORK):%H:%M}" for at in (one.opened_at, one.closed_at))
            figures = (str(one.quantity), f"{one.entry_price:.2f}", f"{one.exit_price:.2f}", one.exit_reason)
            table.add_row(f"{opened}–{closed}", one.strategy, one.contract.label, *figures, money(one.pnl))
        console.print(table)
    lines = body.splitlines()[len(x.trades) :]  # the trades are in the table
    console.print("\n".join([title, *lines, *_halts(x)]), highlight=False, markup=False)


def _halts(x: DayReport) -> list[str]:
    alerted = (_halt(one) | {"at": f"{one.at.astimezone(NEW_YORK):%H:%M:%S}"} for one in x.halts)
    return [f"{one['at']} {one['what']} by {one['by']}: {one['cause']} {one['why']}" for one in alerted]
