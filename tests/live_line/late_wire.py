"""A day on which everything may be late: frames on the wire, facts on their way to the line, commands, and the disk.

What is delayed comes from a seed; nothing is lost or changed. ``Order`` says how the frames to the gateway are held up:
``AT_RANDOM``, or ``BEHIND_ITS_ANSWER``, where what was written behind a question is delivered when its answer is long there.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from contextlib import suppress
from dataclasses import replace
from enum import StrEnum
from typing import Any

from bot.broker.connection.settings import BrokerSettings
from bot.broker.ibkr import IbkrBroker
from bot.domain.messages import Message
from tests.live_line.lines import Paper

_TIMEOUT_S = 30.0
_LONGEST_S = 0.002
_SHARE_OF_FRAMES, _SHARE_OF_HOPS = 0.1, 0.01
_NEXT_ID_ASKED, _NEXT_ID_TOLD = b"8\0", b"9\0"
"""The wire's numbers of reqIds and nextValidId."""


class Order(StrEnum):
    AT_RANDOM = "at random"
    BEHIND_ITS_ANSWER = "behind its answer"


class LateWire:
    """Stands between a client and the gateway at ``gateway_port``, and listens on ``port``."""

    def __init__(self, gateway_port: int, order: Order, seed: int = 0) -> None:
        self._gateway_port, self._order = gateway_port, order
        self._random = random.Random(seed)  # noqa: S311  a seeded course, no secret
        self._loop = asyncio.new_event_loop()
        self._answered = asyncio.Event()
        self._answered.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="late-wire", daemon=True)
        self._thread.start()
        listen = asyncio.start_server(self._came, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(listen, self._loop).result(_TIMEOUT_S)
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def _came(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        from_gateway, to_gateway = await asyncio.open_connection("127.0.0.1", self._gateway_port)
        for carried in (
            self._to_gateway(from_client, to_gateway),
            self._to_client(from_gateway, to_client),
        ):
            task = self._loop.create_task(carried)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _to_gateway(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, OSError):
            sink.write(await source.readexactly(4))  # "API\0", without a length
            while True:
                frame, said = await _read(source)
                if self._order is Order.AT_RANDOM:
                    await self._pause()
                elif not self._answered.is_set():
                    await self._answered.wait()
                    await asyncio.sleep(_LONGEST_S)
                if self._order is Order.BEHIND_ITS_ANSWER and said.startswith(_NEXT_ID_ASKED):
                    self._answered.clear()
                sink.write(frame)
        sink.close()

    async def _to_client(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, OSError):
            while True:
                frame, said = await _read(source)
                if self._order is Order.AT_RANDOM and self._random.random() < _SHARE_OF_FRAMES:
                    await self._pause()
                sink.write(frame)
                if said.startswith(_NEXT_ID_TOLD):
                    self._answered.set()
        sink.close()

    async def _pause(self) -> None:
        await asyncio.sleep(self._random.uniform(0, _LONGEST_S))

    def close(self) -> None:
        """Every connection ends, and the port is shut."""

        async def end() -> None:
            self._server.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(_TIMEOUT_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_TIMEOUT_S)
        self._loop.close()


async def _read(source: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """A frame as it came, and what it says."""
    length = await source.readexactly(4)
    said = await source.readexactly(int.from_bytes(length, "big"))
    return length + said, said


class Naps:
    """A thread that is late now and then."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  a seeded course, no secret

    def nap(self) -> None:
        if self._random.random() < _SHARE_OF_HOPS:
            time.sleep(self._random.uniform(0, _LONGEST_S))


class LateBroker(IbkrBroker):
    """Behind a late wire; what it tells and what it is told are late, too."""

    def __init__(self, settings: BrokerSettings, *, order: Order, seed: int, **how: Any) -> None:
        self.wire = LateWire(settings.port, order, seed)
        self._naps = Naps(seed)
        super().__init__(replace(settings, port=self.wire.port), **how)

    def rest(self) -> None:
        self._naps.nap()
        super().rest()

    def _publish_fact(self, fact: Message) -> None:
        self._naps.nap()
        super()._publish_fact(fact)

    def stop(self, timeout_s: float) -> None:
        super().stop(timeout_s)
        self.wire.close()


class LatePaper(Paper):
    """On a disk that is late now and then."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._naps = Naps(seed)

    def commit(self, message: Message) -> None:
        self._naps.nap()
        super().commit(message)
