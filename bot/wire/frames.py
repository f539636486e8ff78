"""Frames: a four-byte big-endian length, then text fields that each end with NUL.

Rule: every byte is looked at a constant number of times, however the stream is cut up, and a frame that
announces more than the limit is refused at its header, before its body is buffered.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from bot.wire.errors import LocalProtocolError, RemoteProtocolError

__all__ = [
    "MAX_ANSWER_BYTES",
    "MAX_REQUEST_BYTES",
    "FrameBuffer",
    "join_fields",
    "pack_frame",
    "split_fields",
]

# The TWS API's clients refuse more than 0xFFFFFF bytes a message; scanner parameters come near 2 MiB.
MAX_ANSWER_BYTES = 0xFFFFFF
# The longest lawful request is an order with many conditions and legs: some kilobytes.
MAX_REQUEST_BYTES = 0x10000

_HEADER = struct.Struct(">I")
# Consumed bytes are given back when they outweigh this and what is still unread.
_COMPACT_BYTES = 0x10000


class FrameBuffer:
    """Cuts a byte stream into frame payloads.

    ``limit`` is the largest payload in bytes, for frames whose header is still to come. Errors:
    ``RemoteProtocolError`` from ``next()`` on an oversized or empty frame; the buffer then repeats it for ever,
    because the stream is out of step.
    """

    def __init__(self, limit: int = MAX_ANSWER_BYTES) -> None:
        self.limit = limit
        self._bytes = bytearray()
        self._start = 0
        self._need: int | None = None
        self._error: str | None = None

    def __len__(self) -> int:
        """Bytes received and not yet handed out."""
        return len(self._bytes) - self._start

    @property
    def is_inside_frame(self) -> bool:
        """Whether a frame has begun and not ended."""
        return self._need is not None or len(self) > 0

    def receive(self, data: bytes | bytearray | memoryview) -> None:
        """Append a slice of the stream."""
        if self._start > _COMPACT_BYTES and self._start > len(self):
            self._drop()
        self._bytes += data

    def peek(self, size: int) -> bytes:
        """The first ``size`` unread bytes (or fewer, if fewer are here), left in place."""
        return bytes(self._bytes[self._start : self._start + size])

    def take(self, size: int) -> bytes:
        """The first ``size`` unread bytes, consumed: for what precedes the first frame."""
        taken = self.peek(size)
        self._consume(len(taken))
        return taken

    def next(self) -> bytes | None:
        """The next whole payload without its header, or ``None`` while it is incomplete.

        Raises RemoteProtocolError for a length beyond the limit.
        """
        if self._error is not None:
            raise RemoteProtocolError(self._error)
        if self._need is None:
            if len(self) < _HEADER.size:
                return None
            self._need = self._read_header()
        if len(self) < self._need:
            return None
        end = self._start + self._need
        payload = bytes(self._bytes[self._start : end])
        self._consume(self._need)
        self._need = None
        return payload

    def _read_header(self) -> int:
        (size,) = _HEADER.unpack_from(self._bytes, self._start)
        if not 0 < size <= self.limit:
            self._error = f"a frame of {size} bytes is outside 1..{self.limit}"
            raise RemoteProtocolError(self._error)
        self._consume(_HEADER.size)
        return int(size)

    def _consume(self, size: int) -> None:
        self._start += size
        if self._start == len(self._bytes):
            self._drop()

    def _drop(self) -> None:
        del self._bytes[: self._start]
        self._start = 0


def pack_frame(payload: bytes) -> bytes:
    """Put the length before ``payload``."""
    return _HEADER.pack(len(payload)) + payload


def join_fields(fields: Sequence[str]) -> bytes:
    """The whole frame of these fields. Errors: ``LocalProtocolError`` for a NUL or a lone surrogate in a field."""
    text = "\0".join(fields)
    if text.count("\0") != len(fields) - 1:
        culprit = next(field for field in fields if "\0" in field)
        raise LocalProtocolError(f"a field cannot hold a NUL: {culprit!r}")
    try:
        payload = text.encode() + b"\0"
    except UnicodeEncodeError as error:
        raise LocalProtocolError(
            f"not encodable as UTF-8: {error.object[error.start : error.end]!r}"
        ) from None
    return _HEADER.pack(len(payload)) + payload


def split_fields(payload: bytes) -> list[str]:
    """The fields of a payload. Bytes that are not UTF-8 come as backslash escapes, as the clients read them.

    Errors: ``RemoteProtocolError`` (recoverable) when the last field lacks its NUL.
    """
    if not payload.endswith(b"\0"):
        raise RemoteProtocolError(f"frame does not end with NUL: {payload[-16:]!r}", recoverable=True)
    return payload[:-1].decode(errors="backslashreplace").split("\0")
