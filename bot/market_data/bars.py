"""One feed of bars put in order: each bar once, ascending, a gap back-filled before what follows it is believed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.market import Bar, BarSize
from bot.domain.session import new_york_day, session_on

MINUTE = timedelta(minutes=1)


@dataclass(slots=True)
class BarFeed:
    """``last`` is the newest bar passed on; ``held`` waits behind a gap that was asked for at ``gap_asked_at``."""

    last: Bar | None = None
    held: list[Bar] = field(default_factory=list)
    gap_asked_at: datetime | None = None
    received_at: datetime | None = None

    def backfill(self, bars: Iterable[Bar]) -> list[Bar]:
        """New bars in order, out of a back-fill and of what was held behind a gap."""
        fresh = {bar.start: bar for bar in self.held}
        fresh |= {bar.start: bar for bar in bars}
        self.held, self.gap_asked_at = [], None
        return self._pass_on(fresh[start] for start in sorted(fresh))

    def receive(self, bar: Bar, now: datetime) -> tuple[list[Bar], bool]:
        """(bars to pass on, whether a gap was found that a back-fill must close first)."""
        if self.gap_asked_at is not None:
            self.held.append(bar)
            return [], False
        if self._follows_a_gap(bar):
            self.held.append(bar)
            self.gap_asked_at = now
            return [], True
        return self._pass_on([bar]), False

    def give_up_on_gap(self) -> list[Bar]:
        """The back-fill did not come: what was held goes on without the missing minutes."""
        return self.backfill(())

    def _pass_on(self, bars: Iterable[Bar]) -> list[Bar]:
        fresh = [bar for bar in bars if self.last is None or bar.start > self.last.start]
        if fresh:
            self.last = fresh[-1]
        return fresh

    def _follows_a_gap(self, bar: Bar) -> bool:
        last = self.last
        if last is None or bar.size is not BarSize.M1 or bar.start <= last.start + MINUTE:
            return False
        session = session_on(new_york_day(bar.start))
        if session is None:
            return False
        return last.start >= session.open or bar.start > session.open
