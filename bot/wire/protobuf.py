"""Protocol Buffers on the wire: tags, varints, doubles, length-delimited bytes; nothing of any schema.

Rule: what is not a whole, canonical-enough message is a ``ValueError``; a peer's bytes can cost no more than their own length.
Source: "Encoding" at protobuf.dev. Groups (wire types 3 and 4) are not used by the TWS API and are refused.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

__all__ = [
    "BYTES_TYPE",
    "DOUBLE_TYPE",
    "FIXED32_TYPE",
    "VARINT_TYPE",
    "RawFields",
    "fields_of",
    "from_twos_complement",
    "length_delimited",
    "tag",
    "varint",
    "varints_of",
]

VARINT_TYPE: Final = 0
DOUBLE_TYPE: Final = 1
BYTES_TYPE: Final = 2
FIXED32_TYPE: Final = 5

_MAX_VARINT_BYTES: Final = 10
_SIXTY_FOUR: Final = (1 << 64) - 1
_DOUBLE: Final = struct.Struct("<d")

RawFields = dict[int, list[tuple[int, "int | float | bytes"]]]
"""Field number to its occurrences in order, each as wire type and value."""


def varint(value: int) -> bytes:
    """``value`` as a varint; negative ones as their 64-bit two's complement, which is ten bytes."""
    value &= _SIXTY_FOUR
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def tag(number: int, wire_type: int) -> bytes:
    """What stands before a field's value."""
    return varint(number << 3 | wire_type)


def length_delimited(number: int, data: bytes) -> bytes:
    """A whole field of bytes: text, a message, packed numbers."""
    return tag(number, BYTES_TYPE) + varint(len(data)) + data


def from_twos_complement(value: int) -> int:
    """A varint read as int32 or int64 means this."""
    return value - (1 << 64) if value >> 63 else value


def fields_of(data: bytes) -> RawFields:
    """Every field of one message. Errors: ``ValueError`` for bytes that are no message."""
    found: RawFields = {}
    place, size = 0, len(data)
    while place < size:
        key, place = _varint_at(data, place)
        number, wire_type = key >> 3, key & 7
        if not 0 < number < 1 << 29:
            raise ValueError(f"field number {number}")
        value: int | float | bytes
        if wire_type == VARINT_TYPE:
            value, place = _varint_at(data, place)
        elif wire_type == DOUBLE_TYPE:
            value, place = _double_at(data, place)
        elif wire_type == BYTES_TYPE:
            length, start = _varint_at(data, place)
            value, place = _slice(data, start, length), start + length
        elif wire_type == FIXED32_TYPE:
            value, place = _slice(data, place, 4), place + 4
        else:
            raise ValueError(f"wire type {wire_type} of field {number}")
        found.setdefault(number, []).append((wire_type, value))
    return found


def varints_of(data: bytes) -> Iterator[int]:
    """The numbers of a packed field. Errors: ``ValueError``."""
    place = 0
    while place < len(data):
        value, place = _varint_at(data, place)
        yield value


def _varint_at(data: bytes, place: int) -> tuple[int, int]:
    """The varint that begins at ``place``, and the place behind it."""
    if place < len(data) and data[place] < 0x80:
        return data[place], place + 1
    value = shift = 0
    for byte in data[place : place + _MAX_VARINT_BYTES]:
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & _SIXTY_FOUR, place
        shift += 7
    raise ValueError("a number is cut off or too long")


def _double_at(data: bytes, place: int) -> tuple[float, int]:
    (value,) = _DOUBLE.unpack(_slice(data, place, _DOUBLE.size))
    return float(value), place + _DOUBLE.size


def _slice(data: bytes, place: int, length: int) -> bytes:
    piece = data[place : place + length]
    if len(piece) != length:
        raise ValueError("a field is cut off")
    return piece
