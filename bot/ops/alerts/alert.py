"""One thing to tell, and how much it weighs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """INFO is news, WARNING wants a look today, CRITICAL wants a person now."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


DrawPicture = Callable[[], bytes | None]
"""Draws a PNG; None where none can be drawn."""


@dataclass(frozen=True, slots=True)
class Alert:
    """``key`` is the event's identity: the same key again soon is the same event.

    ``picture`` is drawn by a channel that carries one, when it sends, off the trading path.
    """

    key: str
    severity: Severity
    title: str
    body: str = ""
    picture: DrawPicture | None = field(default=None, compare=False)


SendAlert = Callable[[Alert], None]
