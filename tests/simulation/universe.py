"""One run: gateway, network, disk, bot and operator in one thread on one loop, from a plan to a verdict."""

from __future__ import annotations

import asyncio
import hashlib
import math
import tempfile
import traceback
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from bot.actors.supervisor import CLOCK
from bot.assembly.failures import Failures
from bot.assembly.outside import Outside
from bot.assembly.timing import Timing
from bot.broker.connection.library import load_library
from bot.config import Settings
from bot.domain.errors import FixTheConfiguration, FixTheMachine
from bot.domain.types import Direction
from bot.journal.recover import open_journal
from bot.journal.store import JOURNAL_FILE
from bot.ops.alerts.alert import Alert, Severity
from bot.sim.faults.handle import bind
from bot.wiring import Machine
from tests.gauntlet.signals import told_strategy
from tests.simulation.calm import LIVES_WITHIN_S, judge_alive, judge_trading, repair
from tests.simulation.clocks import HostClocks
from tests.simulation.coverage import Coverage, noting_transitions
from tests.simulation.disk import Disk, PowerLost
from tests.simulation.door_rules import DoorRules
from tests.simulation.escapes import no_escape
from tests.simulation.gateway import SimulatedGateway
from tests.simulation.life import Life, Surroundings
from tests.simulation.loop import Escaped, SimulatedLoop, is_ours, run
from tests.simulation.network import Network
from tests.simulation.oracle import Oracle
from tests.simulation.outcome import Outcome
from tests.simulation.own_faults import OWN
from tests.simulation.streams import Streams
from tests.simulation.swarm import Fault, Plan
from tests.simulation.wire_watch import watch_wire
from tests.simulation.world import FEW, gateway_core, limits_of, most_lines, settings_of

STALL_TOLD_S = 3.0
"""A write that takes longer must be told to a person (docs/runbook.md, "The disk is slow")."""
_DOOR_EVERY_S = 10.0
BOOT_S = 10.0
"""systemd's RestartSec in roles/ibkr_bot."""


class Universe:
    def __init__(self, plan: Plan, directory: Path, loop: SimulatedLoop, *, keep: bool) -> None:
        self.plan, self.loop = plan, loop
        self.streams = Streams(plan.seed)
        self.coverage = Coverage()
        self.wire: list[tuple[float, str, bytes]] = []
        self.core = gateway_core(plan)
        if not plan.is_lean:
            watch_wire(self)
        self.network = loop.network = Network(
            loop, self.streams.of("network"), plan.network, self._note_wire if keep else lambda *_: None
        )
        rhythm = plan.rhythm
        looks = None if rhythm.looks_every_s is None else timedelta(seconds=rhythm.looks_every_s)
        tells = timedelta(seconds=rhythm.line_interval_s)
        self.gateway = SimulatedGateway(self.core, loop, self.network, looks, tells)
        self.clocks = HostClocks(self.gateway.at, loop.time)
        self.variables = {**FEW, **plan.variables}
        self.settings = settings_of(self.variables)
        self.oracle = Oracle(self.core, lambda: self.is_calm, limits_of(self.settings), self.age_s)
        self.disk = Disk(directory, self.streams.of("disk"), self.oracle, self._stall)
        self.disk.on_cut = lambda: self.die(power=True, away_s=30.0)
        self.door = DoorRules(
            self.core, self.oracle.verdict.expect, self.age_s, lambda: not self.has_lost_rows
        )
        self.gateway.on_closed, self.oracle.came = self.door.closed, self.door.came
        self.stalled_s = 0.0
        self.life: Life | None = None
        self.lives = 0
        self.away_until_s = 0.0
        self.news = asyncio.Event()
        self.said_otherwise: list[Callable[[str, dict[str, Any]], dict[str, Any]]] = []
        """What the gateway says of a kind passes through each of them."""
        self.is_over = False
        self.may_differ = self.has_lost_rows = False
        self.done: list[tuple[float, str]] = []
        """What was broken, and what else a reader wants to know, with the loop's time."""
        self._process: Failures | None = None
        loop.set_exception_handler(self._on_trouble)

    # ── time and surroundings ──

    def now(self) -> datetime:
        """As the bot's process shows it."""
        return self.clocks.now()

    @property
    def is_calm(self) -> bool:
        return self.plan.is_calm_at(self.loop.time())

    def age_s(self, fault: str) -> float:
        """How long ago such a fault began."""
        return min(
            (
                self.loop.time() - x.at_s
                for x in self.plan.faults
                if x.do == fault and x.at_s <= self.loop.time()
            ),
            default=math.inf,
        )

    def _stall(self, seconds: float) -> None:
        self.stalled_s += seconds
        if seconds >= STALL_TOLD_S:
            self.loop.call_later(seconds + 60, self._expect_told, self.life, seconds)
        if self.life is not None:
            self.life.turns.hold(seconds)

    def _expect_told(self, life: Life | None, seconds: float) -> None:
        """Unless the process has ended meanwhile."""
        if life is not None and life is self.life and not life.is_dead and life.supervisor.failed is None:
            is_told = any(key == "disk_slow" for _, key, *_ in self.oracle.alerts)
            self.oracle.verdict.expect("a slow disk is told", is_told, f"a write took {seconds:.1f} s")

    def monotonic(self) -> float:
        return self.loop.time() + self.stalled_s

    def _note_wire(self, at_s: float, who: str, data: bytes) -> None:
        self.wire.append((at_s, who, data))

    def tell(self, words: str) -> None:
        self.done.append((self.loop.time(), words))

    def put(self, alert: Alert) -> None:
        self.oracle.told(self.now(), alert.key, str(alert.severity), alert.title)

    def _on_trouble(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, PowerLost | OSError):
            return
        io = None if self.life is None else self.life.io
        if isinstance(error, Exception) and io is not None and not is_ours(error):
            if not io.is_stopping:
                io.failed(error)
            return
        trace = "" if error is None else "".join(traceback.format_exception(error)[-4:])
        self.oracle.verdict.broken.append(f"the simulation itself: {context.get('message')} {trace}")

    # ── the bot's host: systemd, and the process's own restarts ──

    async def live(self) -> None:
        while not self.is_over:
            if self.loop.time() < self.away_until_s:
                await asyncio.sleep(self.away_until_s - self.loop.time())
                continue
            if self._process is None:
                self.clocks.start_of_a_process()
                self._process = Failures(Timing(self.now), self._outside())
            try:
                goes_on = await self._one_line(self._process)
            except PowerLost:
                goes_on, self.life = False, None
            if not goes_on:
                self._process = None
                self.away_until_s = max(self.away_until_s, self.loop.time() + BOOT_S)

    def _outside(self) -> Outside:
        return cast(
            Outside,
            SimpleNamespace(
                metrics=SimpleNamespace(note_failure=lambda *_, **__: None),
                alerts=SimpleNamespace(put=self.put, failures={}),
                signals=SimpleNamespace(wanted=False),
            ),
        )

    async def _one_line(self, process: Failures) -> bool:
        """As ``bot.app.run``. False when the process has ended."""
        self.news.clear()
        self.lives += 1
        try:
            journal, repair = open_journal(self.disk.directory / JOURNAL_FILE, self.now)
        except FixTheMachine as error:
            self.put(Alert("journal:unopened", Severity.CRITICAL, "The bot cannot start", f"{error}"))
            return False
        self.disk.wrap(journal)
        if repair is not None:
            self.put(
                Alert(
                    f"journal:{repair.set_aside.name}",
                    Severity.CRITICAL,
                    "Halted: the journal was damaged",
                    f"{repair}",
                )
            )
            self.oracle.synced(self.disk.rows()[-1:])
        self._outside_now = process.outside
        try:
            self.life = Life(
                self.settings, self._surroundings(is_restart=bool(process.at)), journal, self.news.set
            )
            self.life.start()
        except FixTheMachine as error:
            self._drop(f"{error}")
            return False
        life = self.life
        await self.news.wait()
        if life.is_dead:
            return False
        failed = life.supervisor.failed
        await life.stop("failed" if failed else "redeploy")
        code = 0 if failed is None else process.judge(failed, journal)
        try:
            journal.close()
        except FixTheMachine:
            self.coverage.note("process", "the journal could not be closed")
        self.life = None
        if failed is not None:
            self.coverage.note("line failed", f"{failed.component}: {failed.error[:60]}")
            self.tell(f"line failed: {failed.component}: {failed.error[:300]}")
            self.oracle.verdict.expect(
                "a line fails by its disk alone",
                "FixTheMachine" in failed.error or failed.component == CLOCK,
                f"{failed.component}: {failed.error[:300]}",
            )
        return code is None

    def _drop(self, why: str) -> None:
        self.put(Alert("start:failed", Severity.CRITICAL, "The bot cannot start", why))
        if self.life is not None:
            self.life.die()
            self.life.journal._db.close()
            self.life = None

    def _surroundings(self, *, is_restart: bool) -> Surroundings:
        plan = self.plan
        signals = {minute: Direction(direction) for minute, direction in plan.signals.items()}

        def strategies(settings: Settings) -> dict[str, Machine]:
            return {
                f"strategy:{symbol}": told_strategy(symbol, settings, signals) for symbol in settings.symbols
            }

        return Surroundings(
            loop=self.loop,
            clocks=self.clocks,
            outside=self._outside_now,
            heard=_unheard if plan.is_lean else self.coverage.heard,
            strategies=strategies,
            rhythm=plan.rhythm,
            chance=self.streams.of("turns"),
            is_restart=is_restart,
        )

    def die(self, *, power: bool, away_s: float) -> None:
        """SIGKILL, or the power of the bot's host: all is gone but the disk."""
        self.away_until_s = max(self.away_until_s, self.loop.time() + away_s)
        if self.life is None or self.life.is_dead:
            return
        life = self.life
        self.oracle.deaths.append(self.now())
        files = self.disk.survivors(power=power)
        life.die()
        life.journal._db.close()
        self.disk.put_back(files)
        self.disk.is_full, self.disk.delay_s = False, 0.0
        self.network.host_died(away_s + 1.0 if power else 0.0)
        self.life, self._process = None, None
        self.news.set()

    # ── the end ──

    async def act(self) -> None:
        """The faults in their order, then the calm, then the verdict."""
        loop = self.loop
        live = loop.create_task(self.live())
        loop.call_later(_DOOR_EVERY_S, self._look_at_the_door)
        for fault in self.plan.faults:
            await asyncio.sleep(max(0.0, fault.at_s - loop.time()))
            self._break(fault)
        await asyncio.sleep(max(0.0, self.plan.calm_from_s - loop.time()))
        repair(self)
        await asyncio.sleep(
            max(0.0, min(self.plan.calm_from_s + LIVES_WITHIN_S, self.plan.until_s) - loop.time())
        )
        judge_trading(self)
        await asyncio.sleep(max(0.0, self.plan.until_s - loop.time()))
        self.gateway.catch_up()
        self.oracle.look()
        judge_alive(self)
        self.is_over = True
        if self.life is not None:
            self.news.set()
        await asyncio.wait([live], timeout=120)
        if live.done() and (error := live.exception()) is not None:
            self.oracle.verdict.broken.append(f"the host itself: {error!r}")

    def _look_at_the_door(self) -> None:
        if not self.is_over and not self.plan.is_lean:
            self.door.look()
            self.loop.call_later(_DOOR_EVERY_S, self._look_at_the_door)

    def _break(self, fault: Fault) -> None:
        self.tell(str(fault))
        self.coverage.note("fault", fault.do)
        own = OWN.get(fault.do)
        try:
            if own is not None:
                self.gateway.catch_up()
                own(self, **fault.how)
                self.gateway.settle()
            else:
                self.gateway.do(bind(fault.do, fault.how))
        except PowerLost:
            self.tell("the power failed while it was carried out")
        except FixTheConfiguration as error:  # nothing there to break
            self.tell(f"passed over: {error}")

    def outcome(self) -> Outcome:
        if self.life is not None:
            self.life.journal.close()
        rows = self.disk.rows()
        self.coverage.note_halts(rows)
        self.oracle.close(rows, most_lines(self.settings), may_differ=self.may_differ or self.has_lost_rows)
        sha = hashlib.sha256(self.network.digest.encode())
        for row in rows:
            # Words about the disk name the scratch directory, which no two runs share.
            sha.update("\x1f".join(row).replace(str(self.disk.directory), "STATE").encode())
        trades = sum(kind == "BracketClosed" for _, kind, _ in rows)
        return Outcome(
            self.plan,
            sha.hexdigest(),
            self.oracle.verdict,
            self.coverage,
            self.loop.time(),
            self.lives,
            self.oracle._seen,
            trades,
            self.oracle.worst_bare_s,
            self.wire,
            rows,
            self.oracle.alerts,
            self.done,
            self.gateway.at(0.0),
        )


def _unheard(_: str, __: object) -> None:
    """What a lean day reaches is nothing new."""


async def _until_found(u: Universe) -> None:
    found = asyncio.Event()
    u.oracle.verdict.on_broken = found.set
    tasks = [u.loop.create_task(u.act()), u.loop.create_task(found.wait())]
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


def simulate(plan: Plan, *, keep: bool = False, is_hasty: bool = False) -> Outcome:
    """Run a plan. ``keep``: the wire is kept, to be shown. ``is_hasty``: the first finding ends it."""
    load_library("ib_insync")  # whose import asks for a thread
    loop = SimulatedLoop()
    made: list[Universe] = []

    async def main(_: SimulatedLoop) -> None:
        made.append(Universe(plan, Path(scratch) / "state", loop, keep=keep))
        escapes = no_escape(made[0].monotonic, lambda: made[0].clocks.wall().timestamp(), plan.seed)
        with noting_transitions(made[0].coverage), escapes as found:
            await (_until_found(made[0]) if is_hasty else made[0].act())
        made[0].oracle.verdict.broken += [f"escaped from the simulation: {what}" for what in found]

    shm = Path("/dev/shm")  # noqa: S108  memory, where there is some: nothing is synced for real
    with tempfile.TemporaryDirectory(prefix="simulation-", dir=shm if shm.is_dir() else None) as scratch:
        try:
            run(main, loop)
        except Escaped as error:
            made[0].oracle.verdict.broken.append(f"escaped from the simulation: {error}")
        return made[0].outcome()
