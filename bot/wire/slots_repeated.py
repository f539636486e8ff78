"""The numbered parts of a message that are no single value: repeated values and messages, maps, flags in one number, legs.

Rule: as in ``slots``; each part is written and read as the text layout's part of the same name holds it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.wire.errors import FieldError
from bot.wire.fields import OPT_DECIMAL, STR, Codec
from bot.wire.protobuf import (
    BYTES_TYPE,
    DOUBLE_TYPE,
    VARINT_TYPE,
    RawFields,
    fields_of,
    length_delimited,
    tag,
    varints_of,
)
from bot.wire.records import Record, WrittenRecords
from bot.wire.scalars import Reader, Writer, natural, reader, writer
from bot.wire.slots import NamesThere, NumberedRecord, inside, messages, value_of

__all__ = ["BitsSlot", "EachSlot", "LegsSlot", "ManySlot", "OneSlot", "OptionsSlot"]

_DOUBLE: Final = struct.Struct("<d")
_LEG_PRICE: Final = 9
"""The field of a leg in which its price is."""


@dataclass(frozen=True, slots=True)
class EachSlot:
    """Repeated values; numbers are packed into one field, and read either way, as the encoding demands."""

    name: str
    number: int
    packed: int | None
    """The wire type of the numbers that are packed; ``None`` for text, which is not."""
    write_one: Writer
    read_one: Reader

    @classmethod
    def of(cls, name: str, number: int, letter: str, codec: Codec) -> EachSlot:
        """Of the declared parts."""
        letter = letter or natural(codec)
        packed = {"d": DOUBLE_TYPE, "i": VARINT_TYPE}.get(letter)
        return cls(name, number, packed, writer(number, letter, codec, repeated=True), reader(letter, codec))

    def write(self, values: Mapping[str, Any], there: NamesThere, out: list[bytes]) -> None:
        """See ``Slot``. Raises FieldError."""
        if there is not None and self.name not in there:
            return
        try:
            pieces = [self.write_one(item) for item in value_of(values, self.name) or ()]
        except (TypeError, ValueError, ArithmeticError) as error:
            raise FieldError(self.name, str(error)) from None
        if self.packed is not None and pieces:
            start = len(tag(self.number, self.packed))
            out.append(length_delimited(self.number, b"".join(piece[start:] for piece in pieces)))
        else:
            out += pieces

    def read(self, raw: RawFields, found: dict[str, Any]) -> None:
        """See ``Slot``. Raises FieldError."""
        if self.number in raw:
            try:
                found[self.name] = tuple(self.read_one((one,)) for one in self._unpacked(raw[self.number]))
            except (ValueError, ArithmeticError, struct.error) as error:
                raise FieldError(self.name, str(error)) from None

    def _unpacked(self, raw: Iterable[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
        for wire_type, value in raw:
            if self.packed == DOUBLE_TYPE and wire_type == BYTES_TYPE:
                yield from ((DOUBLE_TYPE, number) for (number,) in _DOUBLE.iter_unpack(value))
            elif self.packed == VARINT_TYPE and wire_type == BYTES_TYPE:
                yield from ((VARINT_TYPE, number) for number in varints_of(value))
            else:
                yield wire_type, value


@dataclass(frozen=True, slots=True)
class ManySlot:
    """Repeated messages."""

    name: str
    number: int
    item: NumberedRecord

    def write(self, values: Mapping[str, Any], there: NamesThere, out: list[bytes]) -> None:
        """See ``Slot``. Raises FieldError."""
        if there is not None and self.name not in there:
            return
        records = value_of(values, self.name) or ()
        if isinstance(records, WrittenRecords) and records.layout is self:
            out += records.fields
        else:
            self.write_each(records, out)

    def write_each(self, records: Iterable[Mapping[str, Any]], out: list[bytes]) -> None:
        """The records' fields. Errors: ``FieldError``."""
        encoded = (inside(self.name, self.item.encode_record, record) for record in records)
        out += [length_delimited(self.number, data) for data in encoded]

    def read(self, raw: RawFields, found: dict[str, Any]) -> None:
        """See ``Slot``. Raises FieldError."""
        records = []
        for data in messages(raw.get(self.number, ()), self.name):
            record = Record()
            inside(self.name, self.item.decode, data, record)
            records.append(record)
        found[self.name] = tuple(records)


@dataclass(frozen=True, slots=True)
class LegsSlot:
    """A combination's legs with their prices, where the message has any."""

    name: str
    number: int
    item: NumberedRecord
    priced: bool

    def write(self, values: Mapping[str, Any], there: NamesThere, out: list[bytes]) -> None:
        """See ``Slot``. Raises FieldError."""
        if there is not None and self.name not in there:
            return
        prices = list(values.get("orderComboLegs") or ()) if self.priced else []
        for place, record in enumerate(value_of(values, self.name) or ()):
            data = inside(self.name, self.item.encode_record, record)
            if place < len(prices):
                data += _PRICE.write(prices[place].get("price"))
            out.append(length_delimited(self.number, data))

    def read(self, raw: RawFields, found: dict[str, Any]) -> None:
        """See ``Slot``. Raises FieldError."""
        legs = ManySlot(self.name, self.number, self.item)
        legs.read(raw, found)
        if not self.priced:
            return
        said = [fields_of(data).get(_LEG_PRICE) for data in messages(raw.get(self.number, ()), self.name)]
        if any(price is not None for price in said):
            try:
                found["orderComboLegs"] = tuple(
                    Record(price=None if price is None else _PRICE.read(price)) for price in said
                )
            except (ValueError, ArithmeticError) as error:
                raise FieldError("orderComboLegs", str(error)) from None


@dataclass(frozen=True, slots=True)
class OneSlot:
    """A message that may be there."""

    name: str
    number: int
    item: NumberedRecord

    def write(self, values: Mapping[str, Any], there: NamesThere, out: list[bytes]) -> None:
        """See ``Slot``. Raises FieldError."""
        record = value_of(values, self.name) if there is None or self.name in there else None
        if record is not None:
            out.append(length_delimited(self.number, inside(self.name, self.item.encode_record, record)))

    def read(self, raw: RawFields, found: dict[str, Any]) -> None:
        """See ``Slot``. Raises FieldError."""
        for data in messages(raw.get(self.number, ()), self.name):
            record = found[self.name] = Record()
            inside(self.name, self.item.decode, data, record)


@dataclass(frozen=True, slots=True)
class OptionsSlot:
    """A map that text has as ``tag=value;`` in one field."""

    name: str
    number: int

    def write(self, values: Mapping[str, Any], there: NamesThere, out: list[bytes]) -> None:
        """See ``Slot``. Raises FieldError."""
        if there is not None and self.name not in there:
            return
        for pair in filter(None, str(value_of(values, self.name) or "").split(";")):
            option, _, value = pair.partition("=")
            out.append(length_delimited(self.number, _TAG.write(option) + _VALUE.write(value)))

    def read(self, raw: RawFields, found: dict[str, Any]) -> None:
        """See ``Slot``. Raises FieldError."""
        pairs = []
        for data in messages(raw.get(self.number, ()), self.name):
            try:
                entry = fields_of(data)
                option, value = (
                    one.read(entry[number]) if number in entry else ""
                    for number, one in ((1, _TAG), (2, _VALUE))
                )
            except ValueError as error:
                raise FieldError(self.name, str(error)) from None
            pairs.append(f"{option}={value};")
        if pairs:
            found[self.name] = "".join(pairs)


@dataclass(frozen=True, slots=True)
class BitsSlot:
    """A message of flags that text has as one number."""

    name: str
    number: int
    order: tuple[int, ...]

    def write(self, values: Mapping[str, Any], there: NamesThere, out: list[bytes]) -> None:
        """See ``Slot``. Raises FieldError."""
        if there is None or self.name in there:
            mask = int(value_of(values, self.name) or 0)
            flags = (
                tag(n, 0) + (b"\1" if mask & bit else b"\0") for n, bit in enumerate(self.order, start=1)
            )
            out.append(length_delimited(self.number, b"".join(flags)))

    def read(self, raw: RawFields, found: dict[str, Any]) -> None:
        """See ``Slot``. Raises FieldError."""
        for data in messages(raw.get(self.number, ()), self.name):
            try:
                said = fields_of(data)
            except ValueError as error:
                raise FieldError(self.name, str(error)) from None
            flags = (bit for n, bit in enumerate(self.order, start=1) if n in said and said[n][-1][1])
            found[self.name] = sum(flags)


@dataclass(frozen=True, slots=True)
class _Bare:
    """One value outside a record."""

    write: Writer
    read: Reader


_TAG: Final = _Bare(writer(1, "s", STR), reader("s", STR))
_VALUE: Final = _Bare(writer(2, "s", STR), reader("s", STR))
_PRICE: Final = _Bare(writer(_LEG_PRICE, "d", OPT_DECIMAL), reader("d", OPT_DECIMAL))
