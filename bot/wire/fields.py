"""Field types: how one value becomes the text of one field, and back.

Rule: ``None`` is *unset*. Which text says so differs by field and is part of its type: ``''``, ``2147483647``
(ints) or ``1.7976931348623157E308`` (doubles); reading accepts all three wherever unset is allowed. Numbers are
read strictly (no underscores, blanks, NaN) and bounded, so no text from a peer can become a monstrous number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

__all__ = [
    "ASKED_RIGHT",
    "BOOL",
    "DECIMAL",
    "DECIMAL0",
    "DOUBLE",
    "ESCAPED",
    "INT",
    "INT0",
    "LONG",
    "MAX_DECIMAL",
    "MAX_INT",
    "OFFSET",
    "OPT_BOOL",
    "OPT_DECIMAL",
    "OPT_DOUBLE",
    "OPT_INT",
    "RIGHT",
    "SIZE",
    "STR",
    "Codec",
]

# As a gateway writes them (recorded openOrder messages); ib_async fails on an empty margin, so the double is written out.
UNSET_INT_TEXT = "2147483647"
UNSET_DOUBLE_TEXT = "1.7976931348623157E308"
_UNSET_INT = 2**31 - 1
_UNSET_DOUBLE = float(UNSET_DOUBLE_TEXT)
# From this server version sizes and volumes may have decimals; clients of older ones read them as int.
DECIMAL_SIZES_SINCE = 163

_INT_PATTERN = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_NUMBER_PATTERN = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", re.ASCII)
_MAX_NUMBER_CHARS = 64
_MAX_DECIMAL_EXPONENT = 40


@dataclass(frozen=True, slots=True)
class Codec:
    """One field type. ``write`` raises ``TypeError``/``ValueError`` for a value it cannot say, ``read`` raises
    ``ValueError`` for text it does not accept. ``shape`` and ``nullable`` describe the domain of values;
    ``write_old`` replaces ``write`` below server version 163; ``plain`` are the types whose finite values ``str``
    already says as ``write`` would.
    """

    shape: str
    write: Callable[[Any], str]
    read: Callable[[str], Any]
    nullable: bool = False
    write_old: Callable[[Any], str] | None = None
    plain: frozenset[type] = frozenset()

    def plain_types(self, version: int) -> frozenset[type]:
        """The types that need no writer of ours at ``version``."""
        return _WHOLE if self.write_old is not None and version < DECIMAL_SIZES_SINCE else self.plain

    def writer(self, version: int) -> Callable[[Any], str]:
        """The writing half at ``version``."""
        if self.write_old is not None and version < DECIMAL_SIZES_SINCE:
            return self.write_old
        return self.write


def _write_int(value: Any) -> str:
    if type(value) is int:
        return str(value)
    if value is None:
        raise TypeError("unset is not allowed here")
    if isinstance(value, int) or value == int(value):
        return str(int(value))
    raise ValueError(f"{value!r} is not a whole number")


def _read_int(text: str, bits: int = 31) -> int:
    if _INT_PATTERN.fullmatch(text) is None:
        raise ValueError(f"{text[:_MAX_NUMBER_CHARS]!r} is not a whole number")
    value = int(text)
    if not -(1 << bits) <= value < 1 << bits:
        raise ValueError(f"{value} does not fit {bits + 1} bits")
    return value


def _read_long(text: str) -> int:
    return _read_int(text, 63)


def _read_int_or_zero(text: str) -> int:
    return _read_int(text) if text else 0


def _read_optional_int(text: str) -> int | None:
    if not text:
        return None
    value = _read_int(text)
    return None if value == _UNSET_INT else value


def _write_number(value: Any) -> str:
    if type(value) is float:
        if not math.isfinite(value):
            raise ValueError(f"{value!r} is not a number that can be sent")
        return repr(value)
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"{value!r} is not a number that can be sent")
        return format(value, "f")
    if value is None:
        raise TypeError("unset is not allowed here")
    return str(value) if type(value) is int else _write_number(float(value))


def _write_old_size(value: Any) -> str:
    """Whole units only, towards zero: what a client of the older version can read."""
    if value is None:
        raise TypeError("unset is not allowed here")
    return str(int(value))


def _checked_number(text: str) -> str:
    if len(text) > _MAX_NUMBER_CHARS or _NUMBER_PATTERN.fullmatch(text) is None:
        raise ValueError(f"{text[:_MAX_NUMBER_CHARS]!r} is not a number")
    return text


def _read_double(text: str) -> float:
    value = float(_checked_number(text))
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is too large for a double")
    return value


def _read_decimal(text: str) -> Decimal:
    value = Decimal(_checked_number(text))
    if value and abs(value.adjusted()) > _MAX_DECIMAL_EXPONENT:
        raise ValueError(f"{text!r} is outside the range of prices and quantities")
    return value


def _read_optional_double(text: str) -> float | None:
    if not text:
        return None
    value = _read_double(text)
    return None if value == _UNSET_DOUBLE else value


def _read_optional_decimal(text: str) -> Decimal | None:
    if not text or (len(text) > len("1.79E308") and _read_double(text) == _UNSET_DOUBLE):
        return None
    return _read_decimal(text)


def _read_offset(text: str) -> Decimal | None:
    if text in {"Infinite", "Infinity", "inf"}:
        return Decimal("Infinity")
    return _read_optional_decimal(text)


def _write_offset(value: Any) -> str:
    return "Infinity" if value is not None and value == math.inf else _write_optional_number(value)


def _write_bool(value: Any) -> str:
    if value is True:
        return "1"
    if value is False:
        return "0"
    if value is None:
        raise TypeError("unset is not allowed here")
    return "1" if value else "0"


def _read_bool(text: str) -> bool:
    if text == "1":
        return True
    if text in {"0", ""}:
        return False
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    return _read_int(text) != 0


def _write_str(value: Any) -> str:
    if type(value) is str:
        return value
    return "" if value is None else str(value)


def _read_str(text: str) -> str:
    return text


def _write_escaped(value: Any) -> str:
    return _write_str(value).encode("unicode_escape").decode("ascii")


def _read_escaped(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode("unicode_escape")


def _write_right(value: Any) -> str:
    return _write_str(value) or "?"


def _read_right(text: str) -> str:
    return "" if text in {"?", "0"} else text


def _or(unset: str, write: Callable[[Any], str]) -> Callable[[Any], str]:
    """``write``, with ``None`` written as ``unset``."""

    def write_or_unset(value: Any) -> str:
        return unset if value is None else write(value)

    return write_or_unset


_write_optional_number = _or("", _write_number)
_WHOLE = frozenset({int})
_NUMBERS = frozenset({int, float})

INT = Codec("int", _write_int, _read_int, plain=_WHOLE)
"""A whole number of 32 bits that must be there."""
INT0 = Codec("int", _or("0", _write_int), _read_int_or_zero, plain=_WHOLE)
"""A whole number; an empty field reads as 0."""
LONG = Codec("long", _write_int, _read_long, plain=_WHOLE)
"""A whole number of 64 bits: permanent ids, epoch seconds."""
OPT_INT = Codec("int", _or("", _write_int), _read_optional_int, nullable=True, plain=_WHOLE)
"""A whole number; unset is written empty."""
MAX_INT = Codec("int", _or(UNSET_INT_TEXT, _write_int), _read_optional_int, nullable=True, plain=_WHOLE)
"""A whole number; unset is written 2147483647."""
DOUBLE = Codec("double", _write_number, _read_double, plain=_NUMBERS)
"""A float that must be there: market data, greeks."""
OPT_DOUBLE = Codec("double", _write_optional_number, _read_optional_double, nullable=True, plain=_NUMBERS)
"""A float; unset is written empty."""
DECIMAL = Codec("decimal", _write_number, _read_decimal, plain=_NUMBERS)
"""An exact number that must be there: order and fill prices, quantities."""
DECIMAL0 = Codec("decimal", _or("0", _write_number), lambda text: _read_decimal(text or "0"), plain=_NUMBERS)
"""An exact number; an empty field reads as 0: a strike, where TWS says 0 for none."""
OPT_DECIMAL = Codec("decimal", _write_optional_number, _read_optional_decimal, nullable=True, plain=_NUMBERS)
"""An exact number; unset is written empty."""
MAX_DECIMAL = Codec(
    "decimal", _or(UNSET_DOUBLE_TEXT, _write_number), _read_optional_decimal, nullable=True, plain=_NUMBERS
)
"""An exact number; unset is written 1.7976931348623157E308: margins, profit and loss."""
SIZE = Codec("size", _write_number, _read_decimal, write_old=_write_old_size, plain=_NUMBERS)
"""A market size or volume: decimals from server version 163, whole units before."""
OFFSET = Codec("offset", _write_offset, _read_offset, nullable=True)
"""An exact number that may be infinite: "up to the midpoint" of a pegged-to-best order."""
BOOL = Codec("bool", _write_bool, _read_bool)
"""A flag, 1 or 0; an empty field reads as False."""
OPT_BOOL = Codec("bool", _or("", _write_bool), lambda text: _read_bool(text) if text else None, nullable=True)
"""A flag that may be unset, written empty."""
STR = Codec("str", _write_str, _read_str, plain=frozenset({str}))
"""Text without NUL; ``None`` is written empty and reads back as ''."""
ESCAPED = Codec("str", _write_escaped, _read_escaped)
"""Text with Unicode escapes on the wire (clients decode long names with ``unicode-escape``)."""
ASKED_RIGHT = Codec("right", _write_str, _read_right)
"""Call or put as a client names it, who may hand back the ``?`` of an open order."""
RIGHT = Codec("right", _write_right, _read_right)
"""Call or put in open and completed orders, where TWS writes ``?`` for what is no option."""
