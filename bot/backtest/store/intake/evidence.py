"""What a file's bars themselves say about their zone, and about whether a bar's time is its start or its end.

Sources of the signs: regular trading is 09:30–16:00 New York and its first minute the busiest of the morning; a vendor's
bar of 16:00 in regular hours can only be labelled by its end.
"""

from __future__ import annotations

from typing import Final, Literal
from zoneinfo import ZoneInfo

import numpy as np

from bot.backtest.store.intake.sessions import in_hours, place_bars
from bot.backtest.store.intake.times import to_utc
from bot.backtest.store.intake.values import Floats
from bot.backtest.store.kinds import MINUTE_US, Int64s

Label = Literal["start", "end"]
CANDIDATES: Final = (
    "America/New_York",
    "UTC",
    "Etc/GMT+5",  # New York without summer time
    "America/Chicago",
    "America/Los_Angeles",
    "Europe/London",
    "Europe/Berlin",
    "Asia/Tokyo",
)
CLEARLY: Final = 0.04
"""How much better another zone must fit before it counts as evidence: an hour of 6.5 is 0.15, a missing minute 0.003."""


def fit(utc: Int64s, volume: Floats) -> float:
    """How well instants sit in New York's sessions: the part of their volume (or rows) inside × of the hours filled."""
    inside = in_hours(utc)
    if not inside.any():
        return 0.0
    traded = volume if np.nansum(volume) > 0 else np.ones(len(utc))
    share = float(np.nansum(traded[inside]) / np.nansum(traded))
    placed = place_bars(utc[inside])
    opens = np.unique(placed.opens, return_index=True)[1]
    halves = np.unique(np.stack([placed.opens, placed.minute(utc[inside]) // 30]), axis=1).shape[1]
    return share * float(halves) / float(np.ceil(placed.minutes[opens] / 30).sum())


def zones_by_fit(wall: Int64s, volume: Floats, *, told: str) -> list[tuple[float, str]]:
    """Zones with their fit if these were readings of their wall clocks, best first; of equals the told one."""
    names = dict.fromkeys([told, *CANDIDATES])
    fits = [(round(fit(to_utc(wall, ZoneInfo(name)), volume), 4), name) for name in names]
    return sorted(fits, key=lambda pair: -pair[0])


def label_of(utc: Int64s, volume: Floats, step_us: int) -> Label | None:
    """What the labels look like, None where nothing tells."""
    placed = place_bars(utc)
    has_session = placed.minutes > 0
    opens = has_session & (utc == placed.opens)
    closes = has_session & (utc == placed.opens + placed.minutes * MINUTE_US)
    if not opens.any() and not closes.any():
        return None
    if opens.sum() != closes.sum() and min(opens.sum(), closes.sum()) * 5 < max(opens.sum(), closes.sum()):
        return "start" if opens.sum() > closes.sum() else "end"
    # Both are there, so hours beyond regular ones are: then the leap of volume at the open tells.
    before, at, after = (_mean(volume, utc, placed.opens + n * step_us) for n in (-1, 0, 1))
    if min(before, at) <= 0:
        return None
    return "start" if at / before >= after / at else "end"


def _mean(volume: Floats, utc: Int64s, wanted: Int64s) -> float:
    found = volume[utc == wanted]
    return float(found.mean()) if len(found) else 0.0
