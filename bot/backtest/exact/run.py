"""One stretch after the other: the live machines on the replay runtime, the simulated exchange as their broker.

Time goes by the same rule as over the wire (``bot.sim.world.steps``): each step's facts first, then the clock. Nights are
one step: nothing moves, and the bot's own windows of the night keep it from nothing it could do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, TypeVar

from bot.actors.replay import Replay
from bot.assembly.machines import make_machines
from bot.backtest.collector import seldom_collected
from bot.backtest.feed.markets import market_of
from bot.backtest.feed.stretches import Stretch, stretches
from bot.backtest.outcome import DayEnd, Outcome, Prices
from bot.backtest.plan import BacktestPlan
from bot.domain import messages as m
from bot.domain.errors import FixTheCommand
from bot.domain.session import Session, sessions_between
from bot.domain.types import Symbol, TradingState
from bot.market_data.machine import MarketData
from bot.sim.loopback.loopback import LoopbackExchange
from bot.sim.market.catalog import underlying
from bot.sim.market.recorded.library import Library
from bot.sim.world.build import EARLY
from bot.sim.world.steps import next_step
from bot.sim.world.world import World
from bot.wiring import ALERTS, BOARD, BROKER, JOURNAL, MARKET_DATA, Machine

AFTER_CLOSE: Final = timedelta(minutes=2)
LISTENERS: Final = frozenset({JOURNAL, BOARD, ALERTS})
"""Nobody reads a journal, a screen or an alert of a backtest."""
Progress = Callable[[date], None]
_Kind = TypeVar("_Kind")


def nobody(_: object) -> None:
    """For whoever is not listening."""


def run_exact(
    plan: BacktestPlan,
    library: Library,
    progress: Progress = nobody,
    hear: Callable[[m.Message], None] = nobody,
    until: datetime | None = None,
) -> Outcome:
    """Play the plan's days. FixTheCommand when there are none. ``hear`` is told every message; ``until`` ends it sooner."""
    out = Outcome(plan.equity)
    with seldom_collected():
        for stretch in plan_stretches(plan, library):
            world = market_of(plan, stretch, library, out.end_equity)
            ExactLine(plan, world, out, hear).play(stretch, library, progress, until)
    return out


def plan_stretches(plan: BacktestPlan, library: Library) -> tuple[Stretch, ...]:
    """What the plan's dates come to. FixTheCommand for no session between them."""
    if plan.is_synthetic:
        if not (sessions := tuple(sessions_between(plan.first, plan.last))):
            raise FixTheCommand(
                f"the market is closed from {plan.first} to {plan.last}: no session to make up"
            )
        return (Stretch(sessions),)
    return stretches(library, plan.symbols, plan.first, plan.last)


def the_one(machine: Machine, kind: type[_Kind]) -> _Kind:
    """The composition's own machine, as what it is."""
    assert isinstance(machine, kind)  # noqa: S101
    return machine


class ExactLine:
    """The line and its world, moved step by step."""

    def __init__(
        self,
        plan: BacktestPlan,
        world: World,
        out: Outcome,
        hear: Callable[[m.Message], None] = nobody,
        journal: Machine | None = None,
        commit: Callable[[m.Message], None] = nobody,
    ) -> None:
        self._plan, self._world, self._out, self._also = plan, world, out, hear
        self._exchange = self._make_exchange(world)
        self._is_halted = False
        self._ears: dict[type, tuple[Callable[[Any], None], ...]] = {}
        self._machines: dict[str, Machine] = {
            **self._make_machines(plan),
            BROKER: self._exchange,
        }
        if journal is not None:
            self._machines[JOURNAL] = journal
        self._data = the_one(self._machines[MARKET_DATA], MarketData)
        self._line = Replay(self._machines, commit, self._hear, LISTENERS)

    def play(
        self, stretch: Stretch, library: Library, progress: Progress, until: datetime | None = None
    ) -> None:
        """The stretch's sessions in order."""
        for session in stretch.sessions:
            end = session.close + AFTER_CLOSE
            self._morning(session, library)
            self._through(end if until is None else min(end, until))
            note_day(self._out, self._plan, self._world, library, session.day)
            progress(session.day)
        self._note_open()

    def _note_open(self) -> None:
        self._out.still_open += [
            f"{x.quantity} {x.contract.label}" for x in self._world.positions() if x.quantity
        ]

    def _make_exchange(self, world: World) -> LoopbackExchange:
        return LoopbackExchange(world)

    def _make_machines(self, plan: BacktestPlan) -> dict[str, Machine]:
        return make_machines(plan.settings, 1.0)

    def _morning(self, session: Session, library: Library) -> None:
        """A symbol without a minute of the day is absent: it is no feed that went silent, and halts nobody else."""
        played = played_symbols(self._plan, library, session.day)
        self._data.absent = frozenset(self._plan.symbols) - {*played}
        wake = session.open - EARLY
        if self._world.now < wake:
            self._step(wake)
        if self._is_halted and self._plan.halts == "resume":
            self._line.tell(m.ResumeTrading(self._world.now, "the next morning", "backtest"))

    def _through(self, end: datetime) -> None:
        while self._world.now < end:
            self._step(next_step(self._world))

    def _step(self, at: datetime) -> None:
        passed = m.TimePassed(at)
        for fact in self._exchange.handle(passed):
            self._line.tell(fact)
        self._line.tell(passed)

    def _hear(self, message: m.Message) -> None:
        self._out.messages += 1
        kind = type(message)
        ears = self._ears.get(kind)
        if ears is None:  # once for each kind
            ears = self._ears[kind] = tuple(self._ears_of(kind))
        for hear in ears:
            hear(message)

    def _ears_of(self, kind: type) -> Iterator[Callable[[Any], None]]:
        """Whoever takes note of messages of this kind, in turn."""
        if (keep := self._out.ear(kind)) is not None:
            yield keep
        if self._also is not nobody:
            yield self._also
        if kind is m.TradingStateChanged:
            yield self._note_state

    def _note_state(self, changed: m.TradingStateChanged) -> None:
        self._is_halted = changed.state is TradingState.HALTED


def note_day(out: Outcome, plan: BacktestPlan, world: World, library: Library, day: date) -> None:
    """Take down the account and where the day's option prices came from."""
    equity = world.account_figures().net_liquidation
    out.days.append(DayEnd(day, Decimal(equity).quantize(Decimal("0.01"))))
    out.prices += [_prices_of(symbol, plan, library, day) for symbol in played_symbols(plan, library, day)]


def played_symbols(plan: BacktestPlan, library: Library, day: date) -> list[Symbol]:
    """The symbols with minutes of the day."""
    return [x for x in plan.symbols if plan.is_synthetic or day in library.sessions(x)]


def _prices_of(symbol: Symbol, plan: BacktestPlan, library: Library, day: date) -> Prices:
    usual = underlying(symbol).atm_vol
    if plan.is_synthetic:
        return Prices(symbol, day, is_recorded=False, volatility=usual)
    if library.chain(symbol, day) is not None:
        return Prices(symbol, day, is_recorded=True, volatility=None)
    vol = library.volatility(symbol, day)
    return Prices(
        symbol, day, is_recorded=False, volatility=usual if vol is None else vol, is_assumed=vol is None
    )
