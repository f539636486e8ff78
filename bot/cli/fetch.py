"""``ibkr-bot data fetch``: history from the gateway into the store."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.data import open_store
from bot.cli.days import typed_day
from bot.cli.options import ConfigOption, DataOption, JsonOption, settings_of
from bot.cli.show.paced import paced_bar
from bot.domain.errors import FixTheCommand
from bot.domain.market import BarSize
from bot.domain.text import counted

if TYPE_CHECKING:
    from bot.backtest.fetch import Request
    from bot.backtest.store.store import Added, Store
    from bot.broker.history import HistorySession
    from bot.config import Settings
    from bot.domain.types import Symbol

_DELAY = timedelta(minutes=20)
"""Without a subscription IB's data come so late."""
_SIZES = {"1m": BarSize.M1, "60m": BarSize.M60}
_Symbols = Annotated[list[str], typer.Argument(help="Stocks, as SPY.", show_default=False)]
_From = Annotated[str, typer.Option("--from", metavar="DATE", help="First day.")]
_To = Annotated[
    str, typer.Option("--to", metavar="DATE", help="Last day; default the last whole one at the gateway.")
]
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
        names, bar_size = _names(symbols), _size(size)
        _refuse_at_any_time(first, last)
        with _gateway(settings, host, port, client_id) as session:
            days = typed_days(first, last, session.now())
            for name in names:
                added = _bars(session, store, name, bar_size, days, again=replace_stored)
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
    session: HistorySession,
    store: Store,
    symbol: Symbol,
    size: BarSize,
    days: tuple[date, date],
    *,
    again: bool,
) -> Added:
    from bot.backtest.fetch import fetch_bars, requests_for

    wanted = requests_for(store, symbol, size, *days, again=again)
    stock = session.underlying(symbol)
    unknown: list[Request] = []
    with paced_bar(session, f"{symbol} {size.value}", len(wanted)) as step:
        added = fetch_bars(
            session,
            stock,
            store,
            symbol,
            size,
            wanted,
            lambda *_: step(),
            replace=again,
            empty=unknown.append,
        )
    if unknown:
        _tell_unknown(store, symbol, size, days, unknown)
    return added


def _tell_unknown(
    store: Store, symbol: Symbol, size: BarSize, days: tuple[date, date], unknown: Sequence[Request]
) -> None:
    """Raises FixTheCommand where the store has nothing of these days either."""
    from bot.backtest.fetch import stored_kind

    have = [day for day in store.days(stored_kind(size), symbol) if days[0] <= day <= days[1]]
    if not have:
        raise FixTheCommand(
            f"IB has no bars of {symbol} from {days[0]} to {days[1]}; was it listed then? Choose a later --from"
        )
    sessions = [x.day for request in unknown for x in request.sessions]
    typer.echo(
        f"{symbol}: IB has no bars from {min(sessions)} to {max(sessions)}, and before two such weeks nothing was asked for; "
        f"the store begins on {have[0]}",
        err=True,
    )


def _names(symbols: Iterable[str]) -> list[Symbol]:
    from bot.backtest.store.kinds import symbol_named

    names = [symbol_named(name) for entry in symbols for name in entry.split(",") if name.strip()]
    if not names:
        raise FixTheCommand("of which symbol? Name it, as in: ibkr-bot data fetch SPY --from 2024-01-02")
    return names


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


def _refuse_at_any_time(first: str, last: str) -> None:
    """What is wrong whatever time it is at the gateway is said before anybody is asked."""
    start = typed_day("--from", first)
    if last:
        _refuse_empty(start, typed_day("--to", last))


def _refuse_empty(start: date, end: date) -> None:
    from bot.domain.session import sessions_between

    if end < start:
        raise FixTheCommand(f"--to {end} lies before --from {start}")
    if not sessions_between(start, end):
        raise FixTheCommand(f"no trading day from {start} to {end}")


def typed_days(first: str, last: str, now: datetime) -> tuple[date, date]:
    """From the first to the last day that is meant; ``now`` is the gateway's time, since what it has depends on that.

    FixTheCommand names the option and what is wrong with it.
    """
    from bot.domain.session import (
        NEW_YORK,
        new_york_day,
        previous_session,
        session_on,
    )

    end = _past_day("--to", last, now) if last else previous_session(new_york_day(now)).day
    start = _past_day("--from", first, now)
    _refuse_empty(start, end)
    session = session_on(end)
    if session is not None and now < (whole := session.close + _DELAY):
        # A day that is stored is not asked for again, so a half one would stay one.
        raise FixTheCommand(
            f"--to {end}: that day is whole at {whole.astimezone(NEW_YORK):%H:%M} New York; fetch the days before it until then"
        )
    return start, end


def _past_day(option: str, text: str, now: datetime) -> date:
    from bot.domain.session import NEW_YORK, new_york_day

    with suppress(ValueError):
        if date.fromisoformat(text) > new_york_day(now):
            there = f"{now.astimezone(NEW_YORK):%Y-%m-%d %H:%M}"
            raise FixTheCommand(f"{option} {text} lies in the future: at the gateway it is {there} New York")
    return typed_day(option, text)


def _size(text: str) -> BarSize:
    if text not in _SIZES:
        raise FixTheCommand(f"--size {text!r}: 1m or 60m is wanted")
    return _SIZES[text]
