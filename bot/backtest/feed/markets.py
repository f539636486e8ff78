"""The simulated world that a stretch is played in."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Final, Protocol, runtime_checkable

from bot.backtest.feed.stretches import Stretch, recorded_tape, synthetic_tape
from bot.backtest.plan import BacktestPlan
from bot.domain.types import Symbol
from bot.sim.exchange.exchange_settings import ExchangeSettings
from bot.sim.market.catalog import underlying
from bot.sim.market.market import Market
from bot.sim.market.option_market import OptionQuote
from bot.sim.market.price_source import Tape
from bot.sim.market.quote_shelf import QuoteShelf
from bot.sim.market.recorded.library import BUNDLE, Library
from bot.sim.world.build import ACCOUNT_ID, EARLY
from bot.sim.world.world import World

SHELF: Final = QuoteShelf[OptionQuote]()
"""Without room, as a single backtest hardly asks twice; a sweep's worker gives it some."""


@runtime_checkable
class Turning(Protocol):
    """A library that has something to change in made-up days, too, which are not its own."""

    def turned(self, tape: Tape) -> Tape:
        """What is to be played instead."""


def market_of(plan: BacktestPlan, stretch: Stretch, library: Library, equity: Decimal) -> World:
    """A market of the plan's symbols, five minutes before the stretch's first open."""
    start: datetime = stretch.sessions[0].open - EARLY
    first = stretch.sessions[0].day
    tapes = [
        (
            underlying(symbol),
            _made_up(symbol, first, plan.seed, library)
            if plan.is_synthetic
            else recorded_tape(library, symbol),
        )
        for symbol in plan.symbols
    ]
    exchange = ExchangeSettings()
    market = Market(
        tapes,
        start=start,
        seed=plan.seed,
        points_per_minute=exchange.points_per_minute,
        library=BUNDLE if plan.is_synthetic else library,
        spread_factor=plan.spread_factor,
        shelf=SHELF if SHELF.room else None,
    )
    for stock in market.stocks.values():
        stock.tells_progress = False
    return World(market, account_id=ACCOUNT_ID, equity=equity, start=start, exchange_settings=exchange)


def _made_up(symbol: Symbol, first: date, seed: int, library: Library) -> Tape:
    tape = synthetic_tape(symbol, first, seed)
    return library.turned(tape) if isinstance(library, Turning) else tape
