"""Making worlds: a recorded day, or a synthetic market, ready to be advanced.

Rule: the only place that decides which tape a symbol gets. ``has_extended_hours``: stocks trade from 04:00 to 20:00, and not only
in regular hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from bot.domain.session import session_on
from bot.domain.types import Symbol
from bot.sim.exchange.exchange_settings import ExchangeSettings
from bot.sim.exchange.logins.login import Login
from bot.sim.market.catalog import INDEX_OPTIONS, underlying
from bot.sim.market.market import Market
from bot.sim.market.price_source import RecordedTape, Tape
from bot.sim.market.recorded.bars import NotRecordedError
from bot.sim.market.recorded.library import BUNDLE, Library
from bot.sim.market.synthetic import SyntheticTape, continue_after
from bot.sim.world.world import World

ACCOUNT_ID = "DU1234567"
EQUITY = Decimal(25_000)
EARLY = timedelta(minutes=5)
"""A world begins this long before the open, so that clients can connect to a closed market."""


def recorded_world(
    symbols: Sequence[Symbol],
    day: date,
    *,
    start: datetime | None = None,
    seed: int = 1,
    account_id: str = ACCOUNT_ID,
    equity: Decimal = EQUITY,
    exchange_settings: ExchangeSettings | None = None,
    login: Login | None = None,
    library: Library = BUNDLE,
    has_extended_hours: bool = False,
) -> World:
    """A recorded session of the first symbol; further symbols are recorded where they can be and synthetic else.

    NotRecordedError when the first symbol has no recording of that day.
    """
    if day not in library.sessions(symbols[0]):
        raise NotRecordedError(symbols[0], day, library.sessions(symbols[0]))
    terms = _Terms(account_id, equity, exchange_settings or ExchangeSettings(), login)
    return _world(symbols, day, start, seed, terms, library, has_extended_hours=has_extended_hours)


def synthetic_world(
    symbols: Sequence[Symbol],
    day: date,
    *,
    start: datetime | None = None,
    seed: int = 1,
    account_id: str = ACCOUNT_ID,
    equity: Decimal = EQUITY,
    exchange_settings: ExchangeSettings | None = None,
    login: Login | None = None,
    has_extended_hours: bool = False,
) -> World:
    """A made-up market from that trading day on, with 45 sessions of history behind it."""
    terms = _Terms(account_id, equity, exchange_settings or ExchangeSettings(), login)
    return _world(symbols, day, start, seed, terms, None, has_extended_hours=has_extended_hours)


@dataclass(frozen=True, slots=True)
class _Terms:
    account_id: str
    equity: Decimal
    exchange_settings: ExchangeSettings
    login: Login | None


def _world(
    symbols: Sequence[Symbol],
    day: date,
    start: datetime | None,
    seed: int,
    terms: _Terms,
    library: Library | None,
    *,
    has_extended_hours: bool,
) -> World:
    session = session_on(day)
    if session is None:
        raise ValueError(f"{day} is not a trading day")
    start = start or session.open - EARLY
    tapes = [(underlying(symbol), _tape(symbol, day, seed, library)) for symbol in _with_funds(symbols)]
    market = Market(
        tapes,
        start=start,
        seed=seed,
        points_per_minute=terms.exchange_settings.points_per_minute,
        library=library or BUNDLE,
        has_extended_hours=has_extended_hours,
    )
    return World(
        market,
        account_id=terms.account_id,
        equity=terms.equity,
        start=start,
        exchange_settings=terms.exchange_settings,
        login=terms.login,
    )


def _with_funds(symbols: Sequence[Symbol]) -> list[Symbol]:
    """An index has no tape of its own: it is there where its fund is."""
    funds = {one.underlying.symbol: one.follows for one in INDEX_OPTIONS}
    return list(dict.fromkeys(funds.get(symbol, symbol) for symbol in symbols))


def _tape(symbol: Symbol, day: date, seed: int, library: Library | None) -> Tape:
    stock = underlying(symbol)
    days = () if library is None else library.sessions(symbol)
    if library is None or day not in days:
        return SyntheticTape(stock, anchor=day, seed=seed)
    last = session_on(days[-1])
    if last is None:
        raise NotRecordedError(symbol, day)
    close = library.minutes(symbol, last.day)[-1].close
    return RecordedTape(symbol, continue_after(stock, last, close, seed), library)
