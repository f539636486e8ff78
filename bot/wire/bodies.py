"""How a message kind's values are numbered in its Protocol Buffers body: the declaration beside its text layout.

Rule: a part takes the next field number, so a declaration is the list of names in the order of their numbers; ``-`` passes a
number over. Values, types, defaults and branches are the text layout's: a body only numbers them. A name that the layout does
not have at a version is not there in the body either. Numbers and wire types are facts of IB's published descriptions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from bot.wire.nodes import Each, Field, Many, Maybe
from bot.wire.slots import BlockSlot, NumberedRecord, ScalarSlot, Slot
from bot.wire.slots_repeated import BitsSlot, EachSlot, LegsSlot, ManySlot, OneSlot, OptionsSlot
from bot.wire.walk import Leaves

__all__ = ["Bits", "Block", "Body", "Legs", "One", "Options", "Repeat"]


class Part(Protocol):
    """A declared part of a body."""

    def slot(self, number: int, at: Leaves) -> Slot | None:
        """It with its number, or ``None`` where no such name is in the layout."""

    def names(self) -> Iterator[str]:
        """The names it numbers."""


@dataclass(frozen=True, slots=True)
class _Scalar:
    """``name`` or ``name:letter`` where the wire type is not the usual one of its kind."""

    name: str
    letter: str

    def slot(self, number: int, at: Leaves) -> Slot | None:
        leaf = at.by_name.get(self.name)
        if isinstance(leaf, Each):
            return EachSlot.of(self.name, number, self.letter, leaf.codec)
        if not isinstance(leaf, Field):
            return None
        return ScalarSlot.of(self.name, number, self.letter, leaf.codec)

    def names(self) -> Iterator[str]:
        yield self.name


class Block:
    """A message inside the message whose fields belong to the same record.

    ``only`` is a name and its values with which the block is there; without it, always.
    """

    def __init__(self, *parts: str | Part, only: tuple[str, frozenset[Any]] | None = None) -> None:
        self.parts, self.only = tuple(_parsed(parts)), only

    def slots(self, at: Leaves) -> tuple[Slot, ...]:
        """Its parts with their numbers."""
        made = (part.slot(number, at) for number, part in enumerate(self.parts, start=1) if part is not None)
        return tuple(slot for slot in made if slot is not None)

    def slot(self, number: int, at: Leaves) -> Slot | None:
        return BlockSlot(number, self.slots(at), self.only)

    def names(self) -> Iterator[str]:
        for part in self.parts:
            if part is not None:
                yield from part.names()


class Body(Block):
    """A kind's whole body; ``since`` is the server version from which the kind is said this way."""

    def __init__(self, since: int, *parts: str | Part) -> None:
        super().__init__(*parts)
        self.since = since


class Repeat:
    """Repeated messages, the records of ``name``; ``block`` numbers their fields."""

    def __init__(self, name: str, block: Block) -> None:
        self.name, self.block = name, block

    def slot(self, number: int, at: Leaves) -> Slot | None:
        leaf = at.by_name.get(self.name)
        return ManySlot(self.name, number, self._item(leaf, at.version)) if isinstance(leaf, Many) else None

    def _item(self, leaf: Many, version: int) -> NumberedRecord:
        return NumberedRecord(leaf.nodes, version, self.block)

    def names(self) -> Iterator[str]:
        yield self.name


class Legs(Repeat):
    """A combination's legs, whose prices text has as a list of their own (``orderComboLegs``)."""

    def slot(self, number: int, at: Leaves) -> Slot | None:
        leaf = at.by_name.get(self.name)
        if not isinstance(leaf, Many):
            return None
        return LegsSlot(self.name, number, self._item(leaf, at.version), "orderComboLegs" in at.by_name)

    def names(self) -> Iterator[str]:
        yield from (self.name, "orderComboLegs")


class One:
    """A message that may be there: the record of ``name``, or ``None``."""

    def __init__(self, name: str, block: Block) -> None:
        self.name, self.block = name, block

    def slot(self, number: int, at: Leaves) -> Slot | None:
        leaf = at.by_name.get(self.name)
        if not isinstance(leaf, Maybe):
            return None
        return OneSlot(self.name, number, NumberedRecord(leaf.nodes, at.version, self.block))

    def names(self) -> Iterator[str]:
        yield self.name


@dataclass(frozen=True, slots=True)
class Options:
    """A map of text to text that the text protocol writes as ``tag=value;`` in one field."""

    name: str

    def slot(self, number: int, at: Leaves) -> Slot | None:
        return OptionsSlot(self.name, number) if self.name in at.by_name else None

    def names(self) -> Iterator[str]:
        yield self.name


@dataclass(frozen=True, slots=True)
class Bits:
    """A message of flags that the text protocol writes as one number; ``order`` are the bits of fields 1, 2, …"""

    name: str
    order: tuple[int, ...]

    def slot(self, number: int, at: Leaves) -> Slot | None:
        return BitsSlot(self.name, number, self.order) if self.name in at.by_name else None

    def names(self) -> Iterator[str]:
        yield self.name


def _parsed(parts: tuple[str | Part, ...]) -> Iterator[Part | None]:
    for part in parts:
        if not isinstance(part, str):
            yield part
            continue
        for word in part.split():
            name, _, letter = word.partition(":")
            yield None if name == "-" else _Scalar(name, letter)
