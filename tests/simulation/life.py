"""One line of the bot, from start to stop, kill or failure: made of the parts the composition root uses, in its order.

Swapped are the clock, the io thread (its coroutines run on the simulation's loop) and the runtime's threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, cast

import pykka

from bot.actors.runtime import Line, settle
from bot.actors.supervisor import CLOCK, Parts, Supervisor
from bot.assembly.halt_file import HaltFile
from bot.assembly.machines import make_machines
from bot.assembly.outside import Outside
from bot.assembly.port import make_broker
from bot.assembly.slow_disk import judge_disk
from bot.assembly.timing import Timing
from bot.broker.connection.pacing import Pacers
from bot.config import Settings, hand_down
from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.errors import RestartTheLine
from bot.domain.limits.messages import LimitsHeld, LiveSessionTraded
from bot.domain.messages import Message
from bot.journal.listener import JournalListener
from bot.journal.recover import restore_state
from bot.journal.store import Journal
from bot.ops.alerts.conditions import LastingConditions
from bot.ops.alerts.events import REMEMBERED, Alerts
from bot.ops.process.clock_steps import ClockStepWatch
from bot.ops.process.operator import Operator
from bot.ops.status.status_builder import StatusBuilder
from bot.wiring import ALERTS, BOARD, DURABLE, JOURNAL, Machine
from tests.simulation.actors import Heard, SimulatedPeer, Turns
from tests.simulation.clocks import HostClocks
from tests.simulation.loop import SimulatedLoop
from tests.simulation.swarm import Rhythm

RESTLESS = (
    frozenset(DURABLE)
    - {m.DayOpened, m.EquityMarked, m.Reconciled, m.SignalPostponed, LimitsHeld, LiveSessionTraded}
) | {
    m.ProtectionChanged,
    m.FeedChanged,
    b.BrokerConnected,
    b.BrokerDisconnected,
    b.LinkChanged,
    b.RequestFailed,
}
"""After one of these a deadline may be near, and the bot's clock ticks fast; what is slower than that is met a tick late."""
BUSY_S = 30.0


class LoopIo:
    """``IoThread`` without a thread."""

    def __init__(
        self,
        loop: SimulatedLoop,
        name: str,
        main: Callable[[], Coroutine[Any, Any, None]],
        failed: Callable[[BaseException], None],
    ) -> None:
        del name
        self._loop, self._make, self.failed = loop, main, failed
        self._main: asyncio.Task[None] | None = None
        self._first = 0
        self.is_stopping = False

    def start(self) -> None:
        self._older = {id(task) for task in self._loop.born}
        self._main = self._loop.create_task(self._make())
        self._main.add_done_callback(self._ended)

    def post(self, call: Callable[[], object]) -> bool:
        if self.is_stopping:
            return False
        self._loop.call_soon(self._guarded, call)
        return True

    def stop(self, timeout_s: float) -> bool:
        del timeout_s
        self.is_stopping = True
        if self._main is not None and not self._main.done():
            self._main.cancel()
        return True

    @property
    def tasks(self) -> list[asyncio.Task[Any]]:
        """Its own that are not done, oldest first."""
        return [task for task in self._loop.born if id(task) not in self._older and not task.done()]

    def _guarded(self, call: Callable[[], object]) -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001  as in IoThread: reported, never swallowed
            self.failed(error)

    def _ended(self, main: asyncio.Task[None]) -> None:
        if not main.cancelled() and (error := main.exception()) is not None:
            self.failed(error)
        for task in self.tasks:
            task.cancel()


class _Ticker:
    """The bot's clock on the loop. ``pause_s`` is asked before each tick."""

    def __init__(self, loop: SimulatedLoop, tick: Callable[[], None], pause_s: Callable[[], float]) -> None:
        self._loop, self._tick, self._pause_s = loop, tick, pause_s
        self._next: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._next = self._loop.call_later(self._pause_s(), self._run)

    def stop(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def hurry(self) -> None:
        """The pause has become shorter."""
        if self._next is not None and self._next.when() > self._loop.time() + self._pause_s():
            self.stop()
            self.start()

    def _run(self) -> None:
        self.start()
        self._tick()


class SimulatedSupervisor(Supervisor):
    """The product's, with peers and clock on the loop."""

    def __init__(self, parts: Parts, turns: Turns, ticker: _Ticker, on_end: Callable[[], None]) -> None:
        self._sim_turns, self._on_end = turns, on_end
        super().__init__(parts)
        self._clock = cast(Any, ticker)

    def _make_line(self, parts: Parts) -> Line:
        return Line(parts.commit)

    def _start_peer(self, name: str, machine: Any) -> None:
        self.line.peers[name] = SimulatedPeer(name, machine, self.line, self._on_failure, self._sim_turns)

    def _on_failure(self, component: str, error: BaseException, message: object) -> None:
        super()._on_failure(component, error, message)
        self._on_end()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every life of a run shares."""

    loop: SimulatedLoop
    clocks: HostClocks
    outside: Outside
    heard: Heard
    strategies: Callable[[Settings], dict[str, Machine]]
    rhythm: Rhythm
    chance: Any
    is_restart: bool = False

    def now(self) -> datetime:
        return self.clocks.now()


class Life:
    """``on_end`` is called when the line has failed."""

    def __init__(
        self, settings: Settings, around: Surroundings, journal: Journal, on_end: Callable[[], None]
    ) -> None:
        self.journal, self._around, self.is_dead = journal, around, False
        self._busy_until_s = 0.0
        loop, timing = around.loop, Timing(around.now)
        self.turns = Turns(loop, around.chance, around.rhythm.burst, self._hear)
        self.board = StatusBuilder(settings.symbols)
        limits = hand_down.lasting_limits(settings)
        alerts = Alerts(
            around.outside.alerts.put,
            lasting=None if limits is None else LastingConditions(limits),
            is_restart=around.is_restart,
        )
        alerts.catch_up(row.message for row in journal.living(REMEMBERED))
        machines: dict[str, Machine] = {JOURNAL: JournalListener(journal), ALERTS: alerts, BOARD: self.board}
        machines |= make_machines(settings, 1.0) | around.strategies(settings)
        restore_state(journal, machines)
        self.broker = make_broker(settings, journal, timing, Pacers())
        self.broker._settings = _with(self.broker._settings, quote_interval_s=around.rhythm.quote_interval_s)
        self.broker.make_io = partial(LoopIo, loop)  # type: ignore[assignment]  # the same methods
        self._ticker = _Ticker(loop, self._tick, self._pause_s)
        self._halt_file = HaltFile(journal.path.parent, lambda reason, by: self.operator.halt(reason, by))
        self.supervisor = SimulatedSupervisor(
            Parts(
                machines=machines,
                port=self.broker,
                commit=journal.commit,
                record=journal.record,
                now=around.now,
                tick_s=1.0,
                before_broker=self._halt_file.obey,
                first_message=m.LineStarted(
                    around.now(), "simulation", settings.mode, settings.dry_run, settings.symbols
                ),
            ),
            self.turns,
            self._ticker,
            on_end,
        )
        self.operator = Operator(
            lambda: self.board.status,
            self.supervisor.line.emit,
            lambda: settle(self.supervisor.line),
            around.now,
            beside=dict,
        )
        clocks = around.clocks
        self._steps = ClockStepWatch(around.now, clocks.step_s, self._offset_s, clocks.follow_the_wall)

    def start(self) -> None:
        with suppress(pykka.ActorDeadError):  # as in Supervisor.run: whoever died has said why
            self.supervisor.start()

    @property
    def io(self) -> LoopIo | None:
        return cast(LoopIo | None, self.broker._io)

    def _pause_s(self) -> float:
        rhythm = self._around.rhythm
        is_busy = self._around.loop.time() < self._busy_until_s or not self.board.status.is_reconciled
        return rhythm.busy_tick_s if is_busy else rhythm.quiet_tick_s

    def _hear(self, name: str, message: object) -> None:
        if type(message) in RESTLESS:
            was_busy = self._around.loop.time() < self._busy_until_s
            self._busy_until_s = self._around.loop.time() + BUSY_S
            if not was_busy:
                self._ticker.hurry()
        self._around.heard(name, message)

    def _tick(self) -> None:
        if self.is_dead or self.supervisor.failed is not None:
            return
        self.supervisor.line.emit(m.TimePassed(self._around.now()))
        slowest_s = self.journal.take_slowest_s()
        if slowest_s:
            judge_disk(slowest_s, self._around.outside, self.operator)
        self._halt_file.obey()
        self._watch_clock()

    def _watch_clock(self) -> None:
        """As ``run_line`` does between its pings."""
        try:
            for order in self._steps.beat():
                self.say(order)
        except RestartTheLine as error:
            self.supervisor._on_failure(CLOCK, error, "a step of the machine's clock")

    def _offset_s(self) -> float | None:
        pulse = self.board.status.figures.pulse
        return None if pulse is None else pulse.clock_offset_s

    def say(self, message: Message) -> None:
        self.supervisor.line.emit(message)

    async def stop(self, reason: str) -> None:
        """As SIGTERM, or after a failure: the io's tasks end first, as the thread's do."""
        self.supervisor.request_stop(reason)
        self._ticker.stop()
        self.broker.stop(0.0)
        io = self.io
        while io is not None and io.tasks:
            await asyncio.wait(io.tasks)
        self.supervisor.stop()
        self.is_dead = True

    def die(self) -> None:
        """As SIGKILL: nothing more is said, heard or written."""
        self.is_dead = self.turns.is_dead = True
        self._ticker.stop()
        self.broker._publish = None
        if self.io is not None:
            self.io.stop(0.0)
            for task in self.io.tasks:
                task.cancel()


def _with(value: Any, **changes: Any) -> Any:
    from dataclasses import replace

    return replace(value, **changes)
