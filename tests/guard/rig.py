"""A guard in a thread, in front of a simulated gateway, and a desk whose client talks through it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml

from bot.guard.clearing import Stop
from bot.guard.core.effects import Tell
from bot.guard.core.limits import Limits
from bot.guard.files import Files
from bot.guard.machine import Guard
from bot.guard.proxy import Proxy, wall_clock
from bot.sim.world.world import World
from tests.sim.desk import Desk

ROOT = Path(__file__).parents[2]
ACCOUNT = "DU1234567"
_PATIENCE_S = 120.0
_Answer = TypeVar("_Answer")


@cache
def _example() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "configs/guard.yaml").read_text(encoding="utf-8"))
    return found


def limits(**changes: Any) -> Limits:
    """The example's limits, with whole sections replaced or, given a dict, changed in part."""
    found = deepcopy(_example())
    found["clients"]["trade"] = [1, 2]
    for key, value in changes.items():
        found[key] = {**found[key], **value} if isinstance(value, dict) else value
    return Limits.model_validate(found)


class GuardThread:
    """``told`` is what the alert channel would say. ``later`` lets time pass for the guard; ``clock_set_s`` sets its clock."""

    def __init__(self, wall: Limits, gateway_port: int, directory: Path) -> None:
        self.told: list[Tell] = []
        self.ahead = timedelta(0)
        self.files = Files(directory)
        now = wall_clock()
        self.guard = Guard(wall, self.files.counts(now), now, self.files.stop(now))
        self.clock_set_s = 0.0
        self.proxy = Proxy(
            self.guard,
            self.files,
            ("127.0.0.1", gateway_port),
            self._tell,
            lambda: wall_clock() + self.ahead + timedelta(seconds=self.clock_set_s),
            monotonic=lambda: time.monotonic() + self.ahead.total_seconds(),
        )
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="guard", daemon=True)
        self._thread.start()
        self.do(self.proxy.start("127.0.0.1", 0))
        self._run = asyncio.run_coroutine_threadsafe(self.proxy.run(), self._loop)
        self.wait_told("view")

    def _tell(self, tell: Tell) -> None:
        with self._changed:
            self.told.append(tell)
            self._changed.notify_all()

    def wait_told(self, key: str) -> Tell:
        """The first alert of that kind, once it comes."""

        def found() -> Tell | None:
            return next((tell for tell in self.told if tell.key.startswith(key)), None)

        with self._changed:
            assert self._changed.wait_for(found, _PATIENCE_S), [tell.key for tell in self.told]
            tell = found()
            assert tell is not None
            return tell

    def do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE_S)

    def ask(self, question: Callable[[Guard], _Answer]) -> _Answer:
        async def answer() -> _Answer:
            return question(self.guard)

        found: _Answer = self.do(answer())
        return found

    def later(self, seconds: float) -> None:
        """Time passes for the guard, and it looks at its clock."""

        async def pass_by() -> None:
            self.ahead += timedelta(seconds=seconds)
            self.proxy.tick()

        self.do(pass_by())

    def tick(self) -> None:
        async def tick() -> None:
            self.proxy.tick()

        self.do(tick())

    def latch(self, reason: str = "a test", *, flatten: bool = False) -> None:
        """As ``ibkr-guard stop`` does."""
        self.files.latch(Stop(reason, "Ana", datetime.now(UTC), flatten))
        self.tick()

    def release(self) -> None:
        self.files.release("Ana", "all well", datetime.now(UTC))
        self.tick()

    def stop(self) -> None:
        if self._loop.is_closed():
            return
        self._run.cancel()
        self.do(self.proxy.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE_S)
        self._loop.close()


class GuardedDesk(Desk):
    """A desk of SPY's recorded day with the guard between client and gateway."""

    def __init__(
        self, library: str, directory: Path, wall: Limits | None = None, world: World | None = None
    ) -> None:
        self._directory, self._wall = directory, wall or limits()
        self.guard: GuardThread | None = None
        super().__init__(library, world)

    @property
    def wall(self) -> GuardThread:
        if self.guard is None:
            self.guard = GuardThread(self._wall, self.gateway.port, self._directory)
        return self.guard

    @property
    def door(self) -> int:
        return self.wall.proxy.port

    def close(self) -> None:
        if self.guard is not None:
            self.guard.stop()
        super().close()

    # ── what most tests do

    def place(self, contract: Any, *orders: Any) -> list[Any]:
        trades = [self.ib.placeOrder(contract, order) for order in orders]
        self.settle()
        return trades

    def quoted_option(self, *, right: str = "C") -> Any:
        """An option whose quotes the guard has seen."""
        contract = self.option(right=right)
        self.quote(contract)
        self.advance(seconds=5)
        return contract

    def ask(self, contract: Any) -> float:
        ticker = self.gateway.ask(lambda core: core.world.ticker(contract.conId))
        assert ticker is not None
        assert ticker.book.ask is not None
        return float(ticker.book.ask)

    def bracket(self, quantity: int, limit: float) -> list[Any]:
        parent, target, stop = self.ib.bracketOrder("BUY", quantity, limit, 9.0, 0.5)
        for order in (target, stop):
            order.ocaGroup, order.ocaType, order.tif = f"g{parent.orderId}", 2, "GTC"
        return [parent, target, stop]

    def words(self) -> list[str]:
        """What the guard has answered."""
        return [text for _, _, text in self.errors if "guard" in text]

    def statuses(self, trades: list[Any]) -> list[str]:
        return [trade.orderStatus.status for trade in trades]
