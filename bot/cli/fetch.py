"""``ibkr-bot data fetch``: history from the gateway into the store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.data import open_store
from bot.cli.options import ConfigOption, DataOption, JsonOption, settings_of
from bot.cli.show.paced import paced_bar
from bot.domain.errors import FixTheCommand
from bot.domain.market import BarSize
from bot.domain.text import counted

if TYPE_CHECKING:
    from bot.backtest.store.store import Added, Store
    from bot.broker.history import HistorySession
    from bot.config import Settings

_SIZES = {"1m": BarSize.M1, "60m": BarSize.M60}
_Symbols = Annotated[list[str], typer.Argument(help="Stocks, as SPY.", show_default=False)]
_From = Annotated[str, typer.Option("--from", metavar="DATE", help="First day.")]
_To = Annotated[str, typer.Option("--to", metavar="DATE", help="Last day; default yesterday.")]
_Size = Annotated[str, typer.Option("--size", metavar="1m|60m", help="Length of the bars.")]
_Options = Annotated[
    bool,
    typer.Option(
        "--options", help="Also minute quotes and volumes of the options that the strategies could watch."
    ),
]
_Replace = Annotated[
    bool, typer.Option("--replace", help="Ask again for what is stored; the new rows are right.")
]
_Client = Annotated[int, typer.Option("--client-id", min=1, max=999, help="Not the trading bot's.")]


def fetch(
    symbols: _Symbols,
    first: _From,
    last: _To = "",
    size: _Size = "1m",
    options: _Options = False,
    replace_stored: _Replace = False,
    client_id: _Client = 98,
    host: Annotated[str, typer.Option(help="Default broker.host.")] = "",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Default broker.port.")] = 0,
    data: DataOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bars from IB's history, within IB's limits. Ctrl-C is safe at any moment; the same command goes on where it was.

    Example: ibkr-bot data fetch SPY --from 2024-01-02 --to 2024-12-31
    """
    try:
        settings, store = settings_of(config), open_store(data, config)
        names = [name.strip().upper() for entry in symbols for name in entry.split(",") if name.strip()]
        days = _days(first, last)
        with _gateway(settings, host, port, client_id) as session:
            for name in names:
                added = _bars(session, store, name, _size(size), days, again=replace_stored)
                if options:
                    added += _quotes(session, store, name, days, settings, again=replace_stored)
                _tell(name, added, as_json=as_json)
    except KeyboardInterrupt:
        typer.echo("stopped; what was fetched is kept, and the same command goes on from here", err=True)
        raise typer.Exit(130) from None


@contextmanager
def _gateway(settings: Settings, host: str, port: int, client_id: int) -> Iterator[HistorySession]:
    from bot.broker.history import history_session
    from bot.config import hand_down

    broker = hand_down.broker_settings(settings)
    broker = replace(broker, host=host or broker.host, port=port or broker.port)
    with history_session(broker, client_id) as session:
        yield session


def _bars(
    session: HistorySession, store: Store, name: str, size: BarSize, days: tuple[date, date], *, again: bool
) -> Added:
    from bot.backtest.fetch import fetch_bars, requests_for
    from bot.backtest.store.kinds import symbol_named

    symbol = symbol_named(name)
    wanted = requests_for(store, symbol, size, *days, again=again)
    stock = session.underlying(symbol)
    with paced_bar(session, f"{symbol} {size.value}", len(wanted)) as step:
        return fetch_bars(session, stock, store, symbol, size, wanted, lambda *_: step(), replace=again)


def _quotes(
    session: HistorySession,
    store: Store,
    name: str,
    days: tuple[date, date],
    settings: Settings,
    *,
    again: bool,
) -> Added:
    """Of the contracts that the strategies could have watched on the days whose bars are stored."""
    from bot.backtest.fetch_options import fetch_options, option_requests
    from bot.broker.history import QUOTE_REQUESTS
    from bot.config.hand_down import expiry_rules, market_data_limits

    stock, rules = session.underlying(name), expiry_rules(settings)
    each_side = market_data_limits(settings).strikes_each_side
    wanted = option_requests(session, stock, store, name, days, rules, each_side, again=again)
    with paced_bar(session, f"{name} options", len(wanted), len(QUOTE_REQUESTS)) as step:
        return fetch_options(session, store, name, wanted, lambda *_: step())


def _tell(symbol: str, added: Added, *, as_json: bool) -> None:
    facts: dict[str, Any] = {"symbol": symbol, **asdict(added)}
    if as_json:
        typer.echo(json.dumps(facts))
    else:
        typer.echo(
            f"{symbol}: {counted(added.new, 'new row')}, {added.changed:,} replaced; next: ibkr-bot data check {symbol}"
        )


def _days(first: str, last: str) -> tuple[date, date]:
    from bot.domain.session import new_york_day, previous_session, sessions_between

    end = _date("--to", last) if last else previous_session(new_york_day(datetime.now(UTC))).day
    start = _date("--from", first)
    if end < start:
        raise FixTheCommand(f"--to {end} lies before --from {start}")
    today = new_york_day(datetime.now(UTC))
    if end > today:
        raise FixTheCommand(f"--to {end} lies in the future")
    if not sessions_between(start, end):
        raise FixTheCommand(f"no trading day from {start} to {end}")
    return start, end


def _date(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise FixTheCommand(f"{option} {text!r} is not a date; write it as in 2024-05-03") from None


def _size(text: str) -> BarSize:
    if text not in _SIZES:
        raise FixTheCommand(f"--size {text!r}: 1m or 60m is wanted")
    return _SIZES[text]
