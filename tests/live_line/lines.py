"""Whole bots for tests: the replay runtime over the loopback exchange, Pykka over the same, and lock-step over real TCP.

Time moves in the same steps in all of them, and each step's messages are handled, and answered, before the next step's
exist. Only Pykka's actors run freely within a step. Nobody sleeps.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.actors.runtime import ping_component, settle
from bot.actors.supervisor import Parts, Supervisor
from bot.assembly.machines import make_machines
from bot.backtest.day import replay_day
from bot.broker.connection.settings import PacingLimits
from bot.broker.dry_run import DryRunPort
from bot.broker.ibkr import IbkrBroker
from bot.config import Settings, hand_down, load_settings
from bot.domain import messages as m
from bot.domain.clock import SteppedTime
from bot.domain.messages import Message
from bot.domain.port import BrokerPort
from bot.ops.status.status import ClosedTrade
from bot.ops.status.status_builder import StatusBuilder
from bot.sim.loopback.loopback import DryRunExchange, LoopbackBroker
from bot.sim.server.thread import SimGatewayThread
from bot.sim.world.ledger import AccountLedger
from bot.sim.world.steps import next_step
from bot.sim.world.world import World
from bot.wiring import BOARD, DURABLE, JOURNAL, Machine, subscribers
from tests.live_line.checks import Invariants

AFTER_CLOSE = timedelta(minutes=2)
TIMEOUT_S = 240.0
NO_PACING = PacingLimits(
    messages_per_s=100_000, identical_after_s=0.0, same_contract_per_2s=1000, history_per_10min=100_000
)


class Paper:
    """A journal that only keeps: everything in order, and apart from it what was durable."""

    def __init__(self) -> None:
        self.disk: list[Message] = []
        self.heard: list[Message] = []
        self.in_order: list[Message] = []
        """Both together."""
        self._lock = threading.Lock()

    def commit(self, message: Message) -> None:
        with self._lock:
            self.disk.append(message)
            self.in_order.append(message)

    def handle(self, message: Message) -> Iterator[Message]:
        self.heard.append(message)
        self.in_order.append(message)
        return iter(())

    def remember(self, message: Message) -> None:
        """Nothing to restore."""


@dataclass
class Day:
    """What came of a day."""

    board: StatusBuilder
    paper: Paper
    books: AccountLedger
    steps: int = field(default=0)

    @property
    def trades(self) -> tuple[ClosedTrade, ...]:
        return self.board.status.closed_trades

    @property
    def summary(self) -> list[tuple[object, ...]]:
        """The trades without the split second: what two runtimes must agree on."""
        return [
            (x.idea_id, x.label, x.quantity, x.entry_price, x.exit_price, x.exit_reason, x.pnl)
            for x in self.trades
        ]


def settings(**variables: str) -> Settings:
    return load_settings(None, variables)


def end_of(world: World) -> datetime:
    from bot.domain.session import new_york_day, session_on

    session = session_on(new_york_day(world.now))
    assert session is not None
    return session.close + AFTER_CLOSE


def replayed_day(world: World, chosen: Settings, end: datetime | None = None) -> Day:
    """The deque, over the loopback exchange; the invariants are checked after every step."""
    paper, board = Paper(), StatusBuilder(chosen.symbols)
    invariants, last = Invariants(world, paper.disk), end or end_of(world)

    def is_over(now: datetime) -> bool:
        invariants.check(world.books())
        return now >= last

    machines: dict[str, Machine] = {**make_machines(chosen, 1.0), JOURNAL: paper, BOARD: board}
    words = m.LineStarted(world.now, "test", chosen.mode, chosen.dry_run, chosen.symbols)
    replay_day(world, machines, is_over, first_message=words, commit=paper.commit)
    return Day(board, paper, world.books())


class Stepper:
    """A live line whose clock is moved by the test."""

    def __init__(self, chosen: Settings, port: BrokerPort, start: datetime, rest: Callable[[], None]) -> None:
        self.now = start
        self.paper, self.board = Paper(), StatusBuilder(chosen.symbols)
        self._rest_below = rest
        self.supervisor = Supervisor(
            Parts(
                machines={JOURNAL: self.paper, BOARD: self.board, **make_machines(chosen, 1.0)},
                port=port,
                commit=self.paper.commit,
                record=self.paper.commit,
                now=lambda: self.now,
                tick_s=1e6,
                first_message=m.LineStarted(start, "test", chosen.mode, chosen.dry_run, chosen.symbols),
            )
        )

    def rest(self) -> None:
        """Return when nothing moves any more, on either side of the socket."""
        before = -1
        while True:
            self._rest_below()
            settle(self.supervisor.line, TIMEOUT_S)
            handled = ping_component(self.supervisor.line, TIMEOUT_S)
            if handled == before:
                break
            before = handled
        assert self.supervisor.failed is None, self.supervisor.failed

    def tell_time(self, at: datetime) -> None:
        self.now = at
        self.rest()
        self.supervisor.line.emit(m.TimePassed(at))
        self.rest()


@contextmanager
def running(stepper: Stepper) -> Iterator[Stepper]:
    stepper.supervisor.start()
    try:
        stepper.rest()
        yield stepper
    finally:
        stepper.supervisor.request_stop("test is over")
        stepper.supervisor.stop()


def acted_day(world: World, chosen: Settings, end: datetime) -> Day:
    """Pykka actors, each with a thread of its own, over the same loopback exchange and in the same steps."""
    broker = LoopbackBroker(world)
    with running(Stepper(chosen, broker, world.now, lambda: None)) as stepper:
        invariants = Invariants(world, stepper.paper.disk)
        while world.now < end:
            broker.advance_to(next_step(world))
            stepper.tell_time(world.now)
            invariants.check(world.books())
    return Day(stepper.board, stepper.paper, world.books())


@dataclass(frozen=True, slots=True)
class Made:
    """How the parts are made that a test may want to be slow."""

    paper: Callable[[], Paper] = Paper
    broker: Callable[..., IbkrBroker] = IbkrBroker


MADE = Made()


def paced_day(
    world: World,
    chosen: Settings,
    speed: float | None = None,
    end: datetime | None = None,
    ended_at: datetime | None = None,
    made: Made = MADE,
) -> Day:
    """Everything real, and time waits for the bot: lock-step over TCP. The invariants are checked after every step.

    At ``ended_at`` the bot is ended, and lives again with what was on disk.
    """
    paper, clock, last = made.paper(), SteppedTime(world.now), end or end_of(world)
    invariants = Invariants(world, paper.disk)
    with SimGatewayThread(world, is_paced=True, speed=speed) as gateway:
        for until in (ended_at, last):
            if until is not None:
                board = _live_on(gateway, chosen, clock, paper, invariants, until, made.broker)
        books = gateway.books()
    return Day(board, paper, books)


def _live_on(
    gateway: SimGatewayThread,
    chosen: Settings,
    clock: SteppedTime,
    paper: Paper,
    invariants: Invariants,
    until: datetime,
    make_broker: Callable[..., IbkrBroker],
) -> StatusBuilder:
    """One life of the bot, with the memory of those before it."""
    board = StatusBuilder(chosen.symbols)
    machines: dict[str, Machine] = {JOURNAL: paper, BOARD: board, **make_machines(chosen, 1.0)}
    for row in list(paper.disk):
        for name in subscribers(row, DURABLE):
            if name in machines:
                machines[name].remember(row)
    wired = replace(hand_down.broker_settings(chosen), port=gateway.port)
    broker = make_broker(wired, now=clock.now, stepped=clock)
    port: BrokerPort = broker
    if chosen.dry_run:
        port = DryRunPort(broker, DryRunExchange(), clock.now)

    def is_over() -> bool:
        invariants.check(gateway.books())
        return clock.now() >= until

    supervisor = Supervisor(
        Parts(
            machines=machines,
            port=port,
            commit=paper.commit,
            record=paper.commit,
            now=clock.now,
            tick_s=1.0,
            first_message=m.LineStarted(clock.now(), "test", chosen.mode, chosen.dry_run, chosen.symbols),
            pace=broker,
            is_over=is_over,
        )
    )
    supervisor.run(0.5, lambda: None)
    assert supervisor.failed is None, supervisor.failed
    return board
