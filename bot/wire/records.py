"""What a message is in Python: a record of named values, and the kind it belongs to.

Rule: plain data. A record is a ``dict`` whose keys also read as attributes; equality is by content.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Record", "WireMessage", "WrittenRecords"]


class Record(dict[str, Any]):
    """Named values of a message or of one repeated part (a leg, a bar); ``record.name`` is ``record["name"]``."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class WrittenRecords(list[Mapping[str, Any]]):
    """Records of a long message that are encoded as they come, so that nobody waits while all of it is; else a list."""

    def __init__(
        self, layout: object, write: Callable[[Iterable[Mapping[str, Any]], list[Any]], None]
    ) -> None:
        super().__init__()
        self.layout = layout
        """What they were encoded by: it holds for no other."""
        self.fields: list[Any] = []
        self._write = write

    def add(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Append records and what they are on the wire. Errors: ``FieldError``."""
        found = list(records)
        self._write(found, self.fields)
        self.extend(found)


@dataclass(frozen=True, slots=True)
class WireMessage:
    """One decoded message.

    ``values`` holds only the fields its version and branches really carried: ask ``get`` for a conditional one.
    ``surplus`` are fields behind the last one we know, normally none.
    """

    kind: str
    values: Record = field(default_factory=Record)
    surplus: tuple[str, ...] = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self.values[name]
        except KeyError:
            raise AttributeError(f"{self.kind} has no {name}") from None

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def get(self, name: str, default: Any = None) -> Any:
        """The value of ``name``, or ``default`` where this message did not carry it."""
        return self.values.get(name, default)
