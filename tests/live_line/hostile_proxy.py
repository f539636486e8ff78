"""A wire that lies: between a client and a gateway it flips, truncates, cuts, duplicates and delays bytes.

What happens when comes from a seed; which bytes it meets depends on the machine. It knows nothing of the protocol, so it
spoils whatever passes by: lengths, numbers, halves of messages.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

FAULTS = ("flip", "truncate", "cut", "duplicate", "delay")
READ_BYTES = 65_536
_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Malice:
    """``every_s``: real seconds between two faults of one direction, on average. ``to_gateway`` and ``to_client``: what may
    happen to bytes on that way."""

    seed: int = 0
    every_s: float = 4.0
    longest_delay_s: float = 1.5
    to_client: tuple[str, ...] = FAULTS
    to_gateway: tuple[str, ...] = FAULTS


class HostileProxy:
    """Listens on ``port``. ``done`` counts what was done, by way and kind; ``is_calm`` lets everything pass."""

    def __init__(self, gateway_port: int, malice: Malice) -> None:
        self._gateway_port, self._malice = gateway_port, malice
        self._random = random.Random(malice.seed)  # noqa: S311  a seeded course, no secret
        self.done: Counter[str] = Counter()
        self.is_calm = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="hostile-proxy", daemon=True)
        self._thread.start()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(_TIMEOUT_S)
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._came, "127.0.0.1", 0)

    async def _came(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        try:
            from_gateway, to_gateway = await asyncio.open_connection("127.0.0.1", self._gateway_port)
        except OSError:
            to_client.close()
            return
        ends = (to_client, to_gateway)
        for name, kinds, source, sink in (
            ("to gateway", self._malice.to_gateway, from_client, to_gateway),
            ("to client", self._malice.to_client, from_gateway, to_client),
        ):
            task = self._loop.create_task(self._carry(name, kinds, source, sink, ends))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry(
        self,
        way: str,
        kinds: tuple[str, ...],
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        ends: tuple[asyncio.StreamWriter, ...],
    ) -> None:
        due_s = self._next_due()
        try:
            while data := await source.read(READ_BYTES):
                kind = ""
                if kinds and not self.is_calm and self._loop.time() >= due_s:
                    kind, due_s = self._random.choice(kinds), self._next_due()
                    self.done[f"{way}: {kind}"] += 1
                if kind == "delay":
                    await asyncio.sleep(self._random.uniform(0.05, self._malice.longest_delay_s))
                sink.write(self._spoilt(kind, data))
                await sink.drain()
                if kind == "cut":
                    break
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for end in ends:
                end.close()

    def _next_due(self) -> float:
        return self._loop.time() + self._random.expovariate(1 / self._malice.every_s)

    def _spoilt(self, kind: str, data: bytes) -> bytes:
        if kind == "flip":
            spoilt = bytearray(data)
            for _ in range(self._random.randint(1, 3)):
                spoilt[self._random.randrange(len(data))] ^= 1 << self._random.randrange(8)
            return bytes(spoilt)
        if kind in ("truncate", "cut"):
            return data[: self._random.randrange(len(data))]
        if kind == "duplicate":
            begin = self._random.randrange(len(data))
            return data + data[begin:]
        return data

    def close(self) -> None:
        """Every connection ends, and the port is shut."""

        async def end() -> None:
            self._server.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(end(), self._loop).result(_TIMEOUT_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_TIMEOUT_S)
        self._loop.close()
