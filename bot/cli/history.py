"""The commands that only look into the journal: what was traded, and why."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from bot.cli.options import ConfigOption, JsonOption, StateOption, journal_path
from bot.domain.errors import FixTheCommand, FixTheMachine
from bot.domain.messages import BarJudged
from bot.domain.session import NEW_YORK, midnight, new_york_day
from bot.journal.export import TRADE_KINDS, Trade, as_csv, trades
from bot.journal.store import Row, connect_read_only, last_row, last_seq_before, read_rows
from bot.journal.why import WHY_KINDS, Decision, explain

_Check = Annotated[
    str, typer.Option("--check", metavar="FILE", help="What another release printed; - reads standard input.")
]


def journal(
    config: ConfigOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
    csv: Annotated[bool, typer.Option("--csv", help="A header and one line a trade.")] = False,
) -> None:
    """The trades in the journal, open and closed.

    Example: ibkr-bot journal --json | jq .pnl
    """
    if csv and as_json:
        raise FixTheCommand("--csv and --json: choose one")
    with closing(connect_read_only(journal_path(config, state))) as db:
        found = trades(read_rows(db, TRADE_KINDS))
    if csv:
        typer.echo(as_csv(found), nl=False)
    elif as_json:
        for trade in found:
            typer.echo(trade.as_json())
    else:
        Console().print(_trades_table(found) if found else "no trades in the journal yet")


def why(
    symbol: Annotated[str, typer.Argument(help="The underlying, as in SPY.")],
    at: Annotated[str, typer.Argument(metavar="HH:MM", help="New York time at which the bar closed.")],
    day: Annotated[
        str | None, typer.Option("--date", help="YYYY-MM-DD; default the journal's last day.")
    ] = None,
    config: ConfigOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Why a bar became a trade, or did not.

    Example: ibkr-bot why SPY 10:31
    """
    clock, path = _clock(at), journal_path(config, state)
    with closing(connect_read_only(path)) as db:
        bar_end = datetime.combine(_day(day, db), clock, NEW_YORK)
        steps = explain(_of_the_day(db, bar_end), symbol.upper(), bar_end)
    if not steps:
        typer.echo(
            f"no bar of {symbol.upper()} closed at {bar_end:%Y-%m-%d %H:%M} New York in {path}", err=True
        )
        raise typer.Exit(1)
    if as_json:
        for step in steps:
            typer.echo(json.dumps({**asdict(step), "at": step.at.isoformat()}))
    else:
        Console().print(
            _steps_table(steps, f"{symbol.upper()}, bar closed {bar_end:%Y-%m-%d %H:%M} New York")
        )


def version() -> None:
    """The build that is running this command.

    Example: ibkr-bot version
    """
    from bot.build import build_id

    typer.echo(build_id())


def _of_the_day(db: sqlite3.Connection, bar_end: datetime) -> Iterator[Row]:
    """What was written from that day's first minute until its bar's ideas must have ended: a week later."""
    until = bar_end + timedelta(days=7)
    for row in read_rows(db, WHY_KINDS, last_seq_before(db, midnight(bar_end))):
        if row.at > until:
            return
        yield row


def _clock(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise FixTheCommand(f"{text!r} is not a time of day; write it as in 10:31") from None


def _day(text: str | None, db: sqlite3.Connection) -> date:
    if text is None:
        judged = last_row(db, BarJudged)
        if judged is None:
            raise FixTheMachine("no bar is in the journal yet; name a day with --date")
        return new_york_day(cast("BarJudged", judged.message).bar_end - timedelta(minutes=1))
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise FixTheCommand(f"--date {text!r} is not a date; write it as in 2011-01-05") from None


def _trades_table(found: list[Trade]) -> Table:
    table = Table(title="Trades", box=box.SIMPLE_HEAD, show_edge=False, padding=0)
    for name in ("opened", "who", "contract"):
        table.add_column(name, no_wrap=True)
    for name in ("qty", "price", "exit"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("by", no_wrap=True)
    for name in ("fees", "P&L"):
        table.add_column(name, justify="right", no_wrap=True)
    for x in found:
        opened = datetime.fromisoformat(x.timestamp).astimezone(NEW_YORK)
        prices = (str(x.quantity), _cents(x.price), _cents(x.exit_price))
        ended = (x.exit_reason or x.state, _cents(x.commission), _cents(x.pnl))
        table.add_row(f"{opened:%m-%d %H:%M}", x.strategy, x.contract, *prices, *ended)
    return table


def _cents(amount: object) -> str:
    return "" if amount is None else f"{amount:.2f}"


def _steps_table(steps: list[Decision], title: str) -> Table:
    table = Table(title=title)
    for name in ("time", "who", "verdict", "figures"):
        table.add_column(name)
    for step in steps:
        figures = ", ".join(f"{key}={value}" for key, value in step.numbers.items())
        table.add_row(f"{step.at.astimezone(NEW_YORK):%H:%M:%S}", step.who, step.verdict, figures)
    return table


def formats_command(check: _Check = "") -> None:
    """The journal's row formats of this build as one JSON object; with --check, whether this build can read another's.

    Exit code 1 names each row this build could not read. Example: new/ibkr-bot formats | old/ibkr-bot formats --check -
    """
    from bot.journal.formats import formats, unreadable

    if not check:
        typer.echo(json.dumps(formats()))
        return
    try:
        reasons = unreadable(_document(check))
    except (KeyError, TypeError, AttributeError):
        raise FixTheCommand(f"--check {check}: no document of ibkr-bot formats") from None
    for reason in reasons:
        typer.echo(reason)
    if reasons:
        raise typer.Exit(1)
    typer.echo("this build can read all of it")


def _document(name: str) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        found: dict[str, Any] = json.loads(text)
    except OSError as error:
        raise FixTheCommand(f"--check {name}: cannot be read ({error.strerror})") from None
    except ValueError:
        raise FixTheCommand(f"--check {name}: not JSON; write ibkr-bot formats > {name}") from None
    return found
