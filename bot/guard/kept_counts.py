"""The day's counts as they lie on the disk, so that a restart of the guard frees no client."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from bot.guard.core.rates import KINDS, Counts


def counts_to_json(counts: Counts) -> dict[str, Any]:
    """What a restart must know."""
    return {
        "day": counts.day.isoformat(),
        "counts": counts.by_kind,
        "fills": counts.fills,
        "round_trips": counts.round_trips,
    }


def counts_from_json(found: dict[str, Any], now: datetime) -> Counts:
    """The inverse. Errors: KeyError, TypeError, ValueError for anything else."""
    counts = Counts(date.fromisoformat(found["day"]))
    counts.by_kind = {kind: int(found["counts"][kind]) for kind in KINDS}
    counts.fills, counts.round_trips = int(found["fills"]), int(found["round_trips"])
    counts.roll(now)
    return counts
