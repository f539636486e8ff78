"""When a signal may become an entry, and for how long one that may not yet is kept.

A breakout of the last hour comes with the close: its idea would be denied, and the next day's open asks for another
judgement (price, spread, how far the market has moved) and not for none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from bot.domain.messages import SignalPostponed
from bot.domain.session import next_open, session_at
from bot.domain.types import Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """``minutes`` of open market; ``max_gap_pct`` is a part of the underlying's price at the signal, None: any."""

    minutes: int = 0
    max_gap_pct: Decimal | None = None


NO_WAIT = Wait()
SIGNAL_OUTRANKED = "SIGNAL_OUTRANKED"
SIGNAL_REPLACED = "SIGNAL_REPLACED"
SIGNAL_EXPIRED = "SIGNAL_EXPIRED"
GAP_TOO_WIDE = "GAP_TOO_WIDE"


@dataclass(frozen=True, slots=True)
class EntryTiming:
    """``may_enter`` tells whether the session's rules allow an entry at an instant; ``waits`` by strategy."""

    may_enter: Callable[[datetime], bool] = lambda _: True
    waits: Mapping[str, Wait] = field(default_factory=dict)

    def wait_of(self, strategy: str) -> Wait:
        return self.waits.get(strategy, NO_WAIT)


ANY_TIME = EntryTiming()


@dataclass(slots=True)
class Postponed:
    """A signal that waits, and why it could not enter when it last might have."""

    signal: SignalPostponed
    last_refusal: str = "none"

    def end(self, at: datetime, spot: float | None, wait: Wait) -> tuple[str, Numbers] | None:
        """Why it is over, with the figures; None while it may wait on."""
        if at > self.signal.valid_until:
            until = self.signal.valid_until.isoformat(timespec="minutes")
            return SIGNAL_EXPIRED, {"valid_until": until, "last_refusal": self.last_refusal}
        gap = None if spot is None else abs(spot / self.signal.close - 1)
        if gap is None or wait.max_gap_pct is None or gap <= wait.max_gap_pct:
            return None
        return GAP_TOO_WIDE, {
            "price": f"{spot:.2f}",
            "at_signal": f"{self.signal.close:.2f}",
            "gap_pct": f"{gap:.4f}",
            "max": f"{wait.max_gap_pct}",
        }


def market_minutes_after(at: datetime, minutes: int) -> datetime:
    """The instant at which the market has been open for that many minutes since ``at``."""
    left = timedelta(minutes=minutes)
    session = session_at(at)
    start = at
    while True:
        if session is not None:
            if left <= session.close - start:
                return start + left
            left -= session.close - start
            start = session.close
        start = next_open(start)
        session = session_at(start)
