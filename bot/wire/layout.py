"""A message kind: its id, name and direction, and its layout compiled for each server version.

Rule: this file joins declared parts to bytes; it knows no message by name. From server version 201 on the id is four bytes
instead of a field, and a kind with a ``body`` is said by it from the version of the body, with 200 added to the id.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any, Final

from bot.wire.bodies import Body
from bot.wire.errors import FieldError, LocalProtocolError, RemoteProtocolError
from bot.wire.frames import join_fields
from bot.wire.nodes import Node, compile_steps, defaults_of, names_of
from bot.wire.plain import Recall, Watched, plain_layout, recall
from bot.wire.records import Record, WireMessage, WrittenRecords
from bot.wire.slots import NumberedRecord
from bot.wire.steps import Records, Step, read_all, write_all
from bot.wire.walk import leaves_of

__all__ = ["BODY_OFFSET", "RAW_IDS_SINCE", "MessageDirection", "MessageKind", "answer", "request"]

# IB's published clients: MIN_SERVER_VER_PROTOBUF and PROTOBUF_MSG_ID.
RAW_IDS_SINCE: Final = 201
BODY_OFFSET: Final = 200
_HEADER: Final = struct.Struct(">II")


class MessageDirection(Enum):
    """Who says it."""

    REQUEST = "client to server"
    ANSWER = "server to client"


class MessageKind:
    """One kind of message. ``since`` is the first server version that has it (0: every one we speak)."""

    def __init__(
        self,
        direction: MessageDirection,
        number: int,
        name: str,
        nodes: tuple[Node, ...],
        since: int,
        body: Body | None,
    ) -> None:
        self.direction, self.id, self.name, self.nodes, self.since = direction, number, name, nodes, since
        self.body = body
        self._layouts: dict[int, _Layout] = {}

    @cached_property
    def field_names(self) -> frozenset[str]:
        """Every name its values can have, whatever the version and branch."""
        return names_of(self.nodes)

    def names_at(self, version: int) -> frozenset[str]:
        """Those that they can have at ``version``, in any branch."""
        return frozenset(leaves_of(self.nodes, version).by_name)

    @cached_property
    def numbered_names(self) -> frozenset[str]:
        """Those that its body numbers."""
        return frozenset() if self.body is None else frozenset(self.body.names())

    @cached_property
    def layout(self) -> str:
        """The fields behind the id, in order, as one line of text."""
        return ", ".join(node.described() for node in self.nodes)

    def is_numbered(self, version: int) -> bool:
        """Whether it is said by its body at ``version``, not as text."""
        return self.body is not None and version >= self.body.since

    def encoder(self, version: int) -> Callable[[Mapping[str, Any]], bytes]:
        """What makes the whole frame of a message's values. Errors, of both: ``LocalProtocolError``."""
        layout = self._at(version)
        if version >= RAW_IDS_SINCE:
            return layout.encode
        short = plain_layout(str(self.id), layout.steps, layout.encode)
        return layout.encode if short is None else short.encode

    def records(self, name: str, version: int) -> WrittenRecords:
        """An empty list for the repeated part ``name``, which encodes records as they are added. Raises KeyError."""
        layout = self._at(version)
        if layout.shape is not None:
            slot = layout.shape.repeated[name]
            return WrittenRecords(slot, slot.write_each)
        found = {step.name: step for step in layout.steps if isinstance(step, Records)}[name]
        return WrittenRecords(found, found.write_each)

    def decode(self, version: int, fields: list[str]) -> WireMessage:
        """The message of a payload's fields, id included. Errors: ``RemoteProtocolError``, recoverable."""
        return self._at(version).decode(fields)

    def decode_body(self, version: int, data: bytes) -> WireMessage:
        """The message of a payload behind its id. Errors: ``RemoteProtocolError``, recoverable."""
        return self._at(version).decode_body(data)

    def _at(self, version: int) -> _Layout:
        layout = self._layouts.get(version)
        if layout is None:
            layout = self._layouts[version] = _compile(self, version)
        return layout


@dataclass(frozen=True, slots=True)
class _Layout:
    kind: MessageKind
    steps: tuple[Step, ...]
    shape: NumberedRecord | None
    has_raw_id: bool
    defaults: Mapping[str, Any]
    derived: Mapping[str, Any]
    recall: Recall | None

    def encode(self, values: Mapping[str, Any]) -> bytes:
        kind = self.kind
        if not values.keys() <= kind.field_names:
            unknown = ", ".join(sorted(values.keys() - kind.field_names))
            raise LocalProtocolError(f"{kind.name} has no field {unknown}; it has {kind.layout}")
        if self.defaults:
            values = {**self.defaults, **values}
        if self.derived:
            values = self._derive(values)
        try:
            return self._frame(values)
        except (FieldError, LocalProtocolError) as error:
            raise LocalProtocolError(f"{kind.name}: {error}") from None

    def _frame(self, values: Mapping[str, Any]) -> bytes:
        if self.shape is not None:
            data = self.shape.encode(values)
            return _HEADER.pack(len(data) + 4, self.kind.id + BODY_OFFSET) + data
        out = [] if self.has_raw_id else [str(self.kind.id)]
        write_all(self.steps, values, out)
        if not self.has_raw_id:
            return join_fields(out)
        data = join_fields(out)[4:] if out else b""
        return _HEADER.pack(len(data) + 4, self.kind.id) + data

    def _derive(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        filled = dict(values)
        for name, function in self.derived.items():
            if name not in filled:
                try:
                    filled[name] = function(filled)
                except KeyError as missing:
                    raise LocalProtocolError(f"{self.kind.name}: {missing.args[0]}: is missing") from None
        return filled

    def decode(self, fields: list[str]) -> WireMessage:
        known = None if self.recall is None else self.recall.read(fields)
        if known is not None:
            return WireMessage(self.kind.name, known)
        values = Record() if self.recall is None else Watched()
        rest = iter(fields)
        next(rest)
        try:
            read_all(self.steps, rest, values)
        except FieldError as error:
            raise self._refusal(error, values) from None
        message = WireMessage(self.kind.name, values, tuple(rest))
        return message if self.recall is None else self.recall.kept(fields, message)

    def decode_body(self, data: bytes) -> WireMessage:
        values = Record()
        if self.shape is None:
            raise self._refusal(FieldError("body", "this message has none at this version"), values)
        try:
            self.shape.decode(data, values)
        except FieldError as error:
            raise self._refusal(error, values) from None
        return WireMessage(self.kind.name, values)

    def _refusal(self, error: FieldError, values: Record) -> RemoteProtocolError:
        return RemoteProtocolError(
            f"{self.kind.name} ({self.kind.id}): {error}",
            recoverable=True,
            message_id=self.kind.id,
            kind=self.kind.name,
            request_id=values.get("reqId", values.get("orderId")),
        )


def _compile(kind: MessageKind, version: int) -> _Layout:
    if version < kind.since:
        raise LocalProtocolError(f"{kind.name} needs server version {kind.since}, not {version}")
    defaults = defaults_of(kind.nodes)
    derived = {name: value for name, value in defaults.items() if callable(value)}
    plain = {name: value for name, value in defaults.items() if name not in derived}
    steps = compile_steps(kind.nodes, version)
    body = kind.body if kind.is_numbered(version) else None
    shape = None if body is None else NumberedRecord(kind.nodes, version, body)
    memory = recall(steps) if kind.direction is MessageDirection.REQUEST else None
    return _Layout(kind, steps, shape, version >= RAW_IDS_SINCE, plain, derived, memory)


def request(number: int, name: str, *nodes: Node, since: int = 0, body: Body | None = None) -> MessageKind:
    """Declare what a client says."""
    return MessageKind(MessageDirection.REQUEST, number, name, nodes, since, body)


def answer(number: int, name: str, *nodes: Node, since: int = 0, body: Body | None = None) -> MessageKind:
    """Declare what a server says."""
    return MessageKind(MessageDirection.ANSWER, number, name, nodes, since, body)
