"""The numbered fields of a message at one version: what runs for each message.

Rule: writing goes in the order of the numbers, so the same values give the same bytes; reading takes fields in any order,
passes unknown numbers over, and ends with the text layout's own order, so its branches decide what a record holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from bot.wire.errors import FieldError
from bot.wire.fields import Codec
from bot.wire.nodes import REQUIRED, Field, Node, defaults_of, names_of
from bot.wire.protobuf import BYTES_TYPE, RawFields, fields_of, length_delimited
from bot.wire.records import Record
from bot.wire.scalars import Occurrences, Reader, Writer, absent, natural, reader, writer
from bot.wire.walk import Fork, Leaf, Leaves, leaves_of, plan, present

__all__ = [
    "BlockSlot",
    "NamesThere",
    "NumberedRecord",
    "Numbering",
    "ScalarSlot",
    "Slot",
    "inside",
    "messages",
    "value_of",
]

NamesThere = AbstractSet[str] | None
"""The names that are there; ``None`` where all are."""


class Slot(Protocol):
    """One part of a body."""

    def write(self, values: Mapping[str, Any], there: NamesThere, out: list[bytes]) -> None:
        """Append its bytes. Errors: ``FieldError``."""

    def read(self, raw: RawFields, found: dict[str, Any]) -> None:
        """Note what it says by name. Errors: ``FieldError``."""


@runtime_checkable
class Repeated(Protocol):
    """A slot of repeated messages."""

    name: str

    def write_each(self, records: Iterable[Mapping[str, Any]], out: list[bytes]) -> None:
        """Append the records' bytes. Errors: ``FieldError``."""


class Numbering(Protocol):
    """A declaration of numbers: ``bodies.Block``."""

    def slots(self, at: Leaves) -> tuple[Slot, ...]:
        """The parts that are left of it there."""

    def names(self) -> Iterator[str]:
        """Every name it numbers."""


class NumberedRecord:
    """A record's numbered fields at one version."""

    def __init__(self, nodes: tuple[Node, ...], version: int, numbering: Numbering) -> None:
        leaves = leaves_of(nodes, version)
        self._slots = numbering.slots(leaves)
        self.repeated = {slot.name: slot for slot in self._slots if isinstance(slot, Repeated)}
        """The slots of repeated messages, by name."""
        self._plan = plan(nodes, version)
        self._always = frozenset(part.name for part in self._plan if not isinstance(part, Fork))
        self._forks = tuple(part for part in self._plan if isinstance(part, Fork))
        self._defaults = {n: v for n, v in defaults_of(nodes).items() if not callable(v)}
        self._names = names_of(nodes)
        self._numbered = frozenset(numbering.names())
        self._absent = {name: value for name, leaf in leaves.by_name.items() for value in self._without(leaf)}

    def encode(self, values: Mapping[str, Any]) -> bytes:
        """The message's bytes; defaults are the caller's. Errors: ``FieldError``."""
        there = self._there(values) if self._forks else None
        out: list[bytes] = []
        for slot in self._slots:
            slot.write(values, there, out)
        return b"".join(out)

    def encode_record(self, record: Mapping[str, Any]) -> bytes:
        """The same of a record inside a message. Errors: ``FieldError``."""
        if not record.keys() <= self._names:
            raise FieldError(", ".join(sorted(record.keys() - self._names)), "there is no such field")
        return self.encode({**self._defaults, **record} if self._defaults else record)

    def _there(self, values: Mapping[str, Any]) -> set[str]:
        there = set(self._always)
        try:
            for leaf in present(self._forks, values):
                if leaf.name not in values:
                    raise FieldError(leaf.name, "is missing")
                there.add(leaf.name)
        except KeyError as missing:
            name = missing.args[0]
            raise FieldError(
                str(name), "is missing" if name in self._always else "is none of its kinds"
            ) from None
        return there

    def decode(self, data: bytes, into: Record) -> None:
        """Read the message into a record. Errors: ``FieldError``."""
        try:
            raw = fields_of(data)
        except ValueError as error:
            raise FieldError("body", str(error)) from None
        found: dict[str, Any] = {}
        for slot in self._slots:
            slot.read(raw, found)
        absent_values = self._absent
        try:
            for leaf in present(self._plan, into):
                name = leaf.name
                if name in found:
                    into[name] = found[name]
                elif name in absent_values:
                    into[name] = absent_values[name]
                else:
                    raise FieldError(name, "is missing")
        except KeyError as unknown:
            raise FieldError("body", f"{unknown} is none of its kinds") from None

    def _without(self, leaf: Leaf) -> Iterator[Any]:
        """The value of a part that is not there, if it may be."""
        if not isinstance(leaf, Field):
            yield leaf.default
            return
        with suppress(ValueError):
            yield absent(leaf.codec, leaf.default, leaf.name in self._numbered, REQUIRED)


def value_of(values: Mapping[str, Any], name: str) -> Any:
    """The value of ``name``. Errors: ``FieldError``."""
    try:
        return values[name]
    except KeyError:
        raise FieldError(name, "is missing") from None


def messages(raw: Occurrences, name: str) -> Iterable[bytes]:
    """The bytes of the messages in a field's occurrences. Errors: ``FieldError``."""
    for wire_type, data in raw:
        if wire_type != BYTES_TYPE:
            raise FieldError(name, f"wire type {wire_type} where {BYTES_TYPE} belongs")
        yield data


def inside(name: str, run: Callable[..., Any], *arguments: Any) -> Any:
    """``run``, its errors named with the part they are in. Errors: ``FieldError``."""
    try:
        return run(*arguments)
    except FieldError as error:
        raise FieldError(name, str(error)) from None


@dataclass(frozen=True, slots=True)
class ScalarSlot:
    """One value."""

    name: str
    number: int
    write_one: Writer
    read_one: Reader

    @classmethod
    def of(cls, name: str, number: int, letter: str, codec: Codec) -> ScalarSlot:
        letter = letter or natural(codec)
        return cls(name, number, writer(number, letter, codec), reader(letter, codec))

    def write(self, values: Mapping[str, Any], there: NamesThere, out: list[bytes]) -> None:
        """See ``Slot``. Raises FieldError."""
        name = self.name
        if there is not None and name not in there:
            return
        try:
            out.append(self.write_one(values[name]))
        except KeyError:
            raise FieldError(name, "is missing") from None
        except (TypeError, ValueError, ArithmeticError) as error:
            raise FieldError(name, str(error)) from None

    def read(self, raw: RawFields, found: dict[str, Any]) -> None:
        """See ``Slot``. Raises FieldError."""
        if self.number in raw:
            try:
                found[self.name] = self.read_one(raw[self.number])
            except (ValueError, ArithmeticError) as error:
                raise FieldError(self.name, str(error)) from None


@dataclass(frozen=True, slots=True)
class BlockSlot:
    """A message inside whose fields belong to the record around it."""

    number: int
    slots: tuple[Slot, ...]
    only: tuple[str, frozenset[Any]] | None

    def write(self, values: Mapping[str, Any], there: NamesThere, out: list[bytes]) -> None:
        """See ``Slot``. Raises FieldError."""
        if self.only is not None and values.get(self.only[0]) not in self.only[1]:
            return
        inner: list[bytes] = []
        for slot in self.slots:
            slot.write(values, there, inner)
        out.append(length_delimited(self.number, b"".join(inner)))

    def read(self, raw: RawFields, found: dict[str, Any]) -> None:
        """See ``Slot``. Raises FieldError."""
        for data in messages(raw.get(self.number, ()), f"field {self.number}"):
            try:
                inner = fields_of(data)
            except ValueError as error:
                raise FieldError(f"field {self.number}", str(error)) from None
            for slot in self.slots:
                slot.read(inner, found)
