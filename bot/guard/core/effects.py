"""What the guard does about what it was told: bytes, closed and opened lines, words for a person. Plain data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ToClient:
    """Bytes for the client of that line."""

    line: int
    data: bytes


@dataclass(frozen=True, slots=True)
class ToGateway:
    """Bytes for the gateway, on that line."""

    line: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Open:
    """Open a line of the guard's own to the gateway; its number is negative."""

    line: int


@dataclass(frozen=True, slots=True)
class Close:
    """Close both ends of that line."""

    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Tell:
    """Words for the alert channel; ``key`` groups what need not be said twice in a minute."""

    key: str
    text: str
    is_urgent: bool = False


Effect = ToClient | ToGateway | Open | Close | Tell
