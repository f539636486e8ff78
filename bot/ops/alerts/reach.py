"""A position that the bot cannot watch: told after a minute of an open market, long before a lost connection by itself is.

Its stop rests at the broker and works; its target and its time-based exit need the bot. While nothing is held, or the
market is closed, a connection that restarts is no news: what lasts then is told among the conditions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.session import CalendarRangeError, is_open
from bot.ops.alerts.alert import Alert, Severity
from bot.ops.alerts.wording import span

OUT_OF_REACH_AFTER = timedelta(minutes=1)
"""A gateway that only drops its socket is back and compared within seconds (docs/gauntlet.md, reconcile)."""


@dataclass(slots=True)
class Reach:
    """Since when the broker cannot be asked, by which cause, and whether that was told."""

    after: timedelta = OUT_OF_REACH_AFTER
    since: datetime | None = None
    why: str = ""
    told: str = ""
    """What was held when it was told; empty while nothing was."""

    def lose(self, at: datetime, why: str) -> None:
        """The first moment counts, the latest cause is named."""
        self.since, self.why = self.since or at, why

    def hear_link(self, x: b.LinkChanged) -> None:
        """IB behind the gateway; that it is back is said by the agreement that follows."""
        if x.part == "ib" and not x.up:
            self.lose(x.at, f"the gateway has lost IB (code {x.code})")

    def hear_connected(self, _: b.BrokerConnected) -> None:
        """Connected is not yet compared."""
        if self.since is not None:
            self.why = "connected, but the books are not compared yet"

    def regain(self, x: m.Reconciled) -> Alert | None:
        """The books are compared: what is to be told of it, if the loss was."""
        since, told = self.since, self.told
        self.since, self.told = None, ""
        if since is None or not told:
            return None
        body = f"it lasted {span(x.at - since)}; the books are compared"
        return Alert(f"reach:over:{x.at.isoformat()}", Severity.INFO, f"In reach again: {told}", body)

    def look(self, at: datetime, held: Sequence[str], gap: str) -> Alert | None:
        """What is to be told by now; ``gap`` says what of it had no stop when it was last seen."""
        if self.since is None or self.told or not held or at - self.since < self.after or not _is_open(at):
            return None
        self.told = ", ".join(held)
        stop = gap or "when it was last seen its stop stood at the broker, where it works without the bot"
        body = (
            f"for {span(at - self.since)}: {self.why}; {stop}. Its target and its time-based exit wait; "
            "`ibkr-bot doctor`, or close it in IBKR Mobile"
        )
        return Alert(f"reach:{self.since.isoformat()}", Severity.CRITICAL, f"OUT OF REACH: {self.told}", body)


def _is_open(at: datetime) -> bool:
    try:
        return is_open(at)
    except CalendarRangeError:
        return True
