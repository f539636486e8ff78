"""What the watcher's judges share: the books, the quotes, the questions, the link."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from bot.domain.broker_messages import BrokerPulse, HoursListed
from bot.domain.market import Quote
from bot.domain.messages import HaltTrading
from bot.domain.session import is_open, new_york_day
from bot.domain.types import ConId
from bot.execution.books.connection_state import ConnectionState
from bot.execution.books.order_book import OrderBook
from bot.execution.books.snapshot_requests import SnapshotRequests
from bot.execution.bracket_book import Bracket
from bot.execution.limits import WatcherLimits


@dataclass(slots=True)
class WatcherContext:
    """Read by all judges, written by the watcher alone. ``held`` is the broker's last list of positions."""

    limits: WatcherLimits
    book: OrderBook
    snapshot_requests: SnapshotRequests
    link: ConnectionState = field(default_factory=ConnectionState)
    quotes: dict[ConId, Quote] = field(default_factory=dict)
    held: dict[ConId, int] = field(default_factory=dict)
    clock_offsets_s: tuple[float, ...] = ()
    early_closes: dict[date, datetime] = field(default_factory=dict)

    def fresh_quote(self, con_id: ConId, now: datetime) -> Quote | None:
        quote = self.quotes.get(con_id)
        if quote is None or now - quote.at > timedelta(seconds=self.limits.quote_fresh_s):
            return None
        return quote

    def hear_pulse(self, pulse: BrokerPulse) -> None:
        self.clock_offsets_s = (*self.clock_offsets_s[-1:], pulse.clock_offset_s)

    def by_the_brokers_clock(self, now: datetime) -> datetime:
        """The time that a deadline is judged by. Two measurements must agree that ours is off before it is corrected; after one,
        as at a start, nothing is due that only one of the two clocks says."""
        if not self.clock_offsets_s:
            return now
        offset_s = min(self.clock_offsets_s, key=abs)
        if abs(offset_s) <= self.limits.clock_tolerance_s:
            return now
        corrected = later(now, offset_s)
        return corrected if len(self.clock_offsets_s) > 1 else min(now, corrected)

    def list_hours(self, fact: HoursListed) -> None:
        self.early_closes.update(fact.early_closes)

    def early_close(self, now: datetime) -> datetime | None:
        """When the market closes today, where IB says earlier than the calendar."""
        return self.early_closes.get(new_york_day(now)) if self.early_closes else None

    def market_is_open(self, now: datetime) -> bool:
        close = self.early_close(now)
        return is_open(now) and (close is None or now < close)


def later(at: datetime, seconds: float) -> datetime:
    return at + timedelta(seconds=seconds)


def incident(bracket: Bracket, what: str, now: datetime) -> Iterator[HaltTrading]:
    """Stop new entries until a person has looked; said once for each kind."""
    if what not in bracket.incidents:
        bracket.incidents.add(what)
        yield HaltTrading(now, f"{bracket.idea_id}: {what}", "oco_watcher")
