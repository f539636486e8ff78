"""Early and late trading of all stocks of a market."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from bot.domain.session import new_york_day
from bot.domain.types import ConId
from bot.sim.market.catalog import Underlying
from bot.sim.market.events import Traded
from bot.sim.market.extended.after_hours import AfterHours
from bot.sim.market.extended.hours import extended_day, next_begin, trading_day
from bot.sim.market.paths import dollars
from bot.sim.market.stock import StockMarket

_MINUTE = timedelta(minutes=1)
_TICK = timedelta(microseconds=1)


class ExtendedMarket:
    """By conId; whoever asks for another contract than a stock of the market gets nothing."""

    def __init__(self, stocks: Iterable[tuple[StockMarket, Underlying]], seed: int, points: int) -> None:
        self.stocks: dict[ConId, AfterHours] = {
            facts.con_id: AfterHours(stock, facts, seed, points) for stock, facts in stocks
        }
        self._step = _MINUTE / points

    def is_on(self, at: datetime) -> bool:
        """Whether early or late trading is in progress."""
        return extended_day(at) is not None

    def next_point(self, after: datetime) -> datetime:
        """The next instant at which a book may move: the begin, a step, the end. The session's own points are not told."""
        day = trading_day(new_york_day(after))
        if day is None or not day.begin <= after < day.end:
            return next_begin(after)
        session = day.session
        if session.open - self._step <= after < session.close:
            return session.close + self._step
        start = day.begin if after < session.open else session.close
        return min(start + ((after - start) // self._step + 1) * self._step, day.end)

    def begins(self, at: datetime) -> bool:
        day = trading_day(new_york_day(at))
        return day is not None and at == day.begin

    def ends(self, at: datetime) -> bool:
        day = trading_day(new_york_day(at))
        return day is not None and at == day.end

    def prints(self, con_ids: Iterable[ConId], at: datetime) -> Iterator[Traded]:
        """What these stocks trade at the point ``at``."""
        for con_id in con_ids:
            if con_id in self.stocks:
                for when, cents, size in self.stocks[con_id].prints(at, at):
                    yield Traded(when, con_id, dollars(cents), size)

    def prints_of_the_minute(self, con_id: ConId, now: datetime) -> list[tuple[datetime, float, int]]:
        """Since the last full minute: (at, price, size)."""
        if con_id not in self.stocks:
            return []
        since = now.replace(second=0, microsecond=0)
        return [(at, cents / 100, size) for at, cents, size in self.stocks[con_id].prints(since, now)]

    def volume(self, con_id: ConId, at: datetime) -> int:
        """Shares traded today outside regular hours until now."""
        day = trading_day(new_york_day(at))
        return 0 if day is None or con_id not in self.stocks else self.stocks[con_id].volume(day, at)

    def end_of_day(self, at: datetime) -> datetime:
        """When late trading of that instant's day ends, or of the next trading day."""
        day = trading_day(new_york_day(at))
        if day is None or at >= day.end:
            day = trading_day(new_york_day(next_begin(at)))
        return at if day is None else day.end
