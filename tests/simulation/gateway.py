"""The product's gateway core on the simulated network: bytes and time go in, bytes come out. Nothing is decided here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.sim.gateway.core import GatewayCore
from bot.sim.gateway.session import ClientSession
from tests.simulation.loop import SimulatedLoop
from tests.simulation.network import Network

PORT = 4002


class _Wire(asyncio.Protocol):
    """One accepted connection and its session."""

    def __init__(self, gateway: SimulatedGateway) -> None:
        self._gateway = gateway
        self.session: ClientSession
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.session = self._gateway.core.connect()
        self._gateway.wires.append(self)
        self.flush()

    def data_received(self, data: bytes) -> None:
        self._gateway.catch_up()
        self._gateway.core.receive(self.session, data)
        self._gateway.settle()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self in self._gateway.wires:
            self._gateway.wires.remove(self)
            self._gateway.core.disconnected(self.session)
            self._gateway.on_closed()

    def flush(self) -> None:
        while self.session.outbox_bytes:
            self.transport.write(self.session.take_bytes())
        if self.session.is_cut:
            self.transport.abort()
        elif self.session.ending is not None:
            self.transport.close()


_MOMENT = timedelta(microseconds=1)


class SimulatedGateway:
    """``start`` is the world's time at the loop's zero.

    ``looks``: orders look at the market at these marks only, and so do readers of quotes at the marks of ``tells``, as whoever
    has bars by the minute sees it; what lies between is leapt over. None: at every point of the market.
    """

    def __init__(
        self,
        core: GatewayCore,
        loop: SimulatedLoop,
        network: Network,
        looks: timedelta | None = None,
        tells: timedelta = timedelta(0),
    ) -> None:
        self.core, self._loop, self._looks, self._tells = core, loop, looks, tells
        self._start = core.now
        self.wires: list[_Wire] = []
        self.on_closed: Callable[[], None] = lambda: None
        self._planned: asyncio.TimerHandle | None = None
        network.listen(PORT, self._accept)
        self._plan()

    def at(self, loop_s: float) -> datetime:
        return self._start + timedelta(seconds=loop_s)

    def loop_s(self, at: datetime) -> float:
        return (at - self._start).total_seconds()

    def _accept(self) -> asyncio.Protocol:
        self.catch_up()
        if not self.core.link.is_listening:
            raise ConnectionRefusedError(111, "connection refused")
        return _Wire(self)

    def catch_up(self) -> None:
        """Bring the world to the loop's time."""
        at = max(self.at(self._loop.time()), self.core.now)
        if self._looks is None:
            self.core.advance_to(at)
            return
        while (mark := self._next_mark()) <= at:
            if self._is_looked_at(mark):
                self._leap(mark - _MOMENT)
                self.core.advance_to(mark)
            else:
                self._leap(mark)
        self._leap(at)

    def _next_mark(self) -> datetime:
        assert self._looks is not None
        passed = (self.core.now - self._start) // self._looks
        return self._start + (passed + 1) * self._looks

    def _is_looked_at(self, mark: datetime) -> bool:
        world = self.core.world
        is_told = not self._tells or not (mark - self._start) % self._tells
        return is_told or world.market.session is None or bool(world.open_orders())

    def _leap(self, at: datetime) -> None:
        """As ``core.advance_to``, and no order or reader looks on the way."""
        core = self.core
        while True:
            due = core.timers.next_at()
            target = at if due is None else min(at, due)
            core.apply(core.world.leap_to(max(target, core.now)))
            core.do_what_is_due()
            if core.now >= at:
                return

    def settle(self) -> None:
        """Write what waits, and plan the next instant at which something happens by itself."""
        for wire in list(self.wires):
            wire.flush()
        self._plan()

    def _plan(self) -> None:
        due = self.core.timers.next_at()
        point = self.core.world.next_point() if self._looks is None else self._next_mark()
        at = point if due is None else min(point, due)
        when = max(self._loop.time(), self.loop_s(at))
        if self._planned is not None:
            if not self._planned.cancelled() and self._planned.when() == when:
                return
            self._planned.cancel()
        self._planned = self._loop.call_at(when, self._pump)

    def _pump(self) -> None:
        self._planned = None
        self.catch_up()
        self.settle()

    def do(self, action: object) -> None:
        """A fault: a function of the core."""
        assert callable(action)
        self.catch_up()
        action(self.core)
        self.settle()
