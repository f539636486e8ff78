"""The protocol's states, sans I/O: bytes in, events out, for either end of the line.

Rule 1: everything that affects the state is in ``CONNECTION_TRANSITIONS``; what is not listed there is an error naming the
event, the role and the state. Rule 2: a remote error that leaves the stream out of step is final; one that does not
(``recoverable``) concerns that message only, and the caller decides whether to answer it or to close.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from bot.wire.errors import LocalProtocolError, RemoteProtocolError
from bot.wire.frames import (
    MAX_ANSWER_BYTES,
    MAX_REQUEST_BYTES,
    FrameBuffer,
    join_fields,
    pack_frame,
    split_fields,
)
from bot.wire.layout import MessageDirection
from bot.wire.records import WireMessage
from bot.wire.schema import SUPPORTED_VERSIONS, decode, direction_of, encode

__all__ = [
    "CONNECTION_TRANSITIONS",
    "SPEAKER",
    "ClientHello",
    "Closed",
    "Connection",
    "Event",
    "Role",
    "ServerHello",
    "State",
    "negotiate",
]

# The clients' hello: "API", NUL, and the range of versions with optional connect options (ib_insync, client.connect).
_PREFIX: Final = b"API\0"
_HELLO: Final = re.compile(r"v([0-9]{1,6})(?:\.\.([0-9]{1,6}))?(?: (.*))?", re.ASCII | re.DOTALL)
_MAX_HELLO_BYTES: Final = 1024


class Role(Enum):
    """Which end we are."""

    CLIENT = "client"
    SERVER = "server"


class State(Enum):
    """Where the conversation is."""

    IDLE = "nothing said yet"
    GREETED = "the client has named its versions"
    AGREED = "the version is agreed"
    STARTED = "messages flow"
    CLOSED = "the peer has closed"
    BROKEN = "the stream is out of step"


@dataclass(frozen=True, slots=True)
class ClientHello:
    """The client opened. ``min_version``/``max_version`` are its own; ``options`` its connect options."""

    min_version: int
    max_version: int
    options: str


@dataclass(frozen=True, slots=True)
class ServerHello:
    """The server answered with the version to speak and its time, as text."""

    version: int
    connection_time: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The peer closed its end between two messages."""


Event = ClientHello | ServerHello | WireMessage | Closed


class _Move(Enum):
    CLIENT_HELLO = "the client's hello"
    SERVER_HELLO = "the server's hello"
    START_API = "startApi"
    REQUEST = "a request"
    ANSWER = "an answer"


# One table for both roles; who may make a move is in SPEAKER.
# Nothing may come between the server's hello and startApi, because clients throw that part of a buffer away.
CONNECTION_TRANSITIONS: Final[dict[State, dict[_Move, State]]] = {
    State.IDLE: {_Move.CLIENT_HELLO: State.GREETED},
    State.GREETED: {_Move.SERVER_HELLO: State.AGREED},
    State.AGREED: {_Move.START_API: State.STARTED},
    State.STARTED: {
        _Move.START_API: State.STARTED,
        _Move.REQUEST: State.STARTED,
        _Move.ANSWER: State.STARTED,
    },
    State.CLOSED: {},
    State.BROKEN: {},
}
SPEAKER: Final[dict[_Move, Role]] = {
    _Move.CLIENT_HELLO: Role.CLIENT,
    _Move.SERVER_HELLO: Role.SERVER,
    _Move.START_API: Role.CLIENT,
    _Move.REQUEST: Role.CLIENT,
    _Move.ANSWER: Role.SERVER,
}


def _move_of(kind: str, direction: MessageDirection) -> _Move:
    if direction is MessageDirection.ANSWER:
        return _Move.ANSWER
    return _Move.START_API if kind == "startApi" else _Move.REQUEST


def negotiate(client_min: int, client_max: int) -> int | None:
    """The version to speak with a client of that range: the highest we speak up to its maximum, or ``None``."""
    version = max((ours for ours in SUPPORTED_VERSIONS if ours <= client_max), default=0)
    return version if version >= client_min and version else None


class Connection:
    """One conversation. ``version`` is ``None`` until it is agreed."""

    def __init__(self, role: Role, *, max_frame_bytes: int | None = None) -> None:
        usual = MAX_REQUEST_BYTES if role is Role.SERVER else MAX_ANSWER_BYTES
        self.role = role
        self.state = State.IDLE
        self.version: int | None = None
        self._limit = usual if max_frame_bytes is None else max_frame_bytes
        self._buffer = FrameBuffer(min(self._limit, _MAX_HELLO_BYTES))
        self._prefix_seen = role is Role.CLIENT
        self._eof = False
        self._receives = MessageDirection.REQUEST if role is Role.SERVER else MessageDirection.ANSWER

    def receive_data(self, data: bytes) -> None:
        """Take a slice of the stream; ``b""`` says that the peer closed its end."""
        if not data:
            self._eof = True
        elif self.state is not State.BROKEN:
            self._buffer.receive(data)

    def next_event(self) -> Event | None:
        """The next event, or ``None`` until more data (or our own next move) brings one.

        Errors: ``RemoteProtocolError``; unless ``recoverable`` the connection is then BROKEN for good.
        """
        if self.state is State.BROKEN:
            raise RemoteProtocolError("the stream is out of step since an earlier error")
        if self.state is State.CLOSED:
            return None
        try:
            return self._next_event()
        except RemoteProtocolError as error:
            if not error.recoverable or self.state is not State.STARTED:
                self.state = State.BROKEN
                error.recoverable = False
            raise

    def open(self, min_version: int = 157, max_version: int = 178, options: str = "") -> bytes:
        """Client: the first bytes of all. Errors: ``LocalProtocolError`` out of turn."""
        self.state = self._send(_Move.CLIENT_HELLO)
        hello = f"v{min_version}..{max_version}" + (f" {options}" if options else "")
        return _PREFIX + pack_frame(hello.encode())

    def accept(self, connection_time: str) -> bytes:
        """Server: answer the client's hello. Errors: ``LocalProtocolError`` out of turn."""
        self.state = self._send(_Move.SERVER_HELLO)
        return join_fields([str(self.version), connection_time])

    def send(self, kind: str, /, **values: Any) -> bytes:
        """The frame of one message, lawful now. Errors: ``LocalProtocolError``."""
        after = self._send(_move_of(kind, direction_of(kind)))
        frame = encode(kind, self.version or 0, **values)
        self.state = after
        return frame

    def _next_event(self) -> Event | None:
        if self.state is State.IDLE:
            event: Event | None = self._hello_from_client() if self.role is Role.SERVER else None
        elif self.state is State.GREETED:
            event = self._hello_from_server() if self.role is Role.CLIENT else None
        else:
            event = self._message()
        return self._end() if event is None and self._eof else event

    def _end(self) -> Closed:
        if self._buffer.is_inside_frame:
            raise RemoteProtocolError("the peer closed in the middle of a message")
        self.state = State.CLOSED
        return Closed()

    def _hello_from_client(self) -> ClientHello | None:
        if not self._prefix_seen and not self._take_prefix():
            return None
        payload = self._buffer.next()
        if payload is None:
            return None
        match = _HELLO.fullmatch(payload.decode("ascii", "backslashreplace").rstrip("\0"))
        if match is None:
            raise RemoteProtocolError(f"not a version range: {payload[:64]!r}")
        low, high = int(match[1]), int(match[2] or match[1])
        self.version = negotiate(low, high)
        if self.version is None:
            raise RemoteProtocolError(
                f"the client speaks versions {low}..{high}; we speak "
                f"{min(SUPPORTED_VERSIONS)}..{max(SUPPORTED_VERSIONS)}"
            )
        self._receive(_Move.CLIENT_HELLO)
        self._buffer.limit = self._limit
        return ClientHello(low, high, match[3] or "")

    def _take_prefix(self) -> bool:
        start = self._buffer.peek(len(_PREFIX))
        if not _PREFIX.startswith(start):
            raise RemoteProtocolError(f"not a TWS API client: it begins with {start!r}, not {_PREFIX!r}")
        self._prefix_seen = len(start) == len(_PREFIX)
        if self._prefix_seen:
            self._buffer.take(len(_PREFIX))
        return self._prefix_seen

    def _hello_from_server(self) -> ServerHello | None:
        payload = self._buffer.next()
        if payload is None:
            return None
        fields = split_fields(payload)
        if len(fields) != 2 or not fields[0].isdecimal() or int(fields[0]) not in SUPPORTED_VERSIONS:
            raise RemoteProtocolError(f"not an answer with a version we speak: {payload[:64]!r}")
        self.version = int(fields[0])
        self._receive(_Move.SERVER_HELLO)
        self._buffer.limit = self._limit
        return ServerHello(self.version, fields[1])

    def _message(self) -> WireMessage | None:
        payload = self._buffer.next()
        if payload is None:
            return None
        message = decode(self._receives, payload, self.version or 0)
        self._receive(_move_of(message.kind, self._receives))
        return message

    def _send(self, move: _Move) -> State:
        """The state after our own ``move``; not taken yet, because encoding may still fail."""
        if SPEAKER[move] is not self.role:
            raise LocalProtocolError(f"{move.value} is not the {self.role.value}'s to say")
        if move not in CONNECTION_TRANSITIONS[self.state]:
            raise LocalProtocolError(
                f"the {self.role.value} cannot say {move.value} while {self.state.value}"
            )
        return CONNECTION_TRANSITIONS[self.state][move]

    def _receive(self, move: _Move) -> None:
        """Take the peer's ``move``."""
        if move not in CONNECTION_TRANSITIONS[self.state]:
            raise RemoteProtocolError(f"the {SPEAKER[move].value} said {move.value} while {self.state.value}")
        self.state = CONNECTION_TRANSITIONS[self.state][move]
