"""``ibkr-bot data``: market data of one's own, for backtests and simulated days.

Heavy imports stay inside: the store needs the extra ``research``, which a trading machine does not carry.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.options import ConfigOption, DataOption, JsonOption, settings_of
from bot.cli.show.printer import printer
from bot.domain.errors import FixTheCommand, FixTheMachine

if TYPE_CHECKING:
    from bot.backtest.store.check.findings import DataFinding
    from bot.backtest.store.intake.options import Told
    from bot.backtest.store.store import Holding, Store
    from bot.ops.status.fitted import FittedTable
    from bot.sim.market.recorded.library import Library

_Files = Annotated[list[Path], typer.Argument(help="CSV (also packed) or Parquet files.", show_default=False)]
_Symbols = Annotated[
    list[str] | None, typer.Argument(help="Default: every symbol there is.", show_default=False)
]
_Symbol = Annotated[str, typer.Option(help="Default: a column of the file, else the beginning of its name.")]
_Zone = Annotated[
    str,
    typer.Option(metavar="ZONE", help="Of times without one, as America/New_York or America/New_York+7h."),
]
_Label = Annotated[str, typer.Option(metavar="start|end", help="Which end of its bar a time is.")]
_Dates = Annotated[str, typer.Option(metavar="mdy|dmy", help="The order in dates like 03/04/2024.")]
_Columns = Annotated[
    str,
    typer.Option(
        help="Names in order, in place of the header line or where there is none; skip leaves one out."
    ),
]
_Replace = Annotated[
    bool, typer.Option("--replace", help="Where old and new rows differ, the new ones are right.")
]
_SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="Leave out rows that cannot be true, and say how many.")
]
_AsTold = Annotated[bool, typer.Option("--as-told", help="Believe --zone and --label against the evidence.")]


def import_(
    files: _Files,
    symbol: _Symbol = "",
    zone: _Zone = "",
    label: _Label = "",
    dates: _Dates = "",
    columns: _Columns = "",
    replace: _Replace = False,
    skip_bad: _SkipBad = False,
    as_told: _AsTold = False,
    data: DataOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take files of bars or quotes into the store; a file that contradicts itself is refused with the reason.

    Example: ibkr-bot data import SPY_1min.csv --zone America/New_York
    """
    store = open_store(data, config)
    told = _told(symbol, zone, label, dates, columns, skip_bad=skip_bad, as_told=as_told)
    rows: list[dict[str, Any]] = []
    try:
        with printer(to_stderr=True).status("reading") as status:
            for path in files:
                status.update(f"reading {path.name}")
                rows += _imported(path, told, store, replace=replace)
    finally:
        # Where one file is refused, those before it are in the store.
        if rows:
            _show_imported(rows, as_json=as_json)


def _imported(path: Path, told: Told, store: Store, *, replace: bool) -> list[dict[str, Any]]:
    """Take one file in, whole or not at all, and tell of each symbol in it."""
    import pyarrow.compute as pc

    from bot.backtest.store.intake.intake import take_in

    found = list(take_in(path, told))
    try:
        added = store.add_all([(x.kind, x.symbol, x.table) for x in found], replace=replace)
    except FixTheCommand as error:
        raise FixTheCommand(f"{path}: {error}") from None
    return [
        {
            "file": f"{path}",
            "symbol": taken.symbol,
            "kind": taken.kind.value,
            "rows": len(taken.table),
            "first": pc.min(taken.table["ts"]).as_py().isoformat(),
            "last": pc.max(taken.table["ts"]).as_py().isoformat(),
            **asdict(became),
            "notes": list(taken.notes),
        }
        for taken, became in zip(found, added, strict=True)
    ]


def _show_imported(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row))
        return
    from bot.ops.status.fitted import FittedColumn, FittedTable

    columns = [
        *(FittedColumn(name) for name in ("symbol", "kind", "from", "to")),
        *(FittedColumn(name, right=True) for name in ("rows", "new", "same", "replaced")),
    ]
    console = printer()
    console.print(FittedTable("", columns, [_taken(row) for row in rows]))
    for row in rows:
        for note in row["notes"]:
            console.print(f"{Path(row['file']).name}: {note}", highlight=False, markup=False, soft_wrap=True)
    console.print("next: ibkr-bot data check", highlight=False)


def _taken(row: dict[str, Any]) -> tuple[str, ...]:
    counts = (f"{row[name]:,}" for name in ("rows", "new", "same", "changed"))
    return (row["symbol"], row["kind"], row["first"][:10], row["last"][:10], *counts)


def list_(data: DataOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """What the store holds.

    Example: ibkr-bot data list --json
    """
    store = open_store(data, config)
    holdings = list(store.holdings())
    if as_json:
        for x in holdings:
            typer.echo(json.dumps(asdict(x), default=str))
    elif not holdings:
        typer.echo(f"nothing in {store.root} yet; see: ibkr-bot data import --help")
    else:
        printer().print(_holdings_table(holdings, store))


def _holdings_table(holdings: list[Holding], store: Store) -> FittedTable:
    from bot.ops.status.fitted import FittedColumn, FittedTable

    columns = [
        *(FittedColumn(name) for name in ("symbol", "kind", "from", "to")),
        *(FittedColumn(name, right=True) for name in ("days", "rows", "MB")),
        FittedColumn("source", is_text=True),
    ]
    return FittedTable(f"{store.root}", columns, [_holding(x) for x in holdings])


def _holding(x: Holding) -> tuple[str, ...]:
    counts = (f"{x.days:,}", f"{x.rows:,}", f"{x.size_bytes / 1e6:.1f}")
    return (x.symbol, x.kind.words, f"{x.first}", f"{x.last}", *counts, ", ".join(x.sources))


def check_data(
    symbols: _Symbols = None,
    data: DataOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Gaps, half-days, splits, bad prices, duplicates, shifted times: each with its remedy. Exit code 1 if anything is wrong.

    Example: ibkr-bot data check SPY
    """
    store = open_store(data, config)
    from bot.backtest.store.check.check import check as check_symbol
    from bot.backtest.store.check.findings import DataSeverity

    found = [x for symbol in _known(store, symbols) for x in check_symbol(store, symbol)]
    if as_json:
        for x in found:
            typer.echo(json.dumps(asdict(x), default=str))
    else:
        _show_findings(found)
    if any(x.severity is DataSeverity.WRONG for x in found):
        raise typer.Exit(1)


def _show_findings(found: list[DataFinding]) -> None:
    console = printer()
    for x in found:
        console.print(f"{x.severity.value}: {x.symbol} {x.kind.words}, {x.when}: {x.what}", soft_wrap=True)
        console.print(f"       {x.remedy}", highlight=False, soft_wrap=True)
    if not found:
        console.print("nothing wrong")


def _known(store: Store, symbols: list[str] | None) -> list[str]:
    known = sorted({x.symbol for x in store.holdings()})
    wanted = [name.upper() for entry in symbols or [] for name in entry.split(",") if name]
    missing = [name for name in wanted if name not in known]
    if missing:
        raise FixTheCommand(
            f"no data of {missing[0]} in {store.root}; there is: {', '.join(known) or 'nothing'}"
        )
    return wanted or known


def open_store(data: Path | None, config: Path | None) -> Store:
    """The store that a command means; FixTheMachine when the extra is not installed."""
    folder = data or settings_of(config).data.directory
    try:
        from bot.backtest.store.store import Store
    except ModuleNotFoundError as error:
        raise FixTheMachine(
            f"{error.name} is not installed: pip install 'ibkr-options-bot[research]' (make venv does it)"
        ) from None
    return Store(folder)


def stored_days(folder: Path) -> Library:
    """The days of a store, with the package's behind them; the package's alone where there is no store."""
    from bot.sim.market.recorded.library import BUNDLE

    if not (folder / "bars_1m").is_dir():
        return BUNDLE
    store = open_store(folder, None)
    from bot.backtest.feed.library import StoreLibrary

    return StoreLibrary(store)


def _told(
    symbol: str, zone: str, label: str, dates: str, columns: str, *, skip_bad: bool, as_told: bool
) -> Told:
    from bot.backtest.store.intake.options import Told

    if label not in ("", "start", "end"):
        raise FixTheCommand(f"--label {label!r}: start or end is wanted")
    if dates not in ("", "mdy", "dmy"):
        raise FixTheCommand(f"--dates {dates!r}: mdy or dmy is wanted")
    names = tuple(name.strip() for name in columns.split(",") if name.strip())
    return Told(symbol or None, zone or None, label or None, dates or None, names, skip_bad, as_told)  # type: ignore[arg-type]
