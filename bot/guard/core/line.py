"""One client's line: the hello of both sides, whole frames out of any slices, and which frame may be what.

Rule: no bytes pass but whole frames that were looked at. The versions a client offers are narrowed to those whose every
layout is known here, as text: a guard does not read numbered bodies. A request whose id is not a plain number of a known kind
could be an order in disguise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from bot.wire import (
    FrameBuffer,
    MessageDirection,
    RemoteProtocolError,
    message_kinds,
    negotiate,
)
from bot.wire.frames import MAX_ANSWER_BYTES, MAX_REQUEST_BYTES, pack_frame

# What the guard reads for certain: the layouts that ib_insync and ib_async have too. Newer ones it lets nobody agree on.
_NEWEST_VERSION: Final = 178
_PREFIX: Final = b"API\0"
_UNDER_WAY: Final = timedelta(seconds=5)
LIVE: Final = 1
# IBKR Campus, "Market Data Type" (1 live, 2 frozen, 3 delayed, 4 delayed and frozen) and "Available Tick Types": ids of their own
# for what is delayed, not for what is frozen.
_DELAYED: Final = frozenset(b"%d" % n for n in (*range(66, 77), *range(80, 84), 88, 90, 103, 104))
_HELLO: Final = re.compile(rb"v([0-9]{1,6})(?:\.\.([0-9]{1,6}))?( [ -~]*)?\0?")
_KINDS: Final = [kind for kind in message_kinds() if kind.since <= _NEWEST_VERSION]
REQUESTS: Final = {str(k.id).encode(): k for k in _KINDS if k.direction is MessageDirection.REQUEST}
ANSWERS: Final = {str(k.id).encode(): k for k in _KINDS if k.direction is MessageDirection.ANSWER}


class Stage(Enum):
    """Where a line is. Nothing but a client that is STARTED is listened to for anything else."""

    HELLO = "the client has said nothing yet"
    GREETED = "the gateway has not answered yet"
    AGREED = "startApi is still to come"
    STARTED = "messages flow"


class Line:
    """``version`` and ``client_id`` are known once STARTED. Errors: RemoteProtocolError, which ends the line."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.stage = Stage.HELLO
        self.version = 0
        self.client_id = -1
        self.has_begun = False
        """The gateway has given the first order id, by which a client knows that it may speak."""
        self.quotes: dict[bytes, int] = {}
        """Which contract a market-data request of this client is for; 0 where that is not beyond doubt."""
        self.data_type = LIVE
        """What the client asked for last."""
        self._late: set[bytes] = set()
        self._ended_at: dict[bytes, datetime] = {}
        self._from_client = FrameBuffer(1024)
        self._from_gateway = FrameBuffer(1024)
        self._is_prefixed = False

    def hello(self, data: bytes) -> bytes | None:
        """Bytes of a client that has not greeted: what the gateway is told, once it is whole.

        Raises RemoteProtocolError for bytes that are no greeting.
        """
        self._from_client.receive(data)
        if not self._is_prefixed:
            start = self._from_client.peek(len(_PREFIX))
            if not _PREFIX.startswith(start):
                raise RemoteProtocolError("not a TWS API client")
            if len(start) < len(_PREFIX):
                return None
            self._from_client.take(len(_PREFIX))
            self._is_prefixed = True
        payload = self._from_client.next()
        if payload is None:
            return None
        match = _HELLO.fullmatch(payload)
        if match is None:
            raise RemoteProtocolError(f"not a range of versions: {payload[:32]!r}")
        low, high = int(match[1]), int(match[2] or match[1])
        version = negotiate(low, min(high, _NEWEST_VERSION))
        if version is None:
            unread = f"the client speaks versions {low}..{high}, which the guard cannot read"
            raise RemoteProtocolError(unread)
        self.stage, self._from_client.limit = Stage.GREETED, MAX_REQUEST_BYTES
        return _PREFIX + pack_frame(b"v%d..%d" % (low, version) + (match[3] or b""))

    def answered(self, payload: bytes) -> None:
        """The gateway's own hello. Errors: a version the guard cannot read."""
        text = payload.split(b"\0", 1)[0]
        if not text.isdigit() or negotiate(int(text), min(int(text), _NEWEST_VERSION)) is None:
            raise RemoteProtocolError(f"the gateway chose version {text[:16]!r}, which the guard cannot read")
        self.version, self.stage = int(text), Stage.AGREED
        self._from_gateway.limit = MAX_ANSWER_BYTES

    def subscribe(self, request: bytes, con_id: int) -> None:
        """Market data is asked for. A number that still stands for another contract stands for none: IB goes on with that."""
        if request not in self.quotes:  # what it is worth the gateway says; until then, what was asked for
            self.told_type(request, self.data_type)
        self.quotes[request] = con_id if self.quotes.get(request, con_id) == con_id else 0

    def told_type(self, request: bytes, data_type: int) -> None:
        """Whether the request's ticks are live."""
        (self._late.discard if data_type == LIVE else self._late.add)(request)

    def is_live(self, request: bytes, tick: bytes) -> bool:
        """Whether this tick tells a price of now."""
        return request not in self._late and tick not in _DELAYED

    def unsubscribe(self, request: bytes, now: datetime) -> None:
        """Ticks of it may still be under way: for a while the number stands for nothing else."""
        if self.quotes.pop(request, None) is not None:
            late = {number: at for number, at in self._ended_at.items() if now - at < _UNDER_WAY}
            self._ended_at = late | {request: now}

    def contract_of(self, request: bytes, now: datetime) -> int:
        """Whose quote a tick is, 0 for unknown."""
        ended_at = self._ended_at.get(request)
        if ended_at is not None:
            if now - ended_at < _UNDER_WAY:
                return 0
            del self._ended_at[request]
        return self.quotes.get(request, 0)

    def requests(self, data: bytes) -> Iterator[bytes]:
        """Whole payloads of the client."""
        self._from_client.receive(data)
        while (payload := self._from_client.next()) is not None:
            yield payload

    def answers(self, data: bytes) -> Iterator[bytes]:
        """Whole payloads of the gateway."""
        self._from_gateway.receive(data)
        while (payload := self._from_gateway.next()) is not None:
            yield payload
