"""A transparent proxy to a real gateway that writes down every message, for comparing it with the simulated one.

Rule: bytes pass unchanged and at once; only the text file is edited: account numbers become DU0000000 in it. One line a
message: time, direction, fields separated by ``|``, or ``hex:`` and the bytes of one whose id is four bytes (server version 201
and later), with accounts replaced by as many characters.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, TextIO

from bot.domain.errors import FixTheMachine
from bot.sim.server.tcp_server import LOOPBACK
from bot.wire import FrameBuffer, RemoteProtocolError

_ACCOUNT: Final = re.compile(r"\b[DUF]{1,2}\d{5,9}\b")
# Between numbered fields an account may stand beside a letter; that it is replaced counts, and that its length stays.
_ACCOUNT_BYTES: Final = re.compile(rb"[DUF]{1,2}\d{5,9}")
BINARY: Final = "hex:"
"""What the line of a message with a four-byte id begins with: no text message's id does."""
_PREFIX: Final = b"API\0"
_READ_BYTES: Final = 64 * 1024


class Transcript:
    """Where the messages are written."""

    def __init__(self, out: TextIO, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._out = out
        self._now = now

    def line(self, arrow: str, payload: bytes) -> None:
        # Every field ends with a NUL, so the last one ends no line: empty fields at the end stay to be seen.
        text = _hidden(payload) if payload.startswith(b"\0") else _shown(payload)
        self._out.write(f"{self._now():%H:%M:%S.%f} {arrow} {text}\n")
        self._out.flush()


def _shown(payload: bytes) -> str:
    text = payload.removesuffix(b"\0").decode(errors="backslashreplace")
    return _ACCOUNT.sub("DU0000000", text.replace("\0", "|").replace("\n", " "))


def _hidden(payload: bytes) -> str:
    return BINARY + _ACCOUNT_BYTES.sub(lambda found: _zeros(found[0]), payload).hex()


def _zeros(account: bytes) -> bytes:
    return re.sub(rb"\d", b"0", account)


class FrameLog:
    """Cuts one direction of the stream into messages; a stream that is no TWS API is noted once and left alone."""

    def __init__(self, transcript: Transcript, arrow: str, *, is_client: bool) -> None:
        self._transcript, self._arrow = transcript, arrow
        self._frames = FrameBuffer()
        self._skip = len(_PREFIX) if is_client else 0
        self._is_readable = True

    def feed(self, data: bytes) -> None:
        if not self._is_readable:
            return
        skipped = min(self._skip, len(data))
        self._skip -= skipped
        self._frames.receive(data[skipped:])
        try:
            while (payload := self._frames.next()) is not None:
                self._transcript.line(self._arrow, payload)
        except RemoteProtocolError as error:
            self._is_readable = False
            self._transcript.line(self._arrow, f"# unreadable from here: {error}".encode())


async def record(
    listen_port: int, real_host: str, real_port: int, out: TextIO, announce: Callable[[str], None]
) -> None:
    """Serve until cancelled. Errors: FixTheMachine for a busy port."""
    transcript = Transcript(out)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(real_host, real_port)
        except OSError as error:
            transcript.line("#", f"cannot reach {real_host}:{real_port}: {error.strerror}".encode())
            writer.close()
            return
        await asyncio.gather(
            _pass_on(reader, far_writer, FrameLog(transcript, "C>S", is_client=True)),
            _pass_on(far_reader, writer, FrameLog(transcript, "S>C", is_client=False)),
        )

    try:
        server = await asyncio.start_server(serve, LOOPBACK, listen_port)
    except OSError as error:
        raise FixTheMachine(
            f"cannot listen on {LOOPBACK}:{listen_port} ({error.strerror}); choose another --port"
        ) from None
    port = server.sockets[0].getsockname()[1]
    announce(f"recording {LOOPBACK}:{port} -> {real_host}:{real_port}; stop with Ctrl-C")
    async with server:
        await server.serve_forever()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, log: FrameLog) -> None:
    try:
        while data := await reader.read(_READ_BYTES):
            writer.write(data)
            log.feed(data)
            await writer.drain()
    except ConnectionError:
        # One side went away; closing ours tells the other.
        pass
    finally:
        writer.close()
