"""The commands that only look into the journal: what was traded, and why."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.options import ConfigOption, JsonOption, StateOption
from bot.cli.show.standing import head, recorded
from bot.cli.show.typed import next_lines
from bot.domain.errors import FixTheCommand
from bot.domain.session import NEW_YORK

if TYPE_CHECKING:
    from bot.cli.show.standing import Standing
    from bot.journal.store import Row
    from bot.journal.why import Decision

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
    from bot.journal.export import TRADE_KINDS, as_csv, trades

    if csv and as_json:
        raise FixTheCommand("--csv and --json: choose one")
    x = recorded(config, state)
    rows = _rows(x.journal, TRADE_KINDS)
    if csv:
        typer.echo(as_csv(trades(rows)), nl=False)
    elif as_json:
        for trade in trades(rows):
            typer.echo(trade.as_json())
    else:
        _print_trades(rows, x)


def why(
    symbol: Annotated[str, typer.Argument(help="The underlying, as in SPY; or the id of an idea.")],
    at: Annotated[
        list[str] | None,
        typer.Argument(metavar="TIME", help="New York time of the bar: 9:54, or one copied from anywhere."),
    ] = None,
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
    from bot.cli.show.moment import moment_of
    from bot.cli.show.reasons import reasons

    name, bar_end = moment_of(lambda: recorded(config, state).journal, symbol, " ".join(at or ()), day)
    x = recorded(config, state)
    steps = reasons(x.journal, name, bar_end)
    if as_json:
        for step in steps:
            typer.echo(json.dumps({**asdict(step), "at": step.at.isoformat()}))
    else:
        typer.echo(head(x))
        _print_reasons(steps, f"{name}, bar closed {bar_end.astimezone(NEW_YORK):%Y-%m-%d %H:%M} New York")


def version() -> None:
    """The build that is running this command.

    Example: ibkr-bot version
    """
    from bot.build import build_id

    typer.echo(build_id())


def _rows(path: Path, kinds: tuple[type, ...]) -> list[Row]:
    from bot.journal.readers import connect_read_only
    from bot.journal.store import read_rows

    db = connect_read_only(path)
    try:
        return list(read_rows(db, kinds))
    finally:
        db.close()


def _print_trades(rows: list[Row], x: Standing) -> None:
    from rich.console import Console

    from bot.cli.show.reading import last_bids
    from bot.ops.status.ledger import DayLedger
    from bot.ops.status.trade_table import rows_of_ledger, trade_table

    ledger = DayLedger()
    for row in rows:
        ledger.handle(row.message)
    typer.echo(head(x))
    found = rows_of_ledger(ledger.trades, last_bids(x.directory, ledger.trades).get)
    Console().print(trade_table(found) if found else "no trades in the journal yet")
    for line in next_lines([(f"report{x.options}", "the last day's result, costs and refusals")]):
        typer.echo(line)


def _print_reasons(steps: list[Decision], title: str) -> None:
    from rich.console import Console

    from bot.cli.show.reasons import codes_in_words
    from bot.ops.status.fitted import FittedColumn, FittedTable
    from bot.ops.status.spoken import spoken_figures

    columns = [FittedColumn(name, is_text=name != "time") for name in ("time", "who", "verdict", "figures")]
    rows = [
        (f"{x.at.astimezone(NEW_YORK):%H:%M:%S}", x.who, x.verdict, spoken_figures(x.numbers)) for x in steps
    ]
    console = Console()
    console.print(FittedTable(title, columns, rows))
    for line in codes_in_words(steps):
        console.print(line, highlight=False, markup=False)


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
