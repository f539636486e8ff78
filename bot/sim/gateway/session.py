"""One client of the simulated gateway: its conversation, the bytes that wait for it, and what it asked to be told.

Rule: no socket; bytes come in by ``core`` and go out through ``take_bytes``. Ending a session never touches its orders.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Protocol

from bot.sim.gateway.pacing_limits import HistoryPace, MessageRate
from bot.wire import Connection, Role, encode

CHUNK_BYTES = 60_000
"""Clients' parsers cost quadratic time in what they are handed at once. No multiple of 4096: IB's own Python client forgets what
it read in such pieces when the rest comes more than a second later, since its loop gives up on a timeout."""


class Subscription(Protocol):
    """Something that goes on until it is stopped."""

    def stop(self) -> None: ...


class ClientSession:
    """``client_id`` is None until startApi; ``ending`` says why the connection is to be closed once all is sent."""

    def __init__(self, number: int, messages_per_second: int | None) -> None:
        self.number = number
        self.connection = Connection(Role.SERVER)
        self.client_id: int | None = None
        self.ending: str | None = None
        self.is_cut = False
        self.is_silent = False
        self.market_data_type = 1
        self.auto_binds = False
        self.wants_positions = False
        self.rate = MessageRate(messages_per_second)
        self.history_pace = HistoryPace()
        self.subscriptions: dict[tuple[str, int], Subscription] = {}
        self.messages_received = 0
        self._outbox: deque[bytes] = deque()
        self.outbox_bytes = 0

    @property
    def name(self) -> str:
        """What the log calls it."""
        return f"client {self.client_id}" if self.client_id is not None else f"connection {self.number}"

    @property
    def version(self) -> int:
        return self.connection.version or 0

    @property
    def is_started(self) -> bool:
        return self.client_id is not None and self.ending is None

    def write(self, kind: str, values: dict[str, Any]) -> None:
        """Put one message into the outbox; what is said to a session that ends, or fell silent, is dropped."""
        if self.ending is None and not self.is_silent:
            # Not by the connection: after startApi every answer is lawful, and quotes are sent by the hundred thousand.
            self.put(encode(kind, self.version, **values))

    def put(self, data: bytes) -> None:
        """Queue bytes; a message longer than a chunk is cut."""
        self.outbox_bytes += len(data)
        if len(data) <= CHUNK_BYTES:
            self._outbox.append(data)
        else:
            self._outbox.extend(data[i : i + CHUNK_BYTES] for i in range(0, len(data), CHUNK_BYTES))

    def take_bytes(self, limit: int = CHUNK_BYTES) -> bytes:
        """The next bytes to write, about ``limit`` at most; b"" when there are none."""
        taken: list[bytes] = []
        size = 0
        while self._outbox and (not taken or size + len(self._outbox[0]) <= limit):
            taken.append(self._outbox.popleft())
            size += len(taken[-1])
        self.outbox_bytes -= size
        return b"".join(taken)

    def drop_outbox(self) -> None:
        """Forget what was not sent: the connection is to be cut, not closed."""
        self.is_cut = True
        self._outbox.clear()
        self.outbox_bytes = 0

    def subscribe(self, family: str, req_id: int, subscription: Subscription) -> None:
        self.subscriptions[family, req_id] = subscription

    def unsubscribe(self, family: str, req_id: int) -> bool:
        """Stop and forget; False when there is no such subscription."""
        found = self.subscriptions.pop((family, req_id), None)
        if found is not None:
            found.stop()
        return found is not None

    def has(self, family: str, req_id: int) -> bool:
        return (family, req_id) in self.subscriptions

    def is_subscribed(self, req_id: int) -> bool:
        """To anything under this id."""
        return any(number == req_id for _, number in self.subscriptions)

    def stop_all(self) -> None:
        """The client is gone: nothing is sent to it any more."""
        for key in list(self.subscriptions):
            self.subscriptions.pop(key).stop()
        self.wants_positions = False
