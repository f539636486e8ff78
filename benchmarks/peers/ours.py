"""The rule on this project's exchange: what may happen is found in arrays, and only there does the exchange play.

The orders are a stock bracket: a market entry, a market-if-touched and a stop in one OCA group. Risk and watcher, which know
options alone, have no part in it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers import rule
from bot.domain.session import Session, sessions_between
from bot.domain.types import Side
from bot.sim.exchange.events import ExchangeEvent, Executed
from bot.sim.exchange.exchange_settings import ExchangeSettings
from bot.sim.exchange.orders import SimOrder, SimOrderType
from bot.sim.market.catalog import underlying
from bot.sim.market.market import Market
from bot.sim.market.paths import dollars, minute_points
from bot.sim.market.price_source import Tape
from bot.sim.market.synthetic import SyntheticTape
from bot.sim.world.build import ACCOUNT_ID, EARLY
from bot.sim.world.world import World

SYMBOL, CLIENT = "SPY", 1
_PRINT = timedelta(minutes=1) / rule.PRINTS_A_MINUTE
Prints = NDArray[np.int32]


class NoSpread(SyntheticTape):
    """A made-up market in which everybody trades at the print."""

    def spread_cents(self, at: datetime) -> int:
        del at
        return 0


def whole_sessions(first: date, last: date) -> list[Session]:
    return [x for x in sessions_between(first, last) if x.minutes == rule.MINUTES]


def prints_of(tape: Tape, sessions: list[Session]) -> Prints:
    bars = (bar for session in sessions for bar in tape.minutes(session.day))
    return np.array([minute_points(bar, rule.PRINTS_A_MINUTE) for bar in bars], np.int32).ravel()


def make(sessions: list[Session]) -> tuple[World, Prints]:
    tape = NoSpread(underlying(SYMBOL), anchor=sessions[0].day, seed=1)
    start = sessions[0].open - EARLY
    settings = ExchangeSettings(partial_fills=False, account_update_every=timedelta(days=1))
    market = Market([(underlying(SYMBOL), tape)], start=start, seed=1, points_per_minute=rule.PRINTS_A_MINUTE)
    market.stocks[SYMBOL].tells_progress = False
    world = World(
        market, account_id=ACCOUNT_ID, equity=Decimal(10**9), start=start, exchange_settings=settings
    )
    # The market's own tape: its days are made here and not while it is timed, as the peers' data are.
    return world, prints_of(tape, sessions)


def entries(prints: Prints) -> Iterator[int]:
    """Prints at which the rule buys if it holds nothing."""
    averages, step = rule.Averages(), rule.PRINTS_A_MINUTE
    for minute, cents in enumerate(prints[step - 1 :: step].tolist()):
        if averages.crosses(cents / 100) and rule.is_entry(minute % rule.MINUTES):
            yield minute * step + step - 1


def first_touch(prints: Prints, entry: int, last: int, target: int, stop: int) -> int:
    """The print at which an exit acts; ``last`` where none does before."""
    path = prints[entry + 1 : last]
    hits = np.flatnonzero((path >= target) | (path <= stop))
    return entry + 1 + int(hits[0]) if len(hits) else last


class Line:
    """The exchange's client: one bracket after the other."""

    def __init__(self, world: World, sessions: list[Session], prints: Prints) -> None:
        self._world, self._sessions, self._prints = world, sessions, prints
        self._con_id = underlying(SYMBOL).con_id
        self._order_id = 0
        self._next = 0
        """The next session that is opened."""

    def play(self) -> rule.Trades:
        trades: rule.Trades = []
        free_from = 0
        for entry in entries(self._prints):
            if entry >= free_from:
                trades.append(self._bracket(entry))
                free_from = trades[-1][1] + 1
        return trades

    def _bracket(self, entry: int) -> tuple[int, int, int, int]:
        self._go(entry)
        target, stop = rule.levels(int(self._prints[entry]))
        paid = self._order(Side.BUY, SimOrderType.MARKET)
        self._order(Side.SELL, SimOrderType.IF_TOUCHED, trigger=target, group=f"{entry}")
        self._order(Side.SELL, SimOrderType.STOP, trigger=stop, group=f"{entry}")
        last = rule.last_print(entry)
        at = first_touch(self._prints, entry, last, target, stop)
        got = self._go(at)
        if got is None:
            self._world.global_cancel()
            got = self._order(Side.SELL, SimOrderType.MARKET)
        return entry, at, paid or 0, got or 0

    def _order(
        self,
        side: Side,
        kind: SimOrderType,
        trigger: int | None = None,
        group: str = "",
    ) -> int | None:
        self._order_id += 1
        order = SimOrder(
            con_id=self._con_id,
            action=side,
            type=kind,
            quantity=rule.SHARES,
            oca_group=group,
            oca_type=1 if group else 0,
            account=ACCOUNT_ID,
            aux_price=None if trigger is None else dollars(trigger),
        )
        return _price_of(self._world.place(CLIENT, self._order_id, order))

    def _go(self, number: int) -> int | None:
        """To this print: all before it at once, as nothing can happen there."""
        day, rest = divmod(number, rule.PRINTS_A_DAY)
        while self._next <= day:
            if self._next:
                self._leap_before(self._sessions[self._next - 1].close)
            self._world.advance_to(self._sessions[self._next].open)
            self._next += 1
        at = self._sessions[day].open + rest * _PRINT
        self._leap_before(at)
        return _price_of(self._world.advance_to(at))

    def _leap_before(self, at: datetime) -> None:
        if self._world.now < at - _PRINT:
            self._world.leap_to(at - _PRINT)


def _price_of(events: list[ExchangeEvent]) -> int | None:
    fills = [event.execution.price for event in events if isinstance(event, Executed)]
    return round(fills[-1] * 100) if fills else None


def timed(sessions: list[Session]) -> tuple[Prints, rule.Trades, float]:
    """The prints, the trades on them, and the processor's seconds."""
    world, prints = make(sessions)
    line = Line(world, sessions, prints)
    began_s = time.process_time()
    trades = line.play()
    return prints, trades, time.process_time() - began_s
