"""From a minute bar to the prices inside it, in whole cents.

Rule: no look-ahead. At the minute's start only its open is known; then come the low and the high (a rising minute
goes down first, a falling one up first), and the close comes last. The points' open, high, low and close are
exactly the bar's.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

from bot.domain.market import Bar
from bot.domain.session import Session, new_york_day, next_open, session_on


def point_after(done: datetime, session: Session | None, step: timedelta) -> datetime:
    """The first of the market's points behind ``done``: the session's steps, its close, the next open."""
    session = session or session_on(new_york_day(done))
    if session is None or done >= session.close:
        return next_open(done)
    if done < session.open:
        return session.open
    return min(session.open + ((done - session.open) // step + 1) * step, session.close)


@lru_cache(maxsize=200_000)
def dollars(cents: int) -> Decimal:
    """Cents as the Decimal an order could carry."""
    return Decimal(cents).scaleb(-2)


def to_cents(price: float) -> int:
    return round(price * 100)


def minute_points(bar: Bar, count: int) -> tuple[int, ...]:
    """``count`` prices in cents, evenly spaced over the minute; ValueError unless a positive multiple of 4."""
    if count < 4 or count % 4:
        raise ValueError(f"points per minute must be a positive multiple of 4, not {count}")
    open_, high = round(bar.open * 100), round(bar.high * 100)
    low, close = round(bar.low * 100), round(bar.close * 100)
    anchors = (open_, low, high, close) if close >= open_ else (open_, high, low, close)
    if count == len(anchors):
        return anchors
    at = (0, count // 4, count // 2, count - 1)
    points = [open_]
    for (left, start), (right, end) in pairwise(zip(at, anchors, strict=True)):
        points += [
            round(start + (end - start) * step / (right - left)) for step in range(1, right - left + 1)
        ]
    return tuple(points)


def shares(volume: float, count: int, step: int) -> int:
    """The part of a minute's volume that belongs to one of its points; the parts add up to the whole."""
    whole = round(volume)
    return whole * (step + 1) // count - whole * step // count
