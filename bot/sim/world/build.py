"""Making worlds: a recorded day, or a synthetic market, ready to be advanced.

Rule: the only place that decides which tape a symbol gets.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from bot.domain.session import session_on
from bot.domain.types import Symbol
from bot.sim.exchange.exchange_settings import ExchangeSettings
from bot.sim.market.catalog import underlying
from bot.sim.market.market import Market
from bot.sim.market.price_source import RecordedTape, Tape
from bot.sim.market.recorded.bars import NotRecordedError, bars_1m, recorded_sessions
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
) -> World:
    """A recorded session of the first symbol; further symbols are recorded where they can be and synthetic else.

    NotRecordedError when the first symbol has no recording of that day.
    """
    if (symbols[0], day) not in recorded_sessions():
        raise NotRecordedError(symbols[0], day)
    return _world(symbols, day, start, seed, account_id, equity, exchange_settings, is_recorded=True)


def synthetic_world(
    symbols: Sequence[Symbol],
    day: date,
    *,
    start: datetime | None = None,
    seed: int = 1,
    account_id: str = ACCOUNT_ID,
    equity: Decimal = EQUITY,
    exchange_settings: ExchangeSettings | None = None,
) -> World:
    """A made-up market from that trading day on, with 45 sessions of history behind it."""
    return _world(symbols, day, start, seed, account_id, equity, exchange_settings, is_recorded=False)


def _world(
    symbols: Sequence[Symbol],
    day: date,
    start: datetime | None,
    seed: int,
    account_id: str,
    equity: Decimal,
    exchange_settings: ExchangeSettings | None,
    *,
    is_recorded: bool,
) -> World:
    session = session_on(day)
    if session is None:
        raise ValueError(f"{day} is not a trading day")
    start = start or session.open - EARLY
    exchange_settings = exchange_settings or ExchangeSettings()
    tapes = [(underlying(symbol), _tape(symbol, day, seed, is_recorded=is_recorded)) for symbol in symbols]
    market = Market(tapes, start=start, seed=seed, points_per_minute=exchange_settings.points_per_minute)
    return World(
        market, account_id=account_id, equity=equity, start=start, exchange_settings=exchange_settings
    )


def _tape(symbol: Symbol, day: date, seed: int, *, is_recorded: bool) -> Tape:
    stock = underlying(symbol)
    days = [recorded for name, recorded in recorded_sessions() if name == symbol]
    if not is_recorded or day not in days:
        return SyntheticTape(stock, anchor=day, seed=seed)
    last = session_on(days[-1])
    if last is None:
        raise NotRecordedError(symbol, day)
    return RecordedTape(symbol, continue_after(stock, last, bars_1m(symbol, last.day)[-1].close, seed))
