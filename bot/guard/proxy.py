"""Bytes between clients, the guard and the gateway: the thin shell. One thread, one loop.

Rule: whatever fails in here or in the machine closes every line and ends the process (fail closed); orders that rest at
the broker, and protection above all, stay as they are.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count

from loguru import logger

from bot.domain.errors import FixTheMachine, RestartTheLine
from bot.guard.core.effects import Close, Effect, Open, Tell, ToClient, ToGateway
from bot.guard.files import Files
from bot.guard.kept_counts import counts_to_json
from bot.guard.machine import Guard

_TICK_S = 0.2
_KEEP_EVERY = 5  # ticks
_SET_S = 5.0
"""A clock that goes otherwise than time by more than this was set: ages, rates and deadlines are no longer known."""
_AT_ONCE = 0x10000
"""Bytes taken from a socket at a time, into one place for all: a piece is worked off before the next is read."""


def wall_clock() -> datetime:
    return datetime.now(UTC)


class _End(asyncio.BufferedProtocol):
    """One socket. ``other`` is paused while this one cannot take more."""

    _room = memoryview(bytearray(_AT_ONCE))

    def __init__(self, proxy: Proxy, number: int, *, is_client: bool) -> None:
        self.proxy, self.number, self.is_client = proxy, number, is_client
        self.transport: asyncio.Transport | None = None
        self.other: _End | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  a stream's always is
        self.transport = transport
        if self.is_client:
            self.proxy.client_came(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        del sizehint
        return self._room

    def buffer_updated(self, nbytes: int) -> None:
        self.proxy.heard(self, bytes(self._room[:nbytes]))

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.proxy.lost(self)

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()

    def write(self, data: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()


class Proxy:
    """``tell`` is the alert channel; ``now`` the clock. ``port`` 0 becomes the one that was found."""

    def __init__(
        self,
        guard: Guard,
        files: Files,
        gateway: tuple[str, int],
        tell: Callable[[Tell], None],
        now: Callable[[], datetime] = wall_clock,
        beside: Callable[[], Mapping[str, object]] = dict,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``beside`` is what the status tells of the alert channel; ``monotonic`` seconds that nobody can set."""
        self.guard = guard
        self.port = 0
        self._files, self._gateway, self._tell, self._now = files, gateway, tell, now
        self._beside, self._monotonic = beside, monotonic
        self._ticked: tuple[datetime, float, float] | None = None
        self._numbers = count(1)
        self._clients: dict[int, _End] = {}
        self._upstream: dict[int, _End] = {}
        self._opening: set[asyncio.Task[None]] = set()
        self._failed: asyncio.Future[None] | None = None
        self._stamp = files.stamp()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> None:
        """Listen. Errors: FixTheMachine for a busy port."""
        loop = asyncio.get_running_loop()
        self._failed = loop.create_future()
        try:
            self._server = await loop.create_server(
                lambda: _End(self, next(self._numbers), is_client=True), host, port
            )
        except OSError as error:
            raise FixTheMachine(
                f"cannot listen on {host}:{port} ({error.strerror}); is a guard running?"
            ) from None
        self.port = self._server.sockets[0].getsockname()[1]
        self.tick()

    async def run(self) -> None:
        """Until it fails. Errors: RestartTheLine."""
        assert self._failed is not None  # noqa: S101  start() comes first
        ticks = 0
        while not self._failed.done():
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self._failed), _TICK_S)
            self.tick()
            ticks += 1
            if ticks % _KEEP_EVERY == 0:
                await self._keep()
        self._failed.result()

    async def _keep(self) -> None:
        """Counts and status to the disk. While it takes nothing no entry leaves, since a restart would forget it; exits do."""
        try:
            await asyncio.to_thread(self._files.keep, counts_to_json(self.guard.counts), self.status())
        except FixTheMachine as error:
            if not self.guard.unkept:
                self._tell(Tell("disk", f"no entries until the disk takes them: {error}", is_urgent=True))
            self.guard.unkept = f"the guard cannot keep its counts: {error}"
        else:
            if self.guard.unkept:
                self._tell(Tell("disk again", "the disk takes the guard's counts again", is_urgent=True))
            self.guard.unkept = ""

    async def stop(self) -> None:
        """Close every line and the port."""
        if self._server is not None:
            self._server.close()
        self._abort()
        await self._keep()
        await asyncio.sleep(0)

    def status(self) -> dict[str, object]:
        now = self._now()
        return {**self.guard.state(now), **self._beside(), "seen_s": now.timestamp()}

    def tick(self) -> None:
        """Time passes; a person may have stopped or gone on."""
        earliest, now, latest = self._monotonic(), self._now(), self._monotonic()
        self.do(lambda: self._look_at_clock(now, earliest, latest))
        stamp = self._files.stamp()
        if stamp != self._stamp:
            self._stamp = stamp
            self.do(lambda: self.guard.set_stop(self._files.stop(now), now))
        self.do(lambda: self.guard.time_passed(now))

    def _look_at_clock(self, now: datetime, earliest: float, latest: float) -> Iterable[Effect]:
        """An hour back would make a stale quote fresh and hold every deadline up. ``now`` was read between the other two.
        Errors: RestartTheLine, for a new beginning."""
        before, self._ticked = self._ticked, (now, earliest, latest)
        if before is not None:
            passed_s = (now - before[0]).total_seconds()
            if not earliest - before[2] - _SET_S <= passed_s <= latest - before[1] + _SET_S:
                raise RestartTheLine(f"the clock was set by about {passed_s - (latest - before[2]):+.0f} s")
        return ()

    # ── sockets

    def client_came(self, end: _End) -> None:
        self._clients[end.number] = end
        self.do(lambda: self.guard.connect(end.number))
        if end.transport is not None and not end.transport.is_closing():
            # Nothing is read before there is somebody to pass it on to.
            end.transport.pause_reading()
            self._open(end.number)

    def heard(self, end: _End, data: bytes) -> None:
        hear = self.guard.from_client if end.is_client else self.guard.from_gateway
        self.do(lambda: hear(end.number, data, self._now()))

    def lost(self, end: _End) -> None:
        ends = self._clients if end.is_client else self._upstream
        if ends.get(end.number) is end:
            self._close(end.number)

    def _open(self, number: int) -> None:
        task = asyncio.get_running_loop().create_task(self._connect(number))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _connect(self, number: int) -> None:
        end = _End(self, number, is_client=False)
        try:
            await asyncio.get_running_loop().create_connection(lambda: end, *self._gateway)
        except OSError:
            self._close(number)
            return
        client = self._clients.get(number)
        if client is None and number > 0:
            end.close()
            return
        self._upstream[number] = end
        if client is None:
            self.do(lambda: self.guard.opened(number))
        elif client.transport is not None:
            end.other, client.other = client, end
            client.transport.resume_reading()

    def _close(self, number: int) -> None:
        ends = [self._clients.pop(number, None), self._upstream.pop(number, None)]
        for end in ends:
            if end is not None:
                end.close()
        self.do(lambda: self.guard.closed(number))

    def _abort(self) -> None:
        for end in (*self._clients.values(), *self._upstream.values()):
            if end.transport is not None:
                end.transport.abort()

    # ── effects

    def do(self, work: Callable[[], Iterable[Effect]]) -> None:
        """Let the guard work, and carry out what comes of it."""
        if self._failed is None or self._failed.done():
            return
        try:
            for effect in work():
                self._carry_out(effect)
        except Exception as error:  # noqa: BLE001  whatever it is, nothing may pass from here on
            logger.exception("guard: failed; every line is closed")
            self._tell(
                Tell(
                    "failed",
                    f"the guard failed and closed every line: {type(error).__name__}",
                    is_urgent=True,
                )
            )
            self._failed.set_exception(RestartTheLine(f"the guard failed: {type(error).__name__}: {error}"))
            self._abort()

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case ToGateway(line, data):
                end = self._upstream.get(line)
                if end is not None:
                    end.write(data)
            case ToClient(line, data):
                end = self._clients.get(line)
                if end is not None:
                    end.write(data)
            case Open(line):
                self._open(line)
            case Close(line, why):
                logger.info("guard: line {} closed: {}", line, why)
                asyncio.get_running_loop().call_soon(self._close, line)
            case Tell():
                self._tell(effect)
