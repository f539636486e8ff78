"""One run: gateway, network, disk, bot and operator in one thread on one loop, from a plan to a verdict."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
import traceback
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from bot.assembly.failures import Failures
from bot.assembly.outside import Outside
from bot.assembly.timing import Timing
from bot.broker.connection.library import load_library
from bot.config import Settings, load_settings
from bot.domain.errors import FixTheConfiguration, FixTheMachine
from bot.domain.session import NEW_YORK
from bot.domain.types import Direction, TradingState
from bot.journal.recover import open_journal
from bot.journal.store import JOURNAL_FILE
from bot.ops.alerts.alert import Alert, Severity
from bot.sim.faults.handle import bind
from bot.sim.gateway.settings import GatewaySettings
from bot.sim.handlers.table import make_core
from bot.sim.world.build import recorded_world
from bot.wiring import Machine
from tests.gauntlet.signals import told_strategy
from tests.simulation.coverage import Coverage, noting_transitions
from tests.simulation.disk import Disk, PowerLost
from tests.simulation.escapes import no_escape
from tests.simulation.gateway import PORT, SimulatedGateway
from tests.simulation.life import Life, Surroundings
from tests.simulation.loop import Escaped, SimulatedLoop, is_ours, run
from tests.simulation.network import Network
from tests.simulation.oracle import Oracle
from tests.simulation.outcome import Outcome
from tests.simulation.own_faults import OWN
from tests.simulation.streams import Streams
from tests.simulation.swarm import Fault, Plan

DAYS = (date(2011, 1, 26),)
FEW = {
    "MARKET_DATA__STRIKES_EACH_SIDE": "1",
    "OPTIONS__MIN_VOLUME": "0",
    "OPTIONS__MAX_SPREAD_PCT": "0.10",
    "BROKER__PORT": str(PORT),
    "BROKER__EMBEDDED_GATEWAY": "false",
    "EMBARGO__GATEWAY_RESTART__AT": "",
    "MONITORING__METRICS_ENABLED": "false",
}
BOOT_S = 10.0
"""systemd's RestartSec in roles/ibkr_bot."""


class Universe:
    def __init__(self, plan: Plan, directory: Path, loop: SimulatedLoop, *, keep: bool) -> None:
        self.plan, self.loop = plan, loop
        self.streams = Streams(plan.seed)
        self.coverage = Coverage()
        self.wire: list[tuple[float, str, bytes]] = []
        hour, minute = map(int, plan.start.split(":"))
        start = datetime.combine(DAYS[0], time(hour, minute), NEW_YORK)
        world = recorded_world(["SPY"], DAYS[0], start=start, seed=plan.market, equity=Decimal(50_000))
        settings = GatewaySettings(bar_update_every=timedelta(seconds=plan.bar_update_s))
        self.core = make_core(world, settings, seed=plan.seed)
        self._watch_wire()
        self.network = loop.network = Network(
            loop, self.streams.of("network"), plan.network, self._note_wire if keep else lambda *_: None
        )
        self.gateway = SimulatedGateway(self.core, loop, self.network)
        self.variables = {**FEW, **plan.variables}
        self.settings = load_settings(None, self.variables)
        risk = self.settings.risk
        self.oracle = Oracle(
            self.core, lambda: self.is_calm, risk.max_open_positions, risk.max_contracts_per_order
        )
        self.disk = Disk(directory, self.streams.of("disk"), self.oracle, self._stall)
        self.disk.on_cut = lambda: self.die(power=True, away_s=30.0)
        self.clock_step_s = 0.0
        self.stalled_s = 0.0
        self.life: Life | None = None
        self.lives = 0
        self.away_until_s = 0.0
        self.news = asyncio.Event()
        self.is_over = False
        self.may_differ = self.has_lost_rows = False
        self.done: list[tuple[float, str]] = []
        """What was broken, and what else a reader wants to know, with the loop's time."""
        self._process: Failures | None = None
        loop.set_exception_handler(self._on_trouble)

    # ── time and surroundings ──

    def now(self) -> datetime:
        """The bot's clock."""
        return self.gateway.at(self.loop.time() + self.clock_step_s)

    @property
    def is_calm(self) -> bool:
        return self.loop.time() > self.plan.calm_from_s + 60

    def _stall(self, seconds: float) -> None:
        self.stalled_s += seconds
        if self.life is not None:
            self.life.turns.hold(seconds)

    def monotonic(self) -> float:
        return self.loop.time() + self.stalled_s

    def _note_wire(self, at_s: float, who: str, data: bytes) -> None:
        self.wire.append((at_s, who, data))

    def _watch_wire(self) -> None:
        send, received = self.core.send, self.core.received

        def sent(session: Any, kind: str, **values: Any) -> None:
            self.coverage.note("answer", kind)
            if kind == "error":
                self.coverage.note("error code", values["errorCode"])
            send(session, kind, **values)

        def heard(session: Any, message: Any) -> None:
            self.coverage.note("request", message.kind)
            received(session, message)

        self.core.send, self.core.received = sent, heard  # type: ignore[method-assign]  # an observer at the door

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
            now=self.now,
            outside=self._outside_now,
            heard=self.coverage.heard,
            strategies=strategies,
            quote_interval_s=plan.quote_interval_s,
            lean_tick_s=plan.lean_tick_s,
            burst=plan.burst,
            chance=self.streams.of("turns"),
            is_restart=is_restart,
        )

    def die(self, *, power: bool, away_s: float) -> None:
        """SIGKILL, or the power of the bot's host: all is gone but the disk."""
        self.away_until_s = max(self.away_until_s, self.loop.time() + away_s)
        if self.life is None or self.life.is_dead:
            return
        life = self.life
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
        for fault in self.plan.faults:
            await asyncio.sleep(max(0.0, fault.at_s - loop.time()))
            self._break(fault)
        await asyncio.sleep(max(0.0, self.plan.calm_from_s - loop.time()))
        self._repair()
        await asyncio.sleep(max(0.0, self.plan.until_s - loop.time()))
        self.gateway.catch_up()
        self.oracle.look()
        self._is_alive()
        self.is_over = True
        if self.life is not None:
            self.news.set()
        await asyncio.wait([live], timeout=120)
        if live.done() and (error := live.exception()) is not None:
            self.oracle.verdict.broken.append(f"the host itself: {error!r}")

    def _is_alive(self) -> None:
        verdict, life = self.oracle.verdict, self.life
        failed = None if life is None else life.supervisor.failed
        verdict.expect("alive in calm", life is not None and failed is None, f"no line runs: {failed}")
        if life is None or failed is not None:
            return
        status = life.board.status
        is_halted, causes = status.trading_state is TradingState.HALTED, sorted(status.causes)
        verdict.expect(
            "connected in calm",
            status.is_connected,
            f"not connected, {status.trading_state} {causes}",
        )
        verdict.expect(
            "reconciled, or halted with a name, in calm",
            status.is_reconciled or (is_halted and bool(causes)),
            f"not reconciled, {status.trading_state} {causes}",
        )
        verdict.expect("a halt has a name", not is_halted or bool(causes), "halted without a cause")

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

    def _repair(self) -> None:
        """Every fault ends."""
        self.disk.is_full, self.disk.delay_s, self.disk.cut_in = False, 0.0, None
        self.network.settings = self.plan.network
        core = self.core
        for name, how in (
            ("clear", {}),
            ("clock_skew", {"seconds": 0.0}),
            ("log_in", {}),
            ("show_quotes", {}),
            ("gateway", {"read_only": False, "market_data_lines": 100, "history_delay_s": 0}),
            (
                "exchange",
                {
                    "displayed_size": None,
                    "cancel_latency_s": 0,
                    "commission_delay_s": 0,
                    "children_on_partial_parent": True,
                    "oca_cancels_on_partial": True,
                },
            ),
        ):
            self.gateway.do(bind(name, how))
        core.link.is_silent = core.link.closes_after_accept = core.link.competing_session = False
        core.faults._held.clear()

    def outcome(self) -> Outcome:
        if self.life is not None:
            self.life.journal.close()
        rows = self.disk.rows()
        self.oracle.close(rows, may_differ=self.may_differ or self.has_lost_rows)
        sha = hashlib.sha256(self.network.digest.encode())
        for row in rows:
            sha.update("\x1f".join(row).encode())
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


def simulate(plan: Plan, *, keep: bool = False) -> Outcome:
    """Run a plan. ``keep``: the wire is kept, to be shown."""
    load_library("ib_insync")  # whose import asks for a thread
    loop = SimulatedLoop()
    made: list[Universe] = []

    async def main(_: SimulatedLoop) -> None:
        made.append(Universe(plan, Path(scratch) / "state", loop, keep=keep))
        escapes = no_escape(made[0].monotonic, lambda: made[0].now().timestamp(), plan.seed)
        with noting_transitions(made[0].coverage), escapes as found:
            await made[0].act()
        made[0].oracle.verdict.broken += [f"escaped from the simulation: {what}" for what in found]

    shm = Path("/dev/shm")  # noqa: S108  memory, where there is some: nothing is synced for real
    with tempfile.TemporaryDirectory(prefix="simulation-", dir=shm if shm.is_dir() else None) as scratch:
        try:
            run(main, loop)
        except Escaped as error:
            made[0].oracle.verdict.broken.append(f"escaped from the simulation: {error}")
        return made[0].outcome()
