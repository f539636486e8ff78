"""The parts of a layout at one version: what runs for each message.

Rule: strictly in order, one pass, one iterator over the fields; a count is believed only as far as fields follow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, islice
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

from bot.wire.errors import FieldError
from bot.wire.fields import INT
from bot.wire.records import Record, WrittenRecords

__all__ = [
    "Branch",
    "Choice",
    "LeftOff",
    "Literal",
    "Present",
    "Records",
    "ScalarStep",
    "Scalars",
    "Step",
    "Test",
    "Values",
    "often_read",
    "read_all",
    "write_all",
]

_WORTH_KEEPING = 8
"""Fields, from which on a run is compared with the last one of its kind."""
_MISSES_AT_MOST = 100
Test = Callable[[Mapping[str, Any]], bool]


class Step(Protocol):
    """A part of a layout at one version."""

    def write(self, values: Mapping[str, Any], out: list[str]) -> None:
        """Append this part's fields. Errors: ``FieldError``."""

    def read(self, fields: Iterator[str], into: Record) -> None:
        """Take this part's fields. Errors: ``FieldError``."""


class ScalarStep(NamedTuple):
    """One plain field: ``plain`` are the types whose values ``str`` says as ``write`` would."""

    name: str
    write: Callable[[Any], str]
    read: Callable[[str], Any]
    plain: frozenset[type]


@cache
def often_read(read: Callable[[str], Any]) -> Mapping[str, Any]:
    """What the commonest texts mean: most of an order's hundred fields are empty or 0, and every value is immutable."""
    known = {}
    for text in ("", "0", "1"):
        with suppress(ValueError, ArithmeticError):
            known[text] = read(text)
    return known


class _Kept:
    """What a run of fields said last, and what it meant: the long tail of an order is the same in all of a client's. One that
    never says the same again is not looked at any more."""

    __slots__ = ("last", "misses")

    def __init__(self) -> None:
        self.last: tuple[tuple[str, ...] | None, Mapping[str, Any]] = (None, {})
        self.misses = 0


@dataclass(frozen=True, slots=True)
class Scalars:
    """Neighbouring plain fields."""

    items: tuple[ScalarStep, ...]
    _readers: tuple[tuple[str, Callable[[str], Any], Mapping[str, Any]], ...] = field(init=False, repr=False)
    _kept: _Kept = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        readers = tuple((name, read, often_read(read)) for name, _, read, _ in self.items)
        object.__setattr__(self, "_readers", readers)
        object.__setattr__(self, "_kept", _Kept())

    def write(self, values: Mapping[str, Any], out: list[str]) -> None:
        """See ``Step``. Raises FieldError."""
        name = ""
        try:
            for name, write, _, _ in self.items:
                out.append(write(values[name]))
        except KeyError:
            raise FieldError(name, "is missing") from None
        except (TypeError, ValueError, ArithmeticError) as error:
            raise FieldError(name, str(error)) from None

    def read(self, fields: Iterator[str], into: Record) -> None:
        """See ``Step``. Raises FieldError."""
        kept, readers = self._kept, self._readers
        if len(readers) < _WORTH_KEEPING or kept.misses > _MISSES_AT_MOST:
            self._read(fields, into)
            return
        texts = tuple(islice(fields, len(readers)))
        said, meant = kept.last
        if texts == said:
            into.update(meant)
            kept.misses = 0
            return
        meant = Record()
        try:
            self._read(iter(texts), meant)
        finally:
            into.update(meant)
        kept.misses += 1
        kept.last = (texts, meant)

    def _read(self, fields: Iterator[str], into: Record) -> None:
        name = ""
        try:
            for name, read, known in self._readers:
                text = next(fields)
                into[name] = known[text] if text in known else read(text)
        except StopIteration:
            raise FieldError(name, "the message ends before it") from None
        except (ValueError, ArithmeticError) as error:
            raise FieldError(name, str(error)) from None


@dataclass(frozen=True, slots=True)
class Literal:
    """A field without a name."""

    text: str
    is_number: bool

    def write(self, values: Mapping[str, Any], out: list[str]) -> None:
        del values
        out.append(self.text)

    def read(self, fields: Iterator[str], into: Record) -> None:
        del into
        text = _next(fields, "version" if self.is_number else "unused field")
        if self.is_number:
            _count(text, "version")


@dataclass(frozen=True, slots=True)
class LeftOff:
    """Steps a peer may leave off the end; then the values are ``defaults``."""

    then: tuple[Step, ...]
    defaults: Mapping[str, Any]

    def write(self, values: Mapping[str, Any], out: list[str]) -> None:
        write_all(self.then, values, out)

    def read(self, fields: Iterator[str], into: Record) -> None:
        first = next(fields, None)
        if first is None:
            into.update(self.defaults)
        else:
            read_all(self.then, chain((first,), fields), into)


@dataclass(frozen=True, slots=True)
class Branch:
    """Steps run when a test of the earlier values holds."""

    test: Test
    then: tuple[Step, ...]

    def write(self, values: Mapping[str, Any], out: list[str]) -> None:
        if self.test(values):
            write_all(self.then, values, out)

    def read(self, fields: Iterator[str], into: Record) -> None:
        if self.test(into):
            read_all(self.then, fields, into)


@dataclass(frozen=True, slots=True)
class Choice:
    """Steps chosen by an earlier value."""

    name: str
    cases: Mapping[int, tuple[Step, ...]]

    def _chosen(self, values: Mapping[str, Any]) -> tuple[Step, ...]:
        try:
            return self.cases[values[self.name]]
        except KeyError:
            raise FieldError(self.name, f"{values.get(self.name)!r} is none of {list(self.cases)}") from None

    def write(self, values: Mapping[str, Any], out: list[str]) -> None:
        write_all(self._chosen(values), values, out)

    def read(self, fields: Iterator[str], into: Record) -> None:
        read_all(self._chosen(into), fields, into)


def _nothing(_: Mapping[str, Any]) -> None:
    """No short way."""


@cache
def _short_way(fields: tuple[ScalarStep, ...]) -> Callable[[Mapping[str, Any]], list[str] | None]:
    """A flat record's fields at once, for the thousands of bars of a history; None where a value is unusual.

    The long way decides every doubt (see ``plain``): an absent value, another type, not-a-number, a NUL.
    """
    pick = itemgetter(*[field.name for field in fields])
    template = "\0".join(["%s"] * len(fields))
    nuls, known = len(fields) - 1, tuple(field.plain for field in fields)
    usual: set[tuple[type, ...]] = set()

    def short(record: Mapping[str, Any]) -> list[str] | None:
        try:
            picked = pick(record)
        except KeyError:
            return None
        types = tuple(map(type, picked))
        if types not in usual:
            if not all(kind in plain for kind, plain in zip(types, known, strict=True)):
                return None
            usual.add(types)
        text: str = template % picked
        is_doubtful = "nan" in text or "inf" in text or text.count("\0") != nuls or len(record) != len(known)
        return None if is_doubtful else text.split("\0")

    return short


@dataclass(frozen=True, slots=True)
class Records:
    """A count and that many records."""

    name: str
    item: tuple[Step, ...]
    defaults: Mapping[str, Any]
    names: frozenset[str]

    def write(self, values: Mapping[str, Any], out: list[str]) -> None:
        records = _value(values, self.name) or ()
        out.append(str(len(records)))
        if isinstance(records, WrittenRecords) and records.layout is self:
            out += records.fields
        else:
            self.write_each(records, out)

    def write_each(self, records: Iterable[Mapping[str, Any]], out: list[str]) -> None:
        """The records' fields, without the count before them. Errors: ``FieldError``."""
        first = self.item[0] if len(self.item) == 1 else None
        short = _short_way(first.items) if isinstance(first, Scalars) and len(first.items) > 1 else _nothing
        for record in records:
            text = short(record)
            if text is None:
                _nested(self.name, _write_record, self, record, out)
            else:
                out += text

    def read(self, fields: Iterator[str], into: Record) -> None:
        records = []
        for _ in range(_count(_next(fields, self.name), self.name)):
            record = Record()
            _nested(self.name, read_all, self.item, fields, record)
            records.append(record)
        into[self.name] = tuple(records)


@dataclass(frozen=True, slots=True)
class Values:
    """A count and that many values."""

    name: str
    write_one: Callable[[Any], str]
    read_one: Callable[[str], Any]

    def write(self, values: Mapping[str, Any], out: list[str]) -> None:
        """See ``Step``. Raises FieldError."""
        items = _value(values, self.name) or ()
        out.append(str(len(items)))
        try:
            out.extend(map(self.write_one, items))
        except (TypeError, ValueError, ArithmeticError) as error:
            raise FieldError(self.name, str(error)) from None

    def read(self, fields: Iterator[str], into: Record) -> None:
        """See ``Step``. Raises FieldError."""
        count = _count(_next(fields, self.name), self.name)
        try:
            into[self.name] = tuple([self.read_one(_next(fields, self.name)) for _ in range(count)])
        except FieldError:
            raise
        except (ValueError, ArithmeticError) as error:
            raise FieldError(self.name, str(error)) from None


@dataclass(frozen=True, slots=True)
class Present:
    """A flag and perhaps a record."""

    name: str
    item: tuple[Step, ...]
    defaults: Mapping[str, Any]
    names: frozenset[str]

    def write(self, values: Mapping[str, Any], out: list[str]) -> None:
        record = _value(values, self.name)
        out.append("0" if record is None else "1")
        if record is not None:
            _nested(self.name, _write_record, self, record, out)

    def read(self, fields: Iterator[str], into: Record) -> None:
        into[self.name] = None
        if _count(_next(fields, self.name), self.name):
            record = Record()
            _nested(self.name, read_all, self.item, fields, record)
            into[self.name] = record


def write_all(steps: tuple[Step, ...], values: Mapping[str, Any], out: list[str]) -> None:
    """Append the fields of ``steps`` to ``out``. Errors: ``FieldError``."""
    for step in steps:
        step.write(values, out)


def read_all(steps: tuple[Step, ...], fields: Iterator[str], into: Record) -> None:
    """Read the fields of ``steps`` into ``into``. Errors: ``FieldError``."""
    for step in steps:
        step.read(fields, into)


def _write_record(part: Records | Present, record: Mapping[str, Any], out: list[str]) -> None:
    if not record.keys() <= part.names:
        raise FieldError(", ".join(sorted(record.keys() - part.names)), "there is no such field")
    write_all(part.item, {**part.defaults, **record}, out)


def _nested(name: str, run: Callable[..., None], *arguments: Any) -> None:
    try:
        run(*arguments)
    except FieldError as error:
        raise FieldError(name, str(error)) from None


def _value(values: Mapping[str, Any], name: str) -> Any:
    try:
        return values[name]
    except KeyError:
        raise FieldError(name, "is missing") from None


def _next(fields: Iterator[str], name: str) -> str:
    try:
        return next(fields)
    except StopIteration:
        raise FieldError(name, "the message ends before it") from None


def _count(text: str, name: str) -> int:
    try:
        count = int(INT.read(text or "0"))
    except ValueError as error:
        raise FieldError(name, str(error)) from None
    if count < 0:
        raise FieldError(name, f"a count of {count}")
    return count
