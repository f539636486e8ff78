"""A message kind: its id, name and direction, and its layout compiled for each server version.

Rule: this file joins declared parts to bytes; it knows no message by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

from bot.wire.errors import FieldError, LocalProtocolError, RemoteProtocolError
from bot.wire.frames import join_fields
from bot.wire.nodes import Node, compile_steps, defaults_of, names_of
from bot.wire.plain import plain_layout
from bot.wire.records import Record, WireMessage, WrittenRecords
from bot.wire.steps import Records, Step, read_all, write_all

__all__ = ["MessageDirection", "MessageKind", "answer", "request"]


class MessageDirection(Enum):
    """Who says it."""

    REQUEST = "client to server"
    ANSWER = "server to client"


class MessageKind:
    """One kind of message. ``since`` is the first server version that has it (0: every one we speak)."""

    def __init__(
        self, direction: MessageDirection, number: int, name: str, nodes: tuple[Node, ...], since: int
    ) -> None:
        self.direction, self.id, self.name, self.nodes, self.since = direction, number, name, nodes, since
        self._layouts: dict[int, _Layout] = {}

    @cached_property
    def field_names(self) -> frozenset[str]:
        """Every name its values can have, whatever the version and branch."""
        return names_of(self.nodes)

    @cached_property
    def layout(self) -> str:
        """The fields behind the id, in order, as one line of text."""
        return ", ".join(node.described() for node in self.nodes)

    def encoder(self, version: int) -> Callable[[Mapping[str, Any]], bytes]:
        """What makes the whole frame of a message's values. Errors, of both: ``LocalProtocolError``."""
        layout = self._at(version)
        short = plain_layout(str(self.id), layout.steps, layout.encode)
        return layout.encode if short is None else short.encode

    def records(self, name: str, version: int) -> WrittenRecords:
        """An empty list for the repeated part ``name``, which puts records into text as they are added. Raises KeyError."""
        steps = self._at(version).steps
        found = {step.name: step for step in steps if isinstance(step, Records)}[name]
        return WrittenRecords(found, found.write_each)

    def decode(self, version: int, fields: Sequence[str]) -> WireMessage:
        """The message of a payload's fields, id included. Errors: ``RemoteProtocolError``, recoverable."""
        return self._at(version).decode(fields)

    def _at(self, version: int) -> _Layout:
        layout = self._layouts.get(version)
        if layout is None:
            layout = self._layouts[version] = _compile(self, version)
        return layout


@dataclass(frozen=True, slots=True)
class _Layout:
    kind: MessageKind
    steps: tuple[Step, ...]
    defaults: Mapping[str, Any]
    derived: Mapping[str, Any]

    def encode(self, values: Mapping[str, Any]) -> bytes:
        kind = self.kind
        if not values.keys() <= kind.field_names:
            unknown = ", ".join(sorted(values.keys() - kind.field_names))
            raise LocalProtocolError(f"{kind.name} has no field {unknown}; it has {kind.layout}")
        if self.defaults:
            values = {**self.defaults, **values}
        if self.derived:
            values = self._derive(values)
        out = [str(kind.id)]
        try:
            write_all(self.steps, values, out)
            return join_fields(out)
        except (FieldError, LocalProtocolError) as error:
            raise LocalProtocolError(f"{kind.name}: {error}") from None

    def _derive(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        filled = dict(values)
        for name, function in self.derived.items():
            if name not in filled:
                try:
                    filled[name] = function(filled)
                except KeyError as missing:
                    raise LocalProtocolError(f"{self.kind.name}: {missing.args[0]}: is missing") from None
        return filled

    def decode(self, fields: Sequence[str]) -> WireMessage:
        kind = self.kind
        values = Record()
        rest = iter(fields)
        next(rest)
        try:
            read_all(self.steps, rest, values)
        except FieldError as error:
            raise RemoteProtocolError(
                f"{kind.name} ({kind.id}): {error}",
                recoverable=True,
                message_id=kind.id,
                kind=kind.name,
                request_id=values.get("reqId", values.get("orderId")),
            ) from None
        return WireMessage(kind.name, values, tuple(rest))


def _compile(kind: MessageKind, version: int) -> _Layout:
    if version < kind.since:
        raise LocalProtocolError(f"{kind.name} needs server version {kind.since}, not {version}")
    defaults = defaults_of(kind.nodes)
    derived = {name: value for name, value in defaults.items() if callable(value)}
    plain = {name: value for name, value in defaults.items() if name not in derived}
    steps = compile_steps(kind.nodes, version)
    return _Layout(kind, steps, plain, derived)


def request(number: int, name: str, *nodes: Node, since: int = 0) -> MessageKind:
    """Declare what a client says."""
    return MessageKind(MessageDirection.REQUEST, number, name, nodes, since)


def answer(number: int, name: str, *nodes: Node, since: int = 0) -> MessageKind:
    """Declare what a server says."""
    return MessageKind(MessageDirection.ANSWER, number, name, nodes, since)
