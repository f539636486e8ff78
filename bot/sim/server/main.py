"""The simulated gateway as a process of its own: makes the world, opens the ports, says where, and runs until told.

Rule: one line of JSON on the way in tells whoever started it what they need (port, clock, account, pid); the clock is
the one the bot must share when time runs fast.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import re
import signal
import sys
import time as wall
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final

from bot.domain.clock import ScaledTime, SteppedTime
from bot.domain.errors import FixTheCommand, FixTheConfiguration, RestartTheLine
from bot.domain.session import NEW_YORK, Session, new_york_day, next_session, session_on
from bot.domain.types import Symbol
from bot.sim.exchange.exchange_settings import ExchangeSettings
from bot.sim.exchange.logins.login import AccountGroup, AccountTerms, Allocation, Login
from bot.sim.faults.logins import ID_FORM, account_type, currency, make_login
from bot.sim.faults.scenario import Scenario
from bot.sim.gateway.pace import paced
from bot.sim.gateway.settings import GatewaySettings
from bot.sim.handlers.table import make_core
from bot.sim.market.corporate.splits import read_split
from bot.sim.market.option_pricing import load as load_quant_lib
from bot.sim.market.recorded.library import BUNDLE, Library
from bot.sim.server.admin import AdminPort
from bot.sim.server.tcp_server import DEFAULT_PORT, LOOPBACK, SimGateway
from bot.sim.world.build import EARLY, EQUITY, recorded_world, synthetic_world
from bot.sim.world.world import World
from bot.wire import SUPPORTED_VERSIONS

_SYMBOL: Final = re.compile(r"[A-Z][A-Z0-9.]{0,7}")
_COLLECTOR: Final = (2_000, 20, 1_000_000)
"""Young objects are collected as often as ever, old ones never by themselves."""
_COLLECT_EVERY_S = 20.0
GATEWAY_AFTER_CLOSE = timedelta(minutes=15)
"""With ``until_close`` the gateway stays this much simulated time behind the close, for clients to finish."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimOptions:
    """What to simulate. ``session`` None: the first recorded day of the first symbol, or now for a synthetic market."""

    host: str = LOOPBACK
    port: int = DEFAULT_PORT
    session: date | None = None
    is_synthetic: bool = False
    symbols: tuple[Symbol, ...] = ("SPY",)
    speed: float | None = 1.0
    """Simulated seconds a second; with ``is_paced`` a ceiling, and None is as fast as the clients let it."""
    is_stepped: bool = False
    is_paced: bool = False
    """Time takes its next step when every client has let it."""
    seed: int = 1
    account: str = "DU1234567"
    """One id or several, separated by commas; all are alike. A scenario file's accounts take their place."""
    equity: Decimal = EQUITY
    account_type: str = "margin"
    currency: str = "USD"
    advisor: str = ""
    """The master account of an advisor, whose clients the accounts are then, all of them in the group ``Everybody``."""
    until_close: bool = False
    early: timedelta = EARLY
    """The world begins this long before the open of the session."""
    begin_at: time | None = None
    """New York's time of day to begin at, instead."""
    has_extended_hours: bool = True
    """Stocks trade from 04:00 to 20:00; else in regular hours alone."""
    quotes_per_second: int | None = None
    """How often a stock trades, and so its quotes and its options' move; None: four times a minute."""
    answer_delay_s: float = 0.0
    """From a request to its answer, in seconds of the client's clock."""
    admin_port: int | None = None
    ends_with_input: bool = False
    """End when standard input does: whoever started us holds its other end, and is gone then, however it died."""
    splits: tuple[str, ...] = ()
    """``AAPL:4:1@2026-01-07``: four new shares for one, from that session on."""
    minis: tuple[Symbol, ...] = ()
    """Stocks with a second class of options, of ten shares each."""
    scenario: Scenario = field(default_factory=Scenario)
    library: Library = BUNDLE
    """Where recorded days come from."""


def make_world(options: SimOptions, now: datetime) -> World:
    """The world the options describe. Errors: FixTheCommand for what cannot be simulated."""
    world = _made(options, now)
    for text in options.splits:
        try:
            world.splits.plan(read_split(text))
        except FixTheConfiguration as error:
            raise FixTheCommand(f"--{error}") from None
    for symbol in options.minis:
        if symbol not in world.market.stocks:
            raise FixTheCommand(f"--minis: there is no stock {symbol!r} here; add it to --symbols")
        world.market.contracts.list_minis(symbol)
    return world


def _made(options: SimOptions, now: datetime) -> World:
    malformed = [symbol for symbol in options.symbols if not _SYMBOL.fullmatch(symbol)]
    if malformed or not options.symbols:
        raise FixTheCommand(
            f"--symbols: {malformed[0] if malformed else 'none given'!r} is no ticker; write SPY,AAPL"
        )
    login = _login(options)
    make = partial(
        synthetic_world if options.is_synthetic else partial(recorded_world, library=options.library),
        options.symbols,
        seed=options.seed,
        login=login,
        exchange_settings=_exchange_settings(options),
        has_extended_hours=options.has_extended_hours,
    )
    if options.session is None and options.is_synthetic:
        today = session_on(new_york_day(now)) or next_session(new_york_day(now))
        return make(today.day, start=now if options.begin_at is None else _start(options, today))
    session = session_on(options.session or _first_recorded(options))
    if session is None:
        raise FixTheCommand(f"--session: the exchange is closed on {options.session}; choose a trading day")
    return make(session.day, start=_start(options, session))


def _login(options: SimOptions) -> Login:
    if options.scenario.login is not None:
        return options.scenario.login
    ids = [one.strip() for one in options.account.split(",")]
    for one in ids:
        if not ID_FORM.fullmatch(one):
            raise FixTheCommand(f"--account: {one!r} is no account id; write DU1234567")
    try:
        kind = account_type("--account-type", options.account_type)
        base = currency("--currency", options.currency)
        everybody = AccountGroup("Everybody", Allocation.EQUAL, dict.fromkeys(ids, Decimal(1)))
        terms = tuple(AccountTerms(one, options.equity, kind, base) for one in ids)
        return make_login(terms, options.advisor, (everybody,) if options.advisor else ())
    except FixTheConfiguration as error:
        raise FixTheCommand(str(error)) from None


def _start(options: SimOptions, session: Session) -> datetime:
    if options.begin_at is None:
        return session.open - options.early
    return datetime.combine(session.day, options.begin_at, NEW_YORK).astimezone(UTC)


def _exchange_settings(options: SimOptions) -> ExchangeSettings:
    settings = options.scenario.exchange_settings
    if options.quotes_per_second is None:
        return settings
    return replace(settings, points_per_minute=60 * options.quotes_per_second)


def _gateway_settings(options: SimOptions) -> GatewaySettings:
    settings = options.scenario.settings
    if options.answer_delay_s:
        # The gateway counts in simulated time, whoever waits in his own.
        delay = timedelta(seconds=options.answer_delay_s * (options.speed or 1.0))
        settings = replace(settings, answer_delay=delay)
    if options.is_stepped and settings.messages_per_second == GatewaySettings().messages_per_second:
        # While time stands still every message falls into the same second: a rate means nothing.
        settings = replace(settings, messages_per_second=None)
    return paced(settings) if options.is_paced else settings


def _first_recorded(options: SimOptions) -> date:
    symbol = options.symbols[0]
    days = options.library.sessions(symbol)
    if not days:
        raise FixTheCommand(f"--symbols: there is no recorded session of {symbol}; add --synthetic")
    return days[0]


async def serve(options: SimOptions, announce: Callable[[str], None]) -> None:
    """Run until the end, a signal, or for ever. Errors: FixTheCommand, FixTheMachine, RestartTheLine."""
    if options.speed is None and not options.is_paced:
        raise FixTheCommand(
            "--speed max: only time that waits for its clients can do without a speed; add --paced"
        )
    world = make_world(options, datetime.now(UTC))
    core = make_core(world, _gateway_settings(options), seed=options.seed)
    options.scenario.arm(core)
    clock = ScaledTime(world.now, wall.time(), options.speed or 1.0)
    gateway = SimGateway(
        core,
        host=options.host,
        port=options.port,
        clock=None if options.is_stepped or options.is_paced else lambda: clock.at(wall.time()),
    )
    await gateway.start()
    admin = AdminPort(gateway, can_advance=options.is_stepped)
    try:
        admin_port = None if options.admin_port is None else await admin.start(options.admin_port)
        stop_requested = _stop_signal(options.ends_with_input)
        shown = SteppedTime(world.now) if options.is_paced else clock
        announce(_announcement(gateway, f"{shown}", options, admin_port, admin.token))
        # Behind the announcement: it takes half a second, and whoever asks for an option first would wait for it.
        asyncio.get_running_loop().run_in_executor(None, load_quant_lib)
        await _until_the_end(gateway, options, _end_of(world, options), stop_requested)
    finally:
        admin.stop()
        await gateway.stop()
    if core.failures:
        raise RestartTheLine(f"the simulated gateway failed: {'; '.join(core.failures)}")


def _announcement(
    gateway: SimGateway, clock: str, options: SimOptions, admin_port: int | None, admin_token: str
) -> str:
    world = gateway.core.world
    facts = {
        "host": gateway.host,
        "port": gateway.port,
        "clock": clock,
        "account": world.account_id,
        "accounts": list(world.login.managed),
        "pid": os.getpid(),
        "admin_port": admin_port,
        "admin_token": None if admin_port is None else admin_token,
        "authentication": "none",
        "now": world.now.astimezone(NEW_YORK).isoformat(timespec="seconds"),
        "symbols": list(options.symbols),
        "market": "synthetic" if options.is_synthetic else "recorded",
        "seed": options.seed,
        "server_versions": _versions(),
    }
    return json.dumps(facts)


def _versions() -> str:
    """The server versions as ranges: ``142-157 163-178 213-225``."""
    known = sorted(SUPPORTED_VERSIONS)
    ends = [n for n in known if n + 1 not in SUPPORTED_VERSIONS]
    starts = [n for n in known if n - 1 not in SUPPORTED_VERSIONS]
    return " ".join(f"{first}-{last}" for first, last in zip(starts, ends, strict=True))


def _end_of(world: World, options: SimOptions) -> datetime | None:
    if not options.until_close:
        return None
    session = session_on(new_york_day(world.now)) or next_session(new_york_day(world.now))
    if world.now >= session.close:
        session = next_session(session.day)
    return session.close + GATEWAY_AFTER_CLOSE


def _stop_signal(ends_with_input: bool) -> asyncio.Event:
    """Set by Ctrl-C, by the supervisor's TERM and by the input's end; asked for before anybody can know our pid."""
    loop = asyncio.get_running_loop()
    stop_requested = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop_requested.set)
    if ends_with_input:
        loop.add_reader(sys.stdin.fileno(), _stop_at_end_of_input, stop_requested)
    return stop_requested


def _stop_at_end_of_input(stop_requested: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        stop_requested.set()


async def _collect_while_closed(gateway: SimGateway) -> None:
    """Full passes of Python's collector while nobody trades: one takes 60 ms, in which every client would wait."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECTOR)
    while True:
        await asyncio.sleep(_COLLECT_EVERY_S)
        if gateway.core.world.market.session is None:
            gc.collect()


async def _until_the_end(
    gateway: SimGateway, options: SimOptions, end: datetime | None, stop_requested: asyncio.Event
) -> None:
    work: list[asyncio.Task[Any]] = [asyncio.create_task(stop_requested.wait())]
    if options.is_paced:
        work.append(asyncio.create_task(gateway.keep_pace(options.speed, end)))
    elif not options.is_stepped:
        work += [
            asyncio.create_task(gateway.pump(end)),
            asyncio.create_task(_collect_while_closed(gateway)),
        ]
    done, left = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
    for task in left:
        task.cancel()
    for task in done:
        task.result()
