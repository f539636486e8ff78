"""A network of two hosts in memory: streams with latency, loss, segments, partitions, resets and half-open ends.

A stream keeps its order, as TCP does: what is lost comes later, and everything behind it with it.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.simulation.loop import SimulatedLoop

Listener = Callable[[], asyncio.Protocol]
"""Makes the protocol of an accepted connection. Raises ConnectionRefusedError."""
WireLog = Callable[[float, str, bytes], None]
"""(when, from whom, what)"""

# RFC 6298: the first retransmission after at least a second in theory; Linux's least is 200 ms, doubled each time.
_RETRANSMIT_S = 0.2
_REFUSED_AFTER_S = 75.0
"""A dial into a partition: Linux gives up a SYN after about two minutes, macOS after 75 s. The bot's own limit is shorter."""


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    latency_s: float = 0.001
    jitter_s: float = 0.0
    loss: float = 0.0
    """Chance that a segment is lost and sent again."""
    split: float = 0.0
    """Chance that a write arrives in two pieces."""

    @property
    def is_smooth(self) -> bool:
        """Whether what is sent at a pace arrives at it."""
        return self.loss == 0 and self.jitter_s < 0.05


class Stream(asyncio.Transport):
    """One end of a connection."""

    def __init__(self, network: Network, name: str) -> None:
        super().__init__()
        self._network, self._name = network, name
        self.protocol: asyncio.Protocol | None = None
        self.peer: Stream
        self._clear_at_s = 0.0
        self._is_closing = self.is_over = False
        self.is_dead = False
        """Half-open: nothing leaves and nothing arrives, and nobody is told."""

    def write(self, data: Any) -> None:
        if self._is_closing or self.is_dead or not data:
            return
        data = bytes(data)
        self._network.note(self._name, data)
        for piece in self._network.pieces(data):
            self._ship(self.peer.receive, piece)

    def _ship(self, arrive: Callable[..., None], *what: Any) -> None:
        if self.is_dead:
            return
        # Two timers of one instant have no order in asyncio's heap.
        self._clear_at_s = max(self._clear_at_s + 1e-6, self._network.arrival_s())
        self._network.loop.call_at(self._clear_at_s, arrive, *what)

    def receive(self, data: bytes) -> None:
        if not self.is_over and not self.is_dead and self.protocol is not None:
            self.protocol.data_received(data)

    def write_eof(self) -> None:
        """Whoever closes here closes both ways."""

    def close(self) -> None:
        self._end(None, None)

    def abort(self) -> None:
        self._end(None, ConnectionResetError("connection reset by peer"))

    def _end(self, ours: Exception | None, theirs: Exception | None) -> None:
        if self._is_closing:
            return
        self._is_closing = True
        self._ship(self.peer.lose, theirs)
        self._network.loop.call_soon(self.lose, ours)

    def lose(self, error: Exception | None) -> None:
        """The connection has ended, as far as this end is concerned."""
        if self.is_over:
            return
        self.is_over = self._is_closing = True
        self._network.forget(self)
        if self.protocol is not None:
            self.protocol.connection_lost(error)

    def is_closing(self) -> bool:
        return self._is_closing

    def get_write_buffer_size(self) -> int:
        return 0

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        del name
        return default


class Network:
    """``chance`` draws latencies; ``tell`` is shown every write. ``digest`` is of all bytes, both ways, with their times."""

    def __init__(
        self, loop: SimulatedLoop, chance: random.Random, settings: NetworkSettings, tell: WireLog
    ) -> None:
        self.loop, self._random, self.settings, self._tell = loop, chance, settings, tell
        self._listeners: dict[int, Listener] = {}
        self._open: list[Stream] = []
        self._parted_until_s = 0.0
        self._sha = hashlib.sha256()
        self.bytes = 0

    @property
    def digest(self) -> str:
        return self._sha.hexdigest()

    def listen(self, port: int, listener: Listener) -> None:
        self._listeners[port] = listener

    async def connect(
        self, factory: Callable[[], asyncio.Protocol], host: str, port: int
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        del host
        await asyncio.sleep(2 * (self.arrival_s() - self.loop.time()))
        if self.loop.time() < self._parted_until_s:
            await asyncio.sleep(_REFUSED_AFTER_S)
            raise TimeoutError("the network is parted")
        if port not in self._listeners:
            raise ConnectionRefusedError(111, "connection refused")
        theirs = self._listeners[port]()
        here, there = Stream(self, "bot"), Stream(self, "gateway")
        here.peer, there.peer = there, here
        here.protocol, there.protocol = factory(), theirs
        self._open += [here, there]
        here.protocol.connection_made(here)
        self.loop.call_soon(there.protocol.connection_made, there)
        return here, here.protocol

    # ── weather ──

    def arrival_s(self) -> float:
        """When something sent now arrives."""
        settings, sent_s = self.settings, max(self.loop.time(), self._parted_until_s)
        takes_s = settings.latency_s + settings.jitter_s * self._random.random()
        wait_s = _RETRANSMIT_S
        while settings.loss and self._random.random() < settings.loss:
            takes_s, wait_s = takes_s + wait_s, wait_s * 2
        return sent_s + takes_s

    def pieces(self, data: bytes) -> list[bytes]:
        if len(data) < 2 or not self.settings.split or self._random.random() >= self.settings.split:
            return [data]
        at = self._random.randrange(1, len(data))
        return [data[:at], data[at:]]

    def part(self, seconds: float) -> None:
        """Nothing passes for so long; then it does, late, as retransmissions."""
        self._parted_until_s = max(self._parted_until_s, self.loop.time() + seconds)

    def freeze(self, seconds: float) -> None:
        """Every open connection becomes half-open (a router that forgot its table): the gateway's kernel gives up its
        retransmissions after so long, Linux's after 924 s (tcp_retries2)."""
        for stream in list(self._open):
            stream.is_dead = True
            self.loop.call_later(seconds, stream.lose, TimeoutError(110, "connection timed out"))

    def reset(self) -> None:
        """Every open connection breaks, and both ends hear of it."""
        for stream in list(self._open):
            stream.lose(ConnectionResetError("connection reset by peer"))

    def host_died(self, told_after_s: float) -> None:
        """The bot's host is gone: its ends say nothing more. The gateway's kernel notices when the host, up again, answers
        what it never sent with a reset; of a mere process, at once."""
        for stream in list(self._open):
            if stream.protocol is not None and stream._name == "bot":
                stream.protocol, stream.is_dead = None, True
                self.forget(stream)
                self.loop.call_later(told_after_s, stream.peer.lose, ConnectionResetError("reset"))

    def forget(self, stream: Stream) -> None:
        if stream in self._open:
            self._open.remove(stream)

    def note(self, who: str, data: bytes) -> None:
        self.bytes += len(data)
        self._sha.update(f"{self.loop.time():.6f} {who} {len(data)}\n".encode())
        self._sha.update(data)
        self._tell(self.loop.time(), who, data)
