"""A bot in a process of its own against a simulated gateway whose clock runs: started, killed, started again, compared."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from bot.domain import messages as m
from bot.domain.errors import FixTheMachine
from bot.domain.types import ConId, Side
from bot.journal.readers import connect_read_only
from bot.journal.store import JOURNAL_FILE, read_rows
from bot.sim.exchange.fractions.sizes import whole_units
from bot.sim.server.thread import SimGatewayThread
from bot.sim.world.build import recorded_world
from tests.gauntlet.judge import Judge, positions_of
from tests.gauntlet.rig import DAY, FEW, clock
from tests.gauntlet.score import Score
from tests.gauntlet.signals import ONCE

SPEED = 20.0
TIMEOUT_S = 240.0
LIMIT_S = 5.0
KILLED = -signal.SIGKILL


@dataclass
class Course:
    """One order's life with one death in it."""

    directory: Path
    die_at: int = 0
    die_by: signal.Signals = signal.SIGKILL
    fires_at: str = ONCE
    raises: bool = False
    start_at: str = "10:05"
    port: int | None = None
    deaths: int = 0
    pacing: tuple[str, ...] | None = None
    speed: float = SPEED
    variables: dict[str, str] = field(default_factory=dict)
    ends: list[int] = field(default_factory=list)
    """Exit codes of the lives that ended before the trade did."""
    bot: subprocess.Popen[str] | None = field(default=None)

    def __post_init__(self) -> None:
        world = recorded_world(["SPY"], DAY, start=clock(DAY, self.start_at), equity=Decimal(50_000))
        self.gateway = SimGatewayThread(world, speed=self.speed)
        self.judge = Judge(self.gateway)
        self._final: Score | None = None
        self.directory.mkdir(parents=True)

    @property
    def steps(self) -> list[str]:
        path = self.directory / "steps"
        return path.read_text().splitlines() if path.exists() else []

    def signals(self) -> dict[str, str]:
        return {self.fires_at: "bullish"}

    def start(self, die_at: int = 0) -> None:
        self.bot = self.process(die_at)

    def process(self, die_at: int = 0) -> subprocess.Popen[str]:
        plan = {
            "variables": {
                **FEW,
                "BROKER__PORT": str(self.port or self.gateway.port),
                "BROKER__EMBEDDED_GATEWAY": "false",
                "MONITORING__METRICS_ENABLED": "false",
                "MONITORING__ALERTS_ENABLED": "false",
                "EMBARGO__GATEWAY_RESTART__AT": "",
                **self.variables,
            },
            "signals": self.signals(),
            "raises": self.raises,
            "die_at": die_at,
            "die_by": int(self.die_by),
            "steps": str(self.directory / "steps"),
            "state": str(self.directory / "state"),
            "clock": str(self.gateway.clock),
        }
        log = (self.directory / "out").open("a")
        return subprocess.Popen(
            [sys.executable, "-m", "tests.live_line.mortal", json.dumps(plan)],
            stdout=log,
            stderr=log,
            text=True,
        )

    def wait(self, holds: Callable[[], bool]) -> None:
        """Wait on the wall's clock; whoever dies meanwhile is started again."""
        deadline = time.monotonic() + TIMEOUT_S
        while not holds():
            assert self.bot is not None
            if (code := self.bot.poll()) is not None:
                self.deaths += 1
                self.ends.append(code)
                assert self.deaths == 1, f"ended by itself: {(self.directory / 'out').read_text()[-2000:]}"
                self.start(0)
            assert time.monotonic() < deadline, f"nothing came of it; last steps {self.steps[-3:]}"
            self.bot_rest()

    def bot_rest(self) -> None:
        assert self.bot is not None
        try:
            self.bot.wait(0.1)
        except subprocess.TimeoutExpired:
            return

    def run(self) -> None:
        self.start(self.die_at)
        self.close_the_trade()

    def hold(self) -> None:
        """Wait for the position. A busy machine sends its entry late, at a price that has moved on, and gives it up; so the
        market comes to the order."""
        self.wait(self._holds)

    def _holds(self) -> bool:
        ends = [x for x in self.disk() if isinstance(x, m.EntryAbandoned | m.EntryDenied)]
        assert not ends, f"there will be no position: {ends}"
        for view in self.gateway.ask(lambda core: core.world.open_orders()):
            limit = view.order.limit_price
            if view.order.action is Side.BUY and limit is not None:
                bid, ask = float(limit) - 0.02, float(limit)
                self.gateway.faults.pin_quote(view.contract.con_id, bid=bid, ask=ask, size=50)
        return bool(self.position())

    def close_the_trade(self) -> None:
        """Let the position reach its target, see the trade ended, and stop."""
        self.wait(lambda: bool(self.position()) or self.has_ended())
        if self.position():
            ((con_id, _),) = self.position().items()
            self.gateway.faults.pin_quote(con_id, bid=9.0, ask=9.02, size=50)
        self.wait(self.has_ended)
        # What died after the end must find it ended.
        until = self.gateway.now + timedelta(seconds=10)
        self.wait(lambda: self.gateway.now >= until)
        self.wait(self.has_ended)
        self.terminate()

    def terminate(self) -> None:
        assert self.bot is not None
        has_been_asked = 0 < self.die_at <= len(self.steps) and not self.deaths
        if not has_been_asked:  # a second signal might meet an interpreter that is gone but for its exit
            self.bot.terminate()
        assert self.bot.wait(TIMEOUT_S) == 0

    def position(self) -> dict[ConId, int]:
        return dict(self.gateway.ask(positions_of))

    def disk(self) -> list[object]:
        path = self.directory / "state" / JOURNAL_FILE
        try:
            db = connect_read_only(path)
        except FixTheMachine:  # not there yet, or not more than a file
            return []
        try:
            return [row.message for row in read_rows(db)]
        finally:
            db.close()

    def has_ended(self) -> bool:
        """The trade is over, or void, and the last life has agreed with the broker."""
        disk = self.disk()
        starts = [n for n, x in enumerate(disk) if isinstance(x, m.LineStarted)]
        agreed = bool(starts) and any(isinstance(x, m.Reconciled) for x in disk[starts[-1] :])
        is_over = any(isinstance(x, m.BracketClosed | m.EntryAbandoned) for x in disk)
        return len(starts) > self.deaths and agreed and (is_over or self.is_void())

    def is_void(self) -> bool:
        """Killed before anything was approved: the signal is spent, and no order ever was."""
        disk = self.disk()
        fired = [x.bar_end for x in disk if isinstance(x, m.SignalFired)]
        is_late = bool(fired) and self.gateway.now >= fired[0] + timedelta(seconds=90)
        return is_late and not any(isinstance(x, m.PlaceBracket) for x in disk)

    def score(self) -> Score:
        books, disk = self.gateway.books(), self.disk()
        orders = self.gateway.ask(lambda core: core.world.open_orders())
        after = self.steps[self.die_at - 1] if 0 < self.die_at <= len(self.steps) else "not killed"
        return Score(
            scenario=f"{self.die_by.name} {after}",
            ids="G36",
            worst_unprotected_s=self.judge.worst_unprotected_s,
            reconcile_s=None,
            duplicated=tuple(self.judge.duplicated(books, disk)),
            lost=tuple(self.judge.lost(disk, orders)),
            naked=tuple(self.gateway.ask(self.judge.naked)),
            faults=(
                *self.judge.faults,
                *self.oddities(disk),
                *(f"still live: {v.order.order_ref}" for v in orders),
            ),
            overnight_s=self.judge.overnight_unprotected_s,
            pacing=self.pacing,
            limit_s=LIMIT_S,
        )

    def oddities(self, disk: list[object]) -> list[str]:
        ends = [x for x in disk if isinstance(x, m.BracketClosed | m.EntryAbandoned)]
        sides = dict.fromkeys(Side, 0)
        for done in self.judge.executed.values():
            sides[done.execution.side] += whole_units(done.execution.quantity)
        found = [] if sides[Side.BUY] == sides[Side.SELL] else [f"bought and sold {sides}"]
        placed = any(isinstance(x, m.PlaceBracket) for x in disk)
        # Another run may hear fewer statuses: then its last steps do not exist.
        # A process that was asked to stop takes its time: the end may find it stopping.
        allowed = ([KILLED],) if self.die_by == signal.SIGKILL else ([0], [])
        if 0 < self.die_at <= len(self.steps) and self.ends not in allowed:
            found.append(f"ended with {self.ends}")
        is_asked = self.die_by != signal.SIGKILL
        if is_asked and "Traceback" in (self.directory / "out").read_text():
            found.append("a traceback was printed")
        return found if len(ends) == int(placed) else [*found, f"{len(ends)} ends"]

    @property
    def final(self) -> Score:
        assert self._final is not None, "still running"
        return self._final

    def close(self) -> None:
        if self.bot is not None and self.bot.poll() is None:
            self.bot.kill()
            self.bot.wait()
        self._final = self.score()
        self.gateway.stop()
