"""Two errors, sorted by guilt: ours (we asked for something that cannot be sent) and theirs (the peer's bytes).

Rule: every failure of this package is one of the two, and names the message and field as far as known.
"""

from __future__ import annotations

__all__ = ["FieldError", "LocalProtocolError", "ProtocolError", "RemoteProtocolError"]


class ProtocolError(Exception):
    """Common root, for a caller that only wants to know that the protocol failed."""


class LocalProtocolError(ProtocolError):
    """We broke the protocol: a missing, misspelt or unsendable field, or a message out of turn."""


class RemoteProtocolError(ProtocolError):
    """The peer broke the protocol.

    ``recoverable``: the frame was whole and the stream is still in step, so the next message can be read.
    ``message_id``, ``kind``, ``request_id``: of the bad message, ``None`` where it was not read that far.
    """

    def __init__(
        self,
        message: str,
        *,
        recoverable: bool = False,
        message_id: int | None = None,
        kind: str | None = None,
        request_id: int | None = None,
    ) -> None:
        super().__init__(message)
        self.recoverable = recoverable
        self.message_id = message_id
        self.kind = kind
        self.request_id = request_id


class FieldError(ValueError):
    """A field's text or value is wrong. Internal: the message it belongs to turns it into one of the above."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
