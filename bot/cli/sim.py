"""``ibkr-bot sim``: the simulated IB Gateway in a process of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Coroutine
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.options import DataOption, finite
from bot.domain.errors import FixTheCommand, FixTheMachine
from bot.domain.text import counted

if TYPE_CHECKING:
    from bot.sim.faults.scenario import Scenario
    from bot.sim.market.recorded.library import Library

_Port = Annotated[int, typer.Option(min=0, max=65535, help="TCP port; 0 finds a free one.")]
_Session = Annotated[str, typer.Option(metavar="DATE", help="Trading day to replay, e.g. 2011-01-18.")]
_Synthetic = Annotated[
    bool, typer.Option("--synthetic", help="A made-up market; without --session it is now.")
]
_Symbols = Annotated[list[str] | None, typer.Option(help="Stocks to simulate; repeat or separate by commas.")]
_Speed = Annotated[
    str, typer.Option(metavar="N|max", help="Simulated seconds per second, 0.01 to 5000; max with --paced.")
]
_Paced = Annotated[
    bool, typer.Option("--paced", help="Time goes on when every client has asked for it (reqCurrentTime).")
]
_Stepped = Annotated[
    bool, typer.Option("--stepped", help="Time stands still until the admin port advances it.")
]
_Seed = Annotated[int, typer.Option(help="The same seed and scenario give the same bytes.")]
_Scenario = Annotated[Path | None, typer.Option(help="YAML file of what goes wrong, and when.")]
_Account = Annotated[
    str, typer.Option(help="Account id, or several separated by commas; paper accounts begin with D.")
]
_AccountType = Annotated[str, typer.Option(metavar="KIND", help="cash, margin or portfolio.")]
_Currency = Annotated[str, typer.Option(help="The accounts' base currency; --equity is in it.")]
_Advisor = Annotated[
    str, typer.Option(metavar="ID", help="Master account of an advisor whose clients the accounts are.")
]
_Equity = Annotated[str, typer.Option(metavar="AMOUNT", help="Cash at the start.")]
_UntilClose = Annotated[bool, typer.Option("--until-close", help="End a quarter of an hour after the close.")]
_Early = Annotated[int, typer.Option(min=0, max=600, help="Minutes before the open to begin at.")]
_At = Annotated[str, typer.Option(metavar="HH:MM", help="Begin at this minute instead, by New York's clock.")]
_RegularHours = Annotated[
    bool, typer.Option("--regular-hours", help="Stocks trade from 09:30 on alone, not from 04:00 to 20:00.")
]
_QuotesPerSecond = Annotated[
    int | None,
    typer.Option(min=1, max=4, help="Quotes move this often, as IB's do at 4; 4 a minute without it."),
]
_AnswerDelay = Annotated[
    float,
    typer.Option(
        metavar="MS", min=0, max=60_000, callback=finite, help="Milliseconds from a request to its answer."
    ),
]
_Splits = Annotated[
    list[str] | None,
    typer.Option(
        "--split",
        metavar="SYMBOL:NEW:OLD@DATE",
        help="A split overnight, e.g. AAPL:4:1@2026-01-07; repeat or separate.",
    ),
]
_Minis = Annotated[
    list[str] | None,
    typer.Option(help="Stocks that have options of ten shares each, too; repeat or separate."),
]
_AdminPort = Annotated[int | None, typer.Option(min=0, max=65535, help="Port for faults at run time.")]
_EndsWithInput = Annotated[bool, typer.Option(hidden=True, help="End when standard input does.")]
_Host = Annotated[str, typer.Option(help="Address to listen on. There is NO authentication.")]
_Record = Annotated[str, typer.Option(metavar="HOST:PORT", help="Be a proxy to this real gateway instead.")]
_Compare = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Play this recording and print where our answers differ instead."),
]
_RecordTo = Annotated[Path, typer.Option(help="Where --record writes the messages.")]


def sim(
    port: _Port = 4002,
    session: _Session = "",
    synthetic: _Synthetic = False,
    symbols: _Symbols = None,
    speed: _Speed = "1",
    stepped: _Stepped = False,
    paced: _Paced = False,
    seed: _Seed = 1,
    scenario: _Scenario = None,
    account: _Account = "DU1234567",
    equity: _Equity = "25000",
    account_type: _AccountType = "margin",
    currency: _Currency = "USD",
    advisor: _Advisor = "",
    until_close: _UntilClose = False,
    early: _Early = 5,
    at: _At = "",
    regular_hours: _RegularHours = False,
    quotes_per_second: _QuotesPerSecond = None,
    answer_delay: _AnswerDelay = 0.0,
    split: _Splits = None,
    minis: _Minis = None,
    admin_port: _AdminPort = None,
    ends_with_input: _EndsWithInput = False,
    host: _Host = "127.0.0.1",
    record: _Record = "",
    record_to: _RecordTo = Path("tws-record.txt"),
    compare: _Compare = None,
    data: DataOption = None,
) -> None:
    """Run a simulated IB Gateway that unmodified TWS API clients can connect to.

    It prints a line of JSON (port, clock, account, symbols, pid) and serves, without authentication, on the loopback.
    Example: ibkr-bot sim --session 2011-01-18 --speed 60 --until-close
    """
    if record or compare is not None:
        _with_a_real_gateway(port, record, record_to, compare)
        return
    from bot.sim.server.main import SimOptions, serve

    options = SimOptions(
        **_given(host=host, port=port, admin_port=admin_port, until_close=until_close),
        **_market(session, at, early, symbols, is_synthetic=synthetic, regular_hours=regular_hours),
        **_time(speed, quotes_per_second, stepped=stepped, paced=paced, answer_delay=answer_delay),
        **_holder(account, equity, account_type, currency, advisor),
        **_corporate(split, minis),
        **_sources(seed, scenario, data, ends_with_input=ends_with_input),
    )
    _until_it_ends(serve(options, typer.echo))


def _given(**as_it_is: object) -> dict[str, Any]:
    return as_it_is


def _until_it_ends(work: Coroutine[Any, Any, object]) -> None:
    import asyncio

    asyncio.run(work)


def _sources(seed: int, scenario: Path | None, data: Path | None, *, ends_with_input: bool) -> dict[str, Any]:
    given = {"seed": seed, "ends_with_input": ends_with_input}
    return {**given, "scenario": _scenario(scenario), "library": _library(data)}


def _scenario(path: Path | None) -> Scenario:
    from bot.sim.faults.scenario import Scenario, load_scenario

    return Scenario() if path is None else load_scenario(path)


def _library(data: Path | None) -> Library:
    from bot.cli.data import stored_days

    return stored_days(data or Path("data"))


MOST_PORT = 65_535


def _with_a_real_gateway(port: int, record: str, record_to: Path, compare: Path | None) -> None:
    if compare is not None:
        _compare(compare)
    else:
        _record(port, record, record_to)


def _record(port: int, target: str, path: Path) -> None:
    from bot.sim.server.recorder import record

    host, _, text = target.rpartition(":")
    if not host or not text.isdecimal() or not 1 <= int(text[:9]) <= MOST_PORT:
        raise FixTheCommand(f"--record: {target!r} is not HOST:PORT, for instance 127.0.0.1:4001")
    try:
        out = path.open("a", encoding="utf-8")
    except OSError as error:
        raise FixTheMachine(f"--record-to: cannot write {path} ({error.strerror})") from None
    with out, contextlib.suppress(KeyboardInterrupt):
        _until_it_ends(record(port, host, int(text), out, typer.echo))


def _compare(path: Path) -> None:
    from bot.sim.server.compare import compare_recording, read_recording

    try:
        said = read_recording(path.read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError) as error:
        raise FixTheCommand(f"--compare: cannot read {path} ({error}); make one with --record") from None
    differences = list(compare_recording(said))
    for difference in differences:
        typer.echo(f"{difference.request}: {difference.text}")
    requests = sum(one.is_request for one in said)
    typer.echo(f"{counted(requests, 'message')} of the client, {counted(len(differences), 'difference')}")


def _time(
    speed: str, quotes_per_second: int | None, *, stepped: bool, paced: bool, answer_delay: float
) -> dict[str, Any]:
    from bot.cli.embedded import speed_of

    if paced and answer_delay:
        raise FixTheCommand(
            "--paced and --answer-delay: time that waits for its clients has no delay; drop one"
        )
    if stepped and paced:
        raise FixTheCommand(
            "--stepped and --paced: either the admin port moves time or the clients do; drop one"
        )
    given = {"speed": speed_of(speed), "is_stepped": stepped, "is_paced": paced}
    return {**given, "answer_delay_s": answer_delay / 1000, "quotes_per_second": quotes_per_second}


def _market(
    session: str, at: str, early: int, symbols: list[str] | None, *, is_synthetic: bool, regular_hours: bool
) -> dict[str, Any]:
    when = {"session": _date(session), "begin_at": _minute(at), "early": timedelta(minutes=early)}
    return {
        **when,
        "has_extended_hours": not regular_hours,
        "symbols": tuple(_symbols(symbols)),
        "is_synthetic": is_synthetic,
    }


def _corporate(splits: list[str] | None, minis: list[str] | None) -> dict[str, Any]:
    splits, minis = (_symbols(given) if given else [] for given in (splits, minis))
    return {"splits": tuple(splits), "minis": tuple(minis)}


def _symbols(given: list[str] | None) -> list[str]:
    given = given or ["SPY"]
    return [symbol.strip().upper() for entry in given for symbol in entry.split(",") if symbol.strip()]


def _date(text: str) -> date | None:
    from bot.cli.days import typed_day

    return typed_day("--session", text) if text else None


def _minute(text: str) -> time | None:
    if not text:
        return None
    try:
        return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007  a time of day; its zone is New York's
    except ValueError:
        raise FixTheCommand(f"--at: {text!r} is no time of day, for instance 10:15") from None


def _holder(account: str, equity: str, kind: str, currency: str, advisor: str) -> dict[str, Any]:
    terms = {"account_type": kind, "currency": currency.upper(), "advisor": advisor}
    return {"account": account, "equity": _amount(equity), **terms}


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount <= 0:
        raise FixTheCommand(f"--equity: {text!r} is not an amount above 0, for instance 25000")
    return amount
