"""The short way for messages that are a flat run of numbers and text: quotes, above all.

Rule: it either gives the very bytes the long way would give or stands aside; every doubt (an absent, additional or
unusual value, not-a-number, a NUL) is left to the long way, which also makes the error.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from operator import itemgetter
from typing import Any, cast

from bot.wire.steps import Literal, Scalars, ScalarStep, Step

__all__ = ["PlainLayout", "plain_layout"]


_Encode = Callable[[Mapping[str, Any]], bytes]
_HEADER = struct.Struct(">I")


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
