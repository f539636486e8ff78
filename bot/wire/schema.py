"""The schema: every message kind of both directions, and encoding and decoding by it.

Rule: this file only looks kinds up; layouts are in ``schemas/``, mechanics in ``layout``.
Conformance: derived from ib_insync 0.9.86 and ib_async 2.1.0, below version 157 from ib_insync 0.9.66; every kind that the
two newest send or decode is here and is tested against them; none has been compared with a real gateway.
``message_kinds()`` is the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final

from bot.wire.errors import LocalProtocolError, RemoteProtocolError
from bot.wire.frames import split_fields
from bot.wire.layout import BODY_OFFSET, RAW_IDS_SINCE, MessageDirection, MessageKind
from bot.wire.nodes import Field, Node
from bot.wire.records import WireMessage, WrittenRecords
from bot.wire.schemas import account, contracts, history, market, open_orders, orders, reference, session

__all__ = [
    "SUPPORTED_VERSIONS",
    "decode",
    "decode_answer",
    "decode_request",
    "direction_of",
    "encode",
    "field_names",
    "is_plain_question",
    "message_kinds",
    "unsendable",
    "written_records",
]

# Text up to 200; from 201 on a message is text or has a numbered body by the version that its ``body`` names, and from 213
# on every one that IB has a body for. (At 158 "duration" is in openOrder as IB's clients have it; ib_insync and ib_async,
# which read it from 159 on, offer newer ones.)
SUPPORTED_VERSIONS: Final[frozenset[int]] = frozenset(range(142, 226))

_KINDS: Final[tuple[MessageKind, ...]] = (
    *session.KINDS,
    *account.KINDS,
    *contracts.KINDS,
    *market.KINDS,
    *history.KINDS,
    *orders.KINDS,
    *open_orders.KINDS,
    *reference.KINDS,
)
_BY_NAME: Final = {kind.name: kind for kind in _KINDS}
_BY_ID: Final = {(kind.direction, kind.id): kind for kind in _KINDS}


def message_kinds() -> tuple[MessageKind, ...]:
    """Every kind, requests and answers, by direction and id: what the protocol's documentation is made from."""
    return tuple(sorted(_KINDS, key=lambda kind: (kind.direction.name, kind.id)))


def field_names(kind: str, version: int | None = None) -> frozenset[str]:
    """The names of the values of ``kind``, at ``version`` or any. Errors: ``LocalProtocolError`` for an unknown kind."""
    return _kind(kind).field_names if version is None else _kind(kind).names_at(version)


def unsendable(kind: str, values: Mapping[str, Any]) -> str:
    """Which of these values no message of ``kind`` can say, in words; empty where all can be said.

    Values of records that repeat are not looked into. Errors: ``LocalProtocolError`` for an unknown kind.
    """
    fields = {field.name: field for field in _fields_of(_kind(kind).nodes)}
    for name, value in values.items():
        if name not in field_names(kind):
            return f"{kind} has no field {name!r}"
        if name in fields:
            try:
                fields[name].codec.write(value)
            except (TypeError, ValueError) as error:
                return f"{name} of {kind} cannot be {value!r}: {error}"
    return ""


def _fields_of(nodes: Iterable[Node]) -> Iterator[Field]:
    for node in nodes:
        if isinstance(node, Field):
            yield node
        yield from _fields_of(node.children())


def direction_of(kind: str) -> MessageDirection:
    """Who says ``kind``. Errors: ``LocalProtocolError`` for an unknown kind."""
    return _kind(kind).direction


def encode(kind: str, version: int, /, **values: Any) -> bytes:
    """The whole frame, length included, of one message at server ``version``.

    Errors: ``LocalProtocolError`` for an unknown kind or field, a missing or unsendable value.
    """
    return _encoder(kind, version)(values)


def written_records(kind: str, name: str, version: int) -> WrittenRecords:
    """For the repeated part ``name`` of a long message: an empty list that makes its text as records are added.

    Errors: ``LocalProtocolError`` for an unknown kind, KeyError for a part that the version has not.
    """
    return _kind(kind).records(name, version)


@cache
def _encoder(kind: str, version: int) -> Callable[[Mapping[str, Any]], bytes]:
    return _kind(kind).encoder(version)


def is_plain_question(order: bytes, version: int, values: int) -> bool:
    """Whether a ``placeOrder`` of so many decoded ``values`` has no part that may be there or not, and its what-if flag stands
    where it then must: such bytes mean a question to whoever knows the places alone."""
    place, count, known = _plain_question(version)
    texts = order.split(b"\0")
    return len(texts) == count and texts[place] == b"1" and values == known


@cache
def _plain_question(version: int) -> tuple[int, int, int]:
    """The flag's place, how many texts, how many values."""
    least = {"orderId": 1, "symbol": "", "action": "BUY", "totalQuantity": 1, "orderType": "LMT"}
    order, question = (encode("placeOrder", version, whatIf=flag, **least)[4:] for flag in (False, True))
    texts = question.split(b"\0")
    place = next(n for n, (a, b) in enumerate(zip(order.split(b"\0"), texts, strict=True)) if a != b)
    return place, len(texts), len(decode_request(question, version).values)


def decode_request(payload: bytes, version: int) -> WireMessage:
    """What a client said, from a frame without its length. Errors: ``RemoteProtocolError``, recoverable."""
    return decode(MessageDirection.REQUEST, payload, version)


def decode_answer(payload: bytes, version: int) -> WireMessage:
    """What a server said, from a frame without its length. Errors: ``RemoteProtocolError``, recoverable."""
    return decode(MessageDirection.ANSWER, payload, version)


def decode(direction: MessageDirection, payload: bytes, version: int) -> WireMessage:
    """The message of ``payload``, said in ``direction``. Errors: ``RemoteProtocolError``, recoverable."""
    if version >= RAW_IDS_SINCE:
        return _decode_numbered(direction, payload, version)
    fields = split_fields(payload)
    try:
        number = int(fields[0])
    except ValueError:
        raise RemoteProtocolError(
            f"message id {fields[0][:32]!r} is not a number", recoverable=True
        ) from None
    return _found(direction, number, version).decode(version, fields)


def _decode_numbered(direction: MessageDirection, payload: bytes, version: int) -> WireMessage:
    """A message whose id is four bytes: text behind it, or a body where the id says so."""
    number, data = int.from_bytes(payload[:4], "big"), payload[4:]
    if len(payload) < 4:
        raise RemoteProtocolError(f"frame without a whole message id: {payload!r}", recoverable=True)
    if number > BODY_OFFSET:
        return _found(direction, number - BODY_OFFSET, version).decode_body(version, data)
    return _found(direction, number, version).decode(version, ["", *(split_fields(data) if data else ())])


def _found(direction: MessageDirection, number: int, version: int) -> MessageKind:
    kind = _BY_ID.get((direction, number))
    if kind is None or version < kind.since:
        raise RemoteProtocolError(
            f"message id {number} ({direction.value}) is unknown at server version {version}",
            recoverable=True,
            message_id=number,
        )
    return kind


def _kind(name: str) -> MessageKind:
    try:
        return _BY_NAME[name]
    except KeyError:
        raise LocalProtocolError(f"there is no message kind {name!r}") from None
