"""The installed client libraries as readers and writers, without a socket.

Their own ``Client`` objects run: bytes go in where the socket would hand them over, and come out where it would take
them. Nothing of theirs is replaced but the socket and the object that is told what was decoded.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC
from types import ModuleType, SimpleNamespace
from typing import Any

import ib_async
import ib_insync
import pytest
from ib_async.client import Client as AsyncClient
from ib_insync.client import Client as InsyncClient

from bot.wire import decode_request, encode, message_kinds

Call = tuple[Any, ...]
CLIENTS: dict[str, tuple[ModuleType, Any]] = {
    "ib_insync": (ib_insync, InsyncClient),
    "ib_async": (ib_async, AsyncClient),
}
# What each library can be told: it asks for no more than its own maximum.
SPOKEN = [("ib_insync", version) for version in (157, *range(163, 177))] + [
    ("ib_async", version) for version in (157, *range(163, 179))
]


class RecordingWrapper:
    """Writes down every call the decoder makes, dataclasses as their non-default fields; keeps the last as it came."""

    defaultTimezone = UTC  # noqa: N815  the name that ib_async asks for
    ib = SimpleNamespace(TimezoneTWS=None)
    tcpDataArrived = None  # noqa: N815  the name that the clients ask for
    tcpDataProcessed = None  # noqa: N815  the name that the clients ask for

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.last: tuple[Any, ...] = ()

    def __getattr__(self, name: str) -> Callable[..., None]:
        def called(*arguments: Any) -> None:
            self.last = arguments
            self.calls.append((name, *map(plain, arguments)))

        return called


def default_of(field: dataclasses.Field[Any]) -> Any:
    """A dataclass field's default, made afresh; ``MISSING`` if it must be given."""
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def plain(value: Any) -> Any:
    """A dataclass as the dict of what differs from its defaults, a named tuple as that of what is not empty text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if getattr(value, field.name) != default_of(field)
        }
    if hasattr(value, "_asdict"):
        return {name: plain(item) for name, item in value._asdict().items() if item != ""}
    return [plain(item) for item in value] if isinstance(value, list) else value


class RecordingSocket:
    """Takes the bytes that would be sent."""

    def __init__(self) -> None:
        self.sent = b""

    def sendMsg(self, data: bytes) -> None:  # noqa: N802  the name that the clients call
        self.sent += data


class LibraryClient:
    """One library's client at a server version, past the handshake."""

    def __init__(self, library: str, version: int) -> None:
        self.library = library
        self.version = version
        self.module, client_class = CLIENTS[library]
        self.wrapper = RecordingWrapper()
        self.client = client_class(self.wrapper)
        self.socket = RecordingSocket()
        self.client.conn = self.socket
        self.client.MaxRequests = 0
        self.client.connState = client_class.CONNECTED
        self.client._serverVersion = self.client.decoder.serverVersion = version
        self.client._apiReady = True

    def read(self, *parts: bytes) -> list[Call]:
        """What the library makes of these slices of the stream."""
        self.wrapper.calls = []
        for part in parts:
            self.client._onSocketHasData(part)
        return self.wrapper.calls

    def request(self, method: str, *arguments: Any) -> bytes:
        """The one frame that the library's ``method`` sends, without its length."""
        self.socket.sent = b""
        getattr(self.client, method)(*arguments)
        size = int.from_bytes(self.socket.sent[:4], "big")
        assert len(self.socket.sent) == size + 4
        return self.socket.sent[4:]


def heard(client: LibraryClient, frame: bytes) -> list[Call]:
    """What the library makes of ``frame``: the same whole, byte by byte, with a tail and after one."""
    calls = client.read(frame)
    assert client.read(*(bytes([byte]) for byte in frame)) == calls
    assert client.read(frame + frame[:7]) == calls
    assert client.read(frame[7:]) == calls
    return calls


@pytest.fixture(scope="session")
def every_client() -> list[LibraryClient]:
    """Each library at each server version it accepts."""
    return [LibraryClient(library, version) for library, version in SPOKEN]


@pytest.fixture(params=[("ib_insync", 176), ("ib_async", 178)], ids=lambda pair: f"{pair[0]}-{pair[1]}")
def newest(request: pytest.FixtureRequest) -> LibraryClient:
    """Each library at the version it negotiates with us."""
    return LibraryClient(*request.param)


@pytest.fixture(scope="session")
def assert_heard(every_client: list[LibraryClient]) -> Callable[..., None]:
    """Asserts that ``kind`` with the values ``sent`` is heard as ``calls``, by every client at every version.

    ``calls`` is a list of (wrapper method, arguments...), or a function of the version that gives one.
    """
    since = {kind.name: kind.since for kind in message_kinds()}

    def check(kind: str, sent: dict[str, Any], calls: list[Call] | Callable[[int], list[Call]]) -> None:
        for client in every_client:
            if client.version < since[kind]:
                continue
            expected = calls(client.version) if callable(calls) else calls
            found = heard(client, encode(kind, client.version, **sent))
            assert found == expected, f"{client.library} at {client.version}"

    return check


@pytest.fixture(scope="session")
def assert_said(every_client: list[LibraryClient]) -> Callable[..., None]:
    """Asserts that a client's ``method`` called with what ``arguments(library module)`` gives is read by the server as
    the kind of that name with exactly the values ``expected`` (a dict, or a function of the version that gives one).
    """

    def check(
        method: str,
        arguments: Callable[[Any], tuple[Any, ...]],
        expected: dict[str, Any] | Callable[[int], dict[str, Any]],
    ) -> None:
        for client in every_client:
            message = decode_request(client.request(method, *arguments(client.module)), client.version)
            values = expected(client.version) if callable(expected) else expected
            where = f"{client.library} at {client.version}"
            assert (message.kind, message.surplus) == (method, ()), where
            assert message.values == values, where

    return check
