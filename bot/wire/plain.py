"""Short ways: to write what is a flat run of numbers and text, quotes above all; to read what is nearly the last one again.

Rule: a short way either gives the very bytes or values the long way would give or stands aside; every doubt (an absent,
additional or unusual value, not-a-number, a NUL, another shape) is left to the long way, which also makes the error.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from itertools import compress
from operator import itemgetter, ne
from typing import Any, NamedTuple, cast

from bot.wire.records import Record, WireMessage
from bot.wire.steps import Literal, Scalars, ScalarStep, Step, often_read

__all__ = ["PlainLayout", "Recall", "Watched", "plain_layout", "recall"]


_Encode = Callable[[Mapping[str, Any]], bytes]
_HEADER = struct.Struct(">I")
_MISSES_AT_MOST = 100
_MANY = 8
"""Fields, from which on a message is worth remembering."""


class _Shape(Enum):
    """What a combination of value types allows."""

    NUMBERS = "only numbers: no NUL to look for"
    TEXT = "numbers and text"
    UNUSUAL = "left to the long way"


class PlainLayout:
    """A flat layout of two fields or more as one ``%`` template; ``long_way`` encodes what it cannot."""

    def __init__(self, template: str, fields: Sequence[ScalarStep], long_way: _Encode) -> None:
        self._template = template
        self._nuls = template.count("\0")
        self._fields = tuple(fields)
        self._count = len(fields)
        self._long_way = long_way
        self._pick = cast(
            "Callable[[Mapping[str, Any]], tuple[Any, ...]]", itemgetter(*[f.name for f in fields])
        )
        self._shapes: dict[tuple[type, ...], _Shape] = {}

    def encode(self, values: Mapping[str, Any]) -> bytes:
        """The whole frame. Errors: those of the long way."""
        if len(values) != self._count:
            return self._long_way(values)
        try:
            picked = self._pick(values)
            types = tuple(map(type, picked))
            shape = self._shapes.get(types) or self._shape(types)
            # UnicodeEncodeError is a ValueError.
            payload = (self._template % picked).encode() if shape is not _Shape.UNUSUAL else b"n"
        except (KeyError, ValueError):
            return self._long_way(values)
        # Both "nan" and "inf" have an n. Text that has one merely takes the long way.
        if b"n" in payload or (shape is _Shape.TEXT and payload.count(b"\0") != self._nuls):
            return self._long_way(values)
        return _HEADER.pack(len(payload)) + payload

    def _shape(self, types: tuple[type, ...]) -> _Shape:
        if not all(kind in field.plain for kind, field in zip(types, self._fields, strict=True)):
            shape = _Shape.UNUSUAL
        else:
            shape = _Shape.TEXT if str in types else _Shape.NUMBERS
        self._shapes[types] = shape
        return shape


def plain_layout(message_id: str, steps: Sequence[Step], long_way: _Encode) -> PlainLayout | None:
    """The short way for these steps, or ``None`` if they are not flat."""
    parts, fields = [message_id], list[ScalarStep]()
    for step in steps:
        if isinstance(step, Literal):
            parts.append(step.text.replace("%", "%%"))
        elif isinstance(step, Scalars):
            parts += ["%s"] * len(step.items)
            fields += step.items
        else:
            return None
    names = {field.name for field in fields}
    if len(fields) < 2 or len(names) != len(fields):
        return None
    return PlainLayout("\0".join(parts) + "\0", fields, long_way)


class Watched(Record):
    """Values that tell which of them were looked at on the way: those decide which parts a message has."""

    __slots__ = ("seen",)

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.seen.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.seen.add(name)
        return super().get(name, default)


class _Last(NamedTuple):
    """A message as texts, its first run and the rest; as values; and the names that decided its shape."""

    first: list[str]
    tail: list[str]
    meant: dict[str, Any]
    deciding: frozenset[str]


class Recall:
    """The last long message of a kind. Of the next only those of its first fields are read that say something else, if what
    decides the shape and all that follows is the same. Values that could be changed are not kept.

    ``_last`` is one tuple, replaced whole: another thread may read by the same layout."""

    __slots__ = ("_last", "_length", "_misses", "_readers")

    def __init__(self, first: Scalars) -> None:
        self._readers = tuple((name, read, often_read(read)) for name, _, read, _ in first.items)
        self._length = 1 + len(self._readers)
        self._last = _Last([], [], {}, frozenset())
        self._misses = 0

    def read(self, fields: list[str]) -> Record | None:
        """What ``fields`` mean, or ``None``: then it is for the long way."""
        first, tail, meant, deciding = self._last
        here = fields[1 : self._length]
        if len(here) != len(first) or fields[self._length :] != tail:
            return None
        changed = list(map(ne, here, first))
        news = {}
        try:
            for (name, read, known), text in compress(zip(self._readers, here, strict=True), changed):
                news[name] = known[text] if text in known else read(text)
        except (ValueError, ArithmeticError):
            return None
        if not deciding.isdisjoint(news):
            return None
        self._misses = 0
        return Record(meant | news)

    def kept(self, fields: list[str], message: WireMessage) -> WireMessage:
        """The long way has read this one, into ``Watched``: the same as anybody may have it."""
        values = message.values
        self._misses += 1
        if (
            isinstance(values, Watched)
            and not message.surplus
            and self._misses <= _MISSES_AT_MOST
            and _is_fixed(values)
        ):
            first, tail = fields[1 : self._length], fields[self._length :]
            self._last = _Last(first, tail, dict(values), frozenset(values.seen))
        return WireMessage(message.kind, Record(values), message.surplus)


def _is_fixed(values: Record) -> bool:
    """Whether no value could be changed by whoever is handed it."""
    return not any(isinstance(value, dict) or (type(value) is tuple and value) for value in values.values())


def recall(steps: Sequence[Step]) -> Recall | None:
    """A memory for messages of these steps, or ``None`` where it would be no shorter."""
    first = steps[0] if len(steps) > 1 else None
    return Recall(first) if isinstance(first, Scalars) and len(first.items) > _MANY else None
