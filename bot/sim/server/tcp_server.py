"""The TCP server around the gateway's core: sockets, and the clock that drives it, if any.

Rule: nothing is decided here. One thread and one event loop own the core; bytes are written in chunks, never more than
a client reads, and what waits beyond the core's limit drops the client. There is no authentication: whoever reaches
the port can trade, so the port is opened on the loopback unless another host is asked for.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime

from loguru import logger

from bot.domain.errors import FixTheMachine
from bot.sim.gateway.core import GatewayCore
from bot.sim.gateway.pace import Pace
from bot.sim.gateway.session import ClientSession
from bot.sim.handlers.session import tell_time
from bot.sim.world.steps import next_step

LOOPBACK = "127.0.0.1"
DEFAULT_PORT = 4002
_PUMP_EVERY_S = 0.005
_PUMP_BURST_S = 0.02
_SLICES_BURST_S = 0.005
_STALL_S = 5.0
_LINGER_S = 2.0
_KERNEL_BUFFER_BYTES = 256 * 1024
_DRAIN_ABOVE_BYTES = 256 * 1024
_QUIET_ROUNDS = 3
_SHUT_PAUSE_S = 0.02


class _Wire(asyncio.Protocol):
    """One socket and its session."""

    def __init__(self, gateway: SimGateway) -> None:
        self._gateway = gateway
        self._is_paused = False
        self.backlog: list[bytes] = []
        self.session: ClientSession
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError(f"not a stream: {transport!r}")
        self.transport = transport
        sock: socket.socket = transport.get_extra_info("socket")
        # The kernel would else grow the buffer to megabytes for a client that does not read.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BUFFER_BYTES)
        self.session = self._gateway.core.connect()
        self._gateway.wires.add(self)
        self.flush()

    def data_received(self, data: bytes) -> None:
        self._gateway.received(self, data)

    def eof_received(self) -> None:
        self._gateway.received(self, b"")

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._gateway.gone(self)

    def pause_writing(self) -> None:
        self._is_paused = True

    def resume_writing(self) -> None:
        self._is_paused = False
        self.flush()

    @property
    def unsent_bytes(self) -> int:
        if self.transport.is_closing():
            return 0
        return self.session.outbox_bytes + self.transport.get_write_buffer_size()

    def flush(self) -> None:
        """Write one chunk; the rest follows when the loop comes round, or when the client has read."""
        if self.transport.is_closing():
            return
        if not self._is_paused and self.session.outbox_bytes:
            self.transport.write(self.session.take_bytes())
        if self.session.outbox_bytes:
            if not self._is_paused:
                asyncio.get_running_loop().call_soon(self.flush)
        elif self.session.is_cut:
            self.transport.abort()
        elif self.session.ending is not None:
            self.transport.close()
            # A client that does not read its last bytes must not stay for ever.
            asyncio.get_running_loop().call_later(_LINGER_S, self.transport.abort)


class SimGateway:
    """``clock`` gives simulated now; without one, time passes only in ``advance_to``."""

    def __init__(
        self,
        core: GatewayCore,
        *,
        host: str = LOOPBACK,
        port: int = DEFAULT_PORT,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self.core = core
        self.host = host
        self.port = port
        self.wires: set[_Wire] = set()
        self._clock = clock
        core.does_slices_at_once = clock is None
        self._server: asyncio.Server | None = None
        self._placeholder: socket.socket | None = None
        self._is_advancing = False
        self._turns_ended: deque[datetime] = deque(maxlen=3)
        """By the clock, which the world may be behind. What came before the end of the last turn but two has been read: the
        sockets were looked at after it, and the turn that follows at once may overtake what that look has found."""
        self._word = asyncio.Event()
        """Somebody said something, or left."""

    @property
    def is_stepped(self) -> bool:
        """Whether time passes only in ``advance_to``, or when the clients let it."""
        return self._clock is None

    async def start(self) -> None:
        """Bind and listen; ``port`` 0 becomes the one that was found. Errors: FixTheMachine for a busy port."""
        self._placeholder = self._bind()
        self.port = self._placeholder.getsockname()[1]
        await self.sync_port()
        if self.host != LOOPBACK:
            logger.warning(
                "sim: listening on {} without authentication: whoever reaches it can trade", self.host
            )

    def _bind(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        bound = socket.socket(family, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((self.host, self.port))
        except OSError as error:
            bound.close()
            raise self._not_to_be_had(error) from None
        return bound

    def _not_to_be_had(self, error: OSError) -> FixTheMachine:
        where, remedy = f"{self.host}:{self.port}", "stop what uses it or choose another --port or --host"
        return FixTheMachine(f"cannot listen on {where} ({error.strerror}); {remedy}")

    async def sync_port(self) -> None:
        """Listen, or keep the port bound and refuse, as the scenario has it.

        Raises FixTheMachine when the port cannot be had.
        """
        if self.core.link.is_listening and self._placeholder is not None:
            loop = asyncio.get_running_loop()
            try:
                self._server = await loop.create_server(lambda: _Wire(self), sock=self._placeholder)
            except OSError as error:
                raise self._not_to_be_had(error) from None
            self._placeholder = None
        elif not self.core.link.is_listening and self._server is not None:
            self._server.close()
            self._server = None
            # A bound socket that does not listen refuses, and keeps the port from being taken meanwhile.
            self._placeholder = self._bind()

    async def stop(self) -> None:
        """Close the port and every connection; orders and time stay where they are."""
        if self._server is not None:
            self._server.close()
        if self._placeholder is not None:
            self._placeholder.close()
        for wire in list(self.wires):
            wire.transport.abort()
        await asyncio.sleep(0)

    # ── bytes

    def gone(self, wire: _Wire) -> None:
        """Its connection has ended."""
        self.wires.discard(wire)
        self.core.disconnected(wire.session)
        self._word.set()

    def received(self, wire: _Wire, data: bytes) -> None:
        """Bytes from a client: now, or behind the step of time that is being made."""
        if self._is_advancing:
            wire.backlog.append(data)
            return
        came = None
        if self._clock is not None:
            read_at = self._clock()
            came = (self._turns_ended[0] if self._turns_ended else read_at, read_at)
            self.catch_up(read_at)
        self.core.receive(wire.session, data, came)
        self.flush()
        self._word.set()

    def flush(self) -> None:
        for wire in list(self.wires):
            wire.flush()

    # ── time

    def catch_up(self, target: datetime) -> bool:
        """Step towards ``target`` for a short while; False when it was not reached."""
        deadline_s = time.perf_counter() + _PUMP_BURST_S
        while self.core.now < target and self.core.step(target):
            if time.perf_counter() > deadline_s:
                return False
        return True

    def do_slices(self) -> None:
        """Go on with the long answers for a short while."""
        deadline_s = time.perf_counter() + _SLICES_BURST_S
        while self.core.slices and time.perf_counter() < deadline_s:
            self.core.slices.do_one()

    async def pump(self, until: datetime | None = None) -> None:
        """Follow the clock until ``until`` (for ever without it). Raises ValueError where time is stepped."""
        if self._clock is None:
            raise ValueError("a stepped gateway has no clock to follow")
        while until is None or self.core.now < until:
            is_there = self.catch_up(self._clock())
            self.do_slices()
            self.flush()
            await self.sync_port()
            self._turns_ended.append(self._clock())
            await asyncio.sleep(_PUMP_EVERY_S if is_there and not self.core.slices else 0)

    async def keep_pace(self, speed: float | None = None, until: datetime | None = None) -> None:
        """Time waits: it takes each step when every client that takes part has let it. ``speed`` is a ceiling.

        It begins with the first client's word. While the door is shut to everybody it goes on by itself.
        """
        pace = self.core.pace = Pace()
        loop = asyncio.get_running_loop()
        not_before_s = loop.time()
        while until is None or self.core.now < until:
            self._word.clear()
            if pace.may_go_on:
                target = next_step(self.core.world)
                span_s = (target - self.core.now).total_seconds()
                if speed is not None:
                    not_before_s = max(not_before_s, loop.time() - span_s / speed) + span_s / speed
                    await asyncio.sleep(not_before_s - loop.time())
                await self._take_step(pace, target)
            elif self.core.link.is_shut:
                await asyncio.sleep(_SHUT_PAUSE_S)
                await self._take_step(pace, next_step(self.core.world))
            else:
                await self._word.wait()

    async def _take_step(self, pace: Pace, target: datetime) -> None:
        answered = pace.take_waiting()
        self.core.advance_to(target)
        for session in answered:
            tell_time(self.core, session)
        self.flush()
        await self.sync_port()

    async def advance_to(self, at: datetime) -> None:
        """Stepped time: hear what clients have sent, let time pass, return once every byte is written."""
        await self.settle()
        self._is_advancing = True
        try:
            while self.core.step(at):
                if max((wire.unsent_bytes for wire in self.wires), default=0) > _DRAIN_ABOVE_BYTES:
                    await self._drain()
            await self._drain()
        finally:
            self._is_advancing = False
        await self.settle()

    async def settle(self) -> None:
        """Hear everything that clients have sent by now and write every answer. No time passes."""
        quiet = 0
        while quiet < _QUIET_ROUNDS:
            before = sum(wire.session.messages_received for wire in self.wires), len(self.wires)
            for wire in list(self.wires):
                backlog, wire.backlog = wire.backlog, []
                for data in backlog:
                    self.core.receive(wire.session, data)
            await self._drain()
            await self.sync_port()
            # Each turn of the loop reads what has arrived on the sockets.
            await asyncio.sleep(0)
            after = sum(wire.session.messages_received for wire in self.wires), len(self.wires)
            quiet = quiet + 1 if after == before else 0

    async def _drain(self) -> None:
        """Write until nothing waits; a client that reads nothing for seconds is dropped."""
        self.flush()
        last, since_s = -1, time.monotonic()
        while (waiting := sum(wire.unsent_bytes for wire in self.wires)) > 0:
            if waiting != last:
                last, since_s = waiting, time.monotonic()
            elif time.monotonic() - since_s > _STALL_S:
                self._drop_slow()
                return
            await asyncio.sleep(0 if waiting < _DRAIN_ABOVE_BYTES else 0.001)
            self.flush()

    def _drop_slow(self) -> None:
        for wire in list(self.wires):
            if wire.unsent_bytes:
                self.core.cut(wire.session, "slow reader")
                wire.transport.abort()
