"""What is said about limits: a loosening has a name, a reason and an end; a live account's first sessions are counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class LoosenLimit:
    """A person's order: hold ``limit`` at ``value`` until ``until``."""

    at: datetime
    limit: str
    value: Decimal
    until: datetime
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class LimitLoosened:
    """Who, from what, to what, until when. A later one of the same limit takes its place."""

    at: datetime
    limit: str
    was: Decimal
    now: Decimal
    until: datetime
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class LooseningRefused:
    """A loosening that does not hold: ``why`` in words."""

    at: datetime
    limit: str
    why: str


@dataclass(frozen=True, slots=True)
class LimitsHeld:
    """The tightest limits a live bot was ever started with: looser ones in the settings wait for a loosening."""

    at: datetime
    limits: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LiveSessionTraded:
    """The first purchase of a New York day in a live account; on disk, since the canary counts them."""

    at: datetime
    day: str


@dataclass(frozen=True, slots=True)
class LimitsChanged:
    """What differs from the settings now. ``canary_contracts`` None: the first live sessions are over, or not live.

    ``held_back``: limits that are looser in the settings, with the value that is held instead.
    """

    at: datetime
    canary_contracts: int | None = None
    live_sessions: int = 0
    loosened: tuple[LimitLoosened, ...] = ()
    held_back: Mapping[str, str] = field(default_factory=dict)
