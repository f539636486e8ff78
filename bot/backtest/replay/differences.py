"""One decision that came out differently."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from bot.ops.status.slippage import FillSlip


@dataclass(frozen=True, slots=True)
class Difference:
    """``journaled`` is what the journal says, ``replayed`` what the machines say now; a missing one is ``nothing``."""

    at: datetime
    who: str
    about: str
    journaled: str
    replayed: str


@dataclass(frozen=True, slots=True)
class Compared:
    """``decisions`` by kind: how many were compared."""

    decisions: dict[str, int]
    differences: tuple[Difference, ...]
    fills: tuple[FillSlip, ...] = ()
    """What the fills of those days cost beyond the model; corrections beside what they correct."""
    settings: tuple[str, ...] = ()
    """In which settings the journal's bot and this replay differ, in words."""
    journal_has: str = ""
    """Of which days the journal has rows, where nothing was compared."""

    @property
    def is_empty(self) -> bool:
        return not (self.fills or any(self.decisions.values()))


def in_words(message: Any, leave_out: frozenset[str] = frozenset()) -> str:
    """A message's fields, as they are compared and shown."""
    if message is None:
        return "nothing"
    shown = (
        f"{x.name}={_plain(getattr(message, x.name))}" for x in fields(message) if x.name not in leave_out
    )
    return f"{type(message).__name__}({', '.join(shown)})"


def untold(message: Any) -> frozenset[str]:
    """The fields with a default that a message leaves unknown: of a journal, also those that its build did not have."""
    if message is None:
        return frozenset()
    return frozenset(
        x.name for x in fields(message) if x.default is None and getattr(message, x.name) is None
    )


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {text}" for name, text in sorted(value.items())) + "}"
    label = getattr(value, "label", None)
    return f"{value}" if label is None else f"{label}"
