"""The simulated gateway in a thread of its own: for tests, which move its time themselves.

    with SimGatewayThread(world) as gateway:
        ib.connect("127.0.0.1", gateway.port, clientId=1)
        gateway.advance(minutes=1)

Rule: the gateway's thread alone touches core and world; every method here hands a call over and waits for its end.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

from bot.domain.clock import ScaledTime
from bot.domain.errors import RestartTheLine
from bot.sim.faults.handle import FaultHandle
from bot.sim.gateway.core import GatewayCore
from bot.sim.gateway.pace import paced
from bot.sim.gateway.settings import GatewaySettings
from bot.sim.handlers.table import make_core
from bot.sim.server.tcp_server import LOOPBACK, SimGateway
from bot.sim.world.ledger import AccountLedger
from bot.sim.world.world import World

_Answer = TypeVar("_Answer")
_TIMEOUT_S = 60.0


class SimGatewayThread:
    """``speed`` None: time is stepped; else the world's time runs at that multiple of real time from now on.
    ``is_paced``: time waits for its clients instead, and ``speed`` is a ceiling.

    ``faults`` breaks things at run time. ``stop`` raises RestartTheLine if the gateway itself failed anywhere.
    """

    def __init__(
        self,
        world: World,
        *,
        settings: GatewaySettings | None = None,
        seed: int = 0,
        host: str = LOOPBACK,
        port: int = 0,
        speed: float | None = None,
        is_paced: bool = False,
    ) -> None:
        self._loop = asyncio.new_event_loop()
        chosen = settings or _stepped_settings(speed)
        self._core = make_core(world, paced(chosen) if is_paced else chosen, seed=seed)
        self._ceiling, self._is_paced = speed, is_paced
        self.clock = None if speed is None or is_paced else ScaledTime(world.now, time.time(), speed)
        clock = self.clock
        self._gateway = SimGateway(
            self._core, host=host, port=port, clock=None if clock is None else lambda: clock.at(time.time())
        )
        self._pump: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="sim-gateway", daemon=True)
        self._thread.start()
        self._do(self._start())
        self.faults = FaultHandle(self.ask)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _start(self) -> None:
        await self._gateway.start()
        if self._is_paced:
            self._pump = self._loop.create_task(self._gateway.keep_pace(self._ceiling))
        elif self.clock is not None:
            self._pump = self._loop.create_task(self._gateway.pump())

    def _do(self, work: Coroutine[Any, Any, _Answer]) -> _Answer:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_TIMEOUT_S)

    @property
    def port(self) -> int:
        return self._gateway.port

    @property
    def now(self) -> datetime:
        return self.ask(lambda core: core.now)

    def advance_to(self, at: datetime) -> None:
        """Let time pass up to and including ``at``; returns once all consequences are written to every client's socket."""
        self._do(self._gateway.advance_to(at))

    def advance(self, **span: float) -> None:
        """The same for a span: ``advance(minutes=1)``."""
        self.advance_to(self.now + timedelta(**span))

    def settle(self) -> None:
        """Hear and answer what clients have sent by now; no time passes."""
        self._do(self._gateway.settle())

    def ask(self, question: Callable[[GatewayCore], _Answer]) -> _Answer:
        """Run ``question`` in the gateway's thread, then write what came of it."""
        return self._do(self._ask(question))

    async def _ask(self, question: Callable[[GatewayCore], _Answer]) -> _Answer:
        answer = question(self._core)
        self._core.do_what_is_due()
        if self.clock is None and not self._is_paced:
            await self._gateway.settle()
        else:
            self._gateway.flush()
            await self._gateway.sync_port()
        return answer

    def books(self) -> AccountLedger:
        """The gateway's own books, for invariants."""
        return self.ask(lambda core: core.world.books())

    def stop(self) -> None:
        """Close everything; a second time is of no effect. Raises RestartTheLine when the thread does not end."""
        if self._loop.is_closed():
            return
        self._do(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_TIMEOUT_S)
        self._loop.close()
        if self._core.failures:
            raise RestartTheLine(f"the simulated gateway failed: {'; '.join(self._core.failures)}")

    async def _stop(self) -> None:
        if self._pump is not None:
            self._pump.cancel()
        await self._gateway.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _stepped_settings(speed: float | None) -> GatewaySettings:
    # While time stands still every message falls into the same second: a rate means nothing.
    return GatewaySettings(messages_per_second=None) if speed is None else GatewaySettings()
