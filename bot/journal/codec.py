"""Messages as JSON and back, by the name of their class. Only what ROUTES knows can be written."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from bot.domain.errors import FixTheMachine
from bot.domain.messages import Message
from bot.wiring import DURABLE, JOURNAL, ROUTES

JOURNAL_KINDS: dict[str, type] = {
    kind.__name__: kind for kind, row in ROUTES.items() if kind in DURABLE or JOURNAL in row
}
"""What the journal may hold: every DURABLE message and every message that is routed to it."""

_encoder = msgspec.json.Encoder()
_decoders: dict[str, msgspec.json.Decoder[Any]] = {
    name: msgspec.json.Decoder(kind) for name, kind in JOURNAL_KINDS.items()
}


def encode_row(message: Message) -> tuple[str, str]:
    """(kind, JSON text) of a message. Text that cannot be encoded never costs the row: it becomes ``?``."""
    try:
        return type(message).__name__, _encoder.encode(message).decode()
    except UnicodeEncodeError:
        return type(message).__name__, _encoder.encode(_encodable(msgspec.to_builtins(message))).decode()


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_encodable(key): _encodable(one) for key, one in value.items()}
    return [_encodable(one) for one in value] if isinstance(value, list | tuple) else value


def decode_row(kind: str, body: str) -> Message:
    """The message again. Raises FixTheMachine for a kind or body this build cannot read."""
    try:
        return _decoded(kind, body)
    except KeyError:
        raise FixTheMachine(
            f"journal: unknown message kind {kind!r}; was it written by a newer build?"
        ) from None
    except msgspec.DecodeError as error:
        raise FixTheMachine(
            f"journal: a {kind} row cannot be read: {error}; the bot repairs it at its next start"
        ) from None


_is_start = False


@lru_cache(maxsize=1024)
def _kept(kind: str, body: str) -> Message:
    return _decoders[kind].decode(body)


def _decoded(kind: str, body: str) -> Message:
    return _kept(kind, body) if _is_start else _decoders[kind].decode(body)


def keep_decoded() -> None:
    """A start reads what it must remember four times: to see that it is whole, for the alerts, for the board, for all."""
    global _is_start
    _is_start = True


def forget_decoded() -> None:
    """The start has read its rows. Whoever reads them later, as each night does, keeps none in memory."""
    global _is_start
    _is_start = False
    _kept.cache_clear()
