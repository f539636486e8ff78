"""Liveness belongs to the main thread: start in order, ping, wait, stop in reverse.

Crash-only: a machine that raises takes its whole line down. The caller builds a new line from the journal, through
the same start path as any other start; too many failures in a row end the process instead.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import pykka

from bot.actors.broker_link import BrokerLink
from bot.actors.clock import Clock
from bot.actors.desk import Desk, one_by_one, start_peer
from bot.actors.pacer import PacedPort, Pacer
from bot.actors.runtime import Commit, CommitAll, Line, failure, ping_component, settle, stop
from bot.actors.turns import TurnPeer, Turns
from bot.domain import messages as m
from bot.domain.errors import FixTheMachine, RestartTheLine
from bot.domain.port import BrokerPort
from bot.domain.types import Now
from bot.wiring import BROKER, JOURNAL, START_ORDER, Machine

Around = Callable[[Line], AbstractContextManager[object]]

PING_TIMEOUT_S = 10.0
PING_STEP_S = 2.5
"""So often the disk is looked at while a component does not answer."""
DISK_TIMEOUT_S = 45.0
"""Cards were seen to stall for 20 s at an fsync and to come back; below systemd's watchdog, which asks each minute."""
PACED_PING_TIMEOUT_S = 600.0
"""In lock-step the market waits for the line: a busy machine makes a day long, and nothing is missed by waiting. A restart
would change the day: with a load of 29 on two cores three seconds of work were seen to take three minutes."""
STOP_TIMEOUT_S = 5.0
CLOCK = "clock"
"""Whose step back ends a line: see ``ClockStepWatch``."""
SUPERVISOR = "supervisor"
"""Who failed when a component did not answer."""


class DiskHangsError(FixTheMachine):
    """What hangs might wake up beside the next line: only a new process is safe."""


class Ending(StrEnum):
    """Why a line ended."""

    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Parts:
    """What a line is made of, ready to start. ``tick_s`` is real seconds between two TimePassed."""

    machines: Mapping[str, Machine]
    port: BrokerPort
    commit: Commit
    record: Commit
    now: Now
    tick_s: float
    first_message: m.LineStarted
    commit_all: CommitAll | None = None
    """Several rows in one transaction; without it each is committed by itself."""
    disk_waits_s: Callable[[], float] = lambda: 0.0
    """For how long the disk has been at one write."""
    slow_disk: Callable[[float], None] = lambda _: None
    """Called, perhaps again and again, while that is long."""
    before_broker: Callable[[], None] = lambda: None
    """Called once every machine lives and before anything comes from the broker: a halt that was left is obeyed first."""
    pace: PacedPort | None = None
    """Where time waits for the line (a simulated day in lock-step): the adapter that lets it go on."""
    is_over: Callable[[], bool] = lambda: False
    """With ``pace``: asked after each step of the market, whether it was the last one."""


class Supervisor:
    """Runs one line from start to stop. ``request_stop`` may be called from a signal handler or any thread."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        """Rung from a signal's handler, too, which may come while this very thread waits for it: an Event's lock would then be
        taken twice, and the bot neither stop nor be watched any more."""
        self._is_rung = False
        self._stop_reason: str | None = None
        self._failure: m.MachineFailed | None = None
        self.line = self._make_line(parts)
        self._turns = None if parts.pace is None else Turns()
        self._ping_timeout_s = PING_TIMEOUT_S if parts.pace is None else PACED_PING_TIMEOUT_S
        self._clock = self._make_clock(parts)

    def _make_line(self, parts: Parts) -> Line:
        if parts.pace is not None:
            return Line(parts.commit)
        return Desk(parts.commit_all or one_by_one(parts.commit))

    def _make_clock(self, parts: Parts) -> Clock | Pacer:
        if parts.pace is None or self._turns is None:
            return Clock(parts.now, parts.tick_s, self.line.emit)
        return Pacer(
            self._turns, parts.pace, parts.now, self.line.emit, self._on_failure, self._is_over(parts.is_over)
        )

    def _is_over(self, is_over: Callable[[], bool]) -> Callable[[], bool]:
        def ask() -> bool:
            if is_over():
                self.request_stop("session over")
                return True
            return False

        return ask

    @property
    def failed(self) -> m.MachineFailed | None:
        return self._failure

    def request_stop(self, reason: str) -> None:
        self._stop_reason = self._stop_reason or reason
        self._ring()

    def _ring(self) -> None:
        self._is_rung = True
        self._bell.put(None)

    def _is_rung_within(self, wait_s: float) -> bool:
        if not self._is_rung:
            with suppress(queue.Empty):
                self._bell.get(timeout=wait_s)
        return self._is_rung

    def run(self, every_s: float, meanwhile: Callable[[], None], around: Around = nullcontext) -> Ending:
        """Start, call ``meanwhile`` from this thread every so often until somebody wants an end, stop.

        ``meanwhile`` is only called when every component has answered its ping. ``around`` is entered once the line
        has started and left before it stops.
        """
        try:
            self.start()
            with around(self.line):
                while not self._is_rung_within(every_s):
                    self.check()
                    meanwhile()
        except (pykka.Timeout, pykka.ActorDeadError) as error:
            self._on_failure(SUPERVISOR, error, "a component did not answer its ping")
        except RestartTheLine as error:
            self._on_failure(CLOCK, error, "a step of the machine's clock")
        except DiskHangsError as error:
            self._on_failure(SUPERVISOR, error, "a component waits for the disk")
        except FixTheMachine as error:
            self._on_failure(JOURNAL, error, "what the operator asked for, or the start of the line")
        finally:
            self.stop()
        return Ending.FAILED if self._failure else Ending.STOPPED

    def start(self) -> None:
        machines = self._parts.machines
        names = [
            name for slot in START_ORDER for name in machines if name == slot or name.startswith(slot + ":")
        ]
        for name in names:
            self._start_peer(name, machines[name])
        self._start_peer(BROKER, BrokerLink(self._parts.port))
        ping_component(self.line, PING_TIMEOUT_S)
        self.line.emit(self._parts.first_message)
        self._parts.before_broker()
        self._clock.start()
        self._parts.port.start(self._tell_broker_peer)

    def _start_peer(self, name: str, machine: Machine | BrokerLink) -> None:
        if self._turns is None:
            start_peer(name, machine, self.line, self._on_failure)
        else:
            self.line.peers[name] = TurnPeer(name, machine, self.line, self._on_failure, self._turns)

    def _tell_broker_peer(self, message: m.Message) -> None:
        with suppress(pykka.ActorDeadError):  # the line is going down, and its journal already says why
            self.line.peers[BROKER].tell(message)

    def check(self) -> None:
        """Every component answers. Raises where one does not: pykka.Timeout, or DiskHangsError where the disk is what hangs.

        A machine waits for the disk before what it says leaves, so a card that stalls looks like a component that hangs.
        It is told at once, and waited for: stops stand at the broker, and no entry leaves before its intent is on disk.
        """
        waited_s = 0.0  # in steps that were really waited: not by a clock, which goes on while the process is stopped
        while True:
            try:
                ping_component(self.line, PING_STEP_S)
            except pykka.Timeout:
                disk_s, waited_s = self._parts.disk_waits_s(), waited_s + PING_STEP_S
                if disk_s >= PING_STEP_S:
                    self._parts.slow_disk(disk_s)
                if disk_s >= DISK_TIMEOUT_S and waited_s >= self._ping_timeout_s:
                    raise DiskHangsError(
                        f"journal: the disk has been at one write for {disk_s:.0f} s; replace the card"
                    ) from None
                if disk_s < PING_STEP_S and waited_s >= self._ping_timeout_s:
                    raise
            else:
                return

    def stop(self) -> None:
        """The reverse of start: no more time, no more broker, then each component after its last message."""
        self._clock.stop()
        self._parts.port.stop(STOP_TIMEOUT_S)
        if self._failure is None and self.line.peers:
            settle(self.line, self._ping_timeout_s)
            with suppress(
                FixTheMachine, pykka.ActorDeadError
            ):  # a disk that takes nothing more holds up no stop
                self.line.emit(m.LineStopped(self._parts.now(), self._stop_reason or "end"))
        stop(self.line, reversed(list(self.line.peers)), STOP_TIMEOUT_S)

    def _on_failure(self, component: str, error: BaseException, message: object) -> None:
        at: datetime = self._parts.now()
        if self._failure is None:
            self._failure = failure(component, error, message, at)
            self._parts.record(self._failure)
        self._ring()
