"""One value of the schema as one field of a Protocol Buffers message, and back.

Rule: the schema's own field types decide what a value may be, in both encodings: a value goes through the text that the text
protocol would carry, so a price, a flag or an unset number means the same either way. What text leaves empty is left out.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from typing import Any, Final

from bot.wire.fields import ESCAPED, STR, UNSET_DOUBLE_TEXT, UNSET_INT_TEXT, Codec
from bot.wire.protobuf import BYTES_TYPE, DOUBLE_TYPE, VARINT_TYPE, from_twos_complement, tag, varint

__all__ = ["Occurrences", "Reader", "Writer", "absent", "natural", "reader", "writer"]

Occurrences = Sequence[tuple[int, Any]]
Writer = Callable[[Any], bytes]
Reader = Callable[[Occurrences], Any]

_DOUBLE: Final = struct.Struct("<d")
_NATURAL: Final = {"int": "i", "long": "i", "double": "d", "decimal": "d", "offset": "d", "bool": "b"}
_WIRE_TYPES: Final = {"i": VARINT_TYPE, "b": VARINT_TYPE, "c": VARINT_TYPE, "d": DOUBLE_TYPE, "s": BYTES_TYPE}
# What says "unset" in text: in a message with numbered fields the field is not there.
_UNSET_TEXTS: Final = frozenset({"", UNSET_INT_TEXT, UNSET_DOUBLE_TEXT})
_NO_RIGHT: Final = "?"


def natural(codec: Codec) -> str:
    """The letter of the wire type that values of this kind usually have: int, double, bool, string."""
    return _NATURAL.get(codec.shape, "s")


def writer(number: int, letter: str, codec: Codec, *, repeated: bool = False) -> Writer:
    """What makes the field's bytes, none for an unset value that is not one of several. Errors: TypeError, ValueError."""
    start = tag(number, _WIRE_TYPES[letter])
    make = _MAKERS[letter](start, codec.shape == "offset")
    write = STR.write if codec is ESCAPED else codec.write
    unset = _UNSET_TEXTS if codec.nullable else frozenset({"", _NO_RIGHT} if codec.shape == "right" else {""})
    if repeated:
        unset = frozenset()

    def written(value: Any) -> bytes:
        text = write(value)
        return b"" if text in unset else make(text)

    if letter == "d" and codec.shape in {"double", "decimal"}:
        return _short_double(start, written)
    return _short_int(start, written) if letter == "i" and not codec.nullable else written


def _short_double(start: bytes, long_way: Writer) -> Writer:
    pack = _DOUBLE.pack

    def written(value: Any) -> bytes:
        if type(value) is float and -1e300 < value < 1e300:
            return start + pack(value)
        return long_way(value)

    return written


def _short_int(start: bytes, long_way: Writer) -> Writer:
    known = [start + varint(value) for value in range(256)]

    def written(value: Any) -> bytes:
        if type(value) is int:
            return known[value] if 0 <= value < 256 else start + varint(value)
        return long_way(value)

    return written


def _text_maker(start: bytes, may_be_infinite: bool) -> Callable[[str], bytes]:
    del may_be_infinite

    def make(text: str) -> bytes:
        if "\0" in text:
            raise ValueError(f"a field cannot hold a NUL: {text!r}")
        data = text.encode()
        return start + varint(len(data)) + data

    return make


def _double_maker(start: bytes, may_be_infinite: bool) -> Callable[[str], bytes]:
    def make(text: str) -> bytes:
        value = float(text)
        if not math.isfinite(value) and not may_be_infinite:
            raise ValueError(f"{text!r} is not a number that can be sent")
        return start + _DOUBLE.pack(value)

    return make


def _int_maker(start: bytes, may_be_infinite: bool) -> Callable[[str], bytes]:
    del may_be_infinite
    return lambda text: start + varint(int(text))


def _flag_maker(start: bytes, may_be_infinite: bool) -> Callable[[str], bytes]:
    del may_be_infinite
    return lambda text: start + (b"\0" if text == "0" else b"\1")


def _conjunction_maker(start: bytes, may_be_infinite: bool) -> Callable[[str], bytes]:
    # Text says a(nd) or o(r); the numbered field says whether it is "and".
    del may_be_infinite
    return lambda text: start + (b"\0" if text == "o" else b"\1")


_MAKERS: Final[dict[str, Callable[[bytes, bool], Callable[[str], bytes]]]] = {
    "s": _text_maker,
    "d": _double_maker,
    "i": _int_maker,
    "b": _flag_maker,
    "c": _conjunction_maker,
}


def reader(letter: str, codec: Codec) -> Reader:
    """What reads the field's last occurrence. Errors: ValueError, ArithmeticError."""
    wire_type, as_text = _WIRE_TYPES[letter], _TEXTS[letter]
    read = STR.read if codec is ESCAPED else codec.read

    def value_of(raw: Occurrences) -> Any:
        said, value = raw[-1]
        if said != wire_type:
            raise ValueError(f"wire type {said} where {wire_type} belongs")
        return read(as_text(value))

    return value_of


def _text(value: bytes) -> str:
    text = value.decode(errors="backslashreplace")
    if "\0" in text:
        raise ValueError(f"a field cannot hold a NUL: {text[:32]!r}")
    return text


_TEXTS: Final[dict[str, Callable[[Any], str]]] = {
    "s": _text,
    "d": lambda value: repr(value).removesuffix(".0"),
    "i": lambda value: str(from_twos_complement(value)),
    "b": lambda value: "1" if value else "0",
    "c": lambda value: "a" if value else "o",
}


def absent(codec: Codec, default: Any, is_numbered: bool, required: object) -> Any:
    """The value of a field that is not there: what an empty one means, or ``default`` where nothing can mean it.

    Errors: ValueError when it must be there.
    """
    has_default = default is not required and not callable(default)
    if has_default and not is_numbered:
        return default
    try:
        return codec.read("")
    except (ValueError, ArithmeticError):
        if has_default:
            return default
        raise ValueError("is missing") from None
