"""Historical bars kept up to date: the bar in progress, again and again, until the client has had enough.

Rule: looked at on a five-second grid, and only when the contract moved. A bar that closed in between is said once more,
whole, before the first word about the next one: a client takes the new date as the old bar's end.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from bot.domain.contract import Contract
from bot.sim import past
from bot.sim.bar_words import bar_date
from bot.sim.events import BarFormed, BookChanged, Traded
from bot.sim.feeds import Feed
from bot.sim.five_seconds import grid_from
from bot.sim.history import HistoryBar, HistoryError, HistoryQuery
from bot.sim.link import HISTORY_FARM

if TYPE_CHECKING:
    from bot.sim.core import GatewayCore
    from bot.sim.session import ClientSession
    from bot.sim.timers import Timer


class KeptBars(Feed):
    """``query`` is what was asked for; ``told`` are the bars of the first answer."""

    family: ClassVar[str] = "kept_bars"

    def __init__(
        self,
        core: GatewayCore,
        session: ClientSession,
        req_id: int,
        contract: Contract,
        query: HistoryQuery,
        format_date: int,
    ) -> None:
        self.core, self.session, self.req_id, self.contract = core, session, req_id, contract
        self._query, self._format_date = query, format_date
        self._last: HistoryBar | None = None
        self._timer: Timer | None = None
        self._is_dead = False

    def start(self, told: list[HistoryBar]) -> None:
        self._last = told[-1] if told else None
        self.core.world.watch(self.contract.con_id)
        self.core.feeds.add(self)

    def stop(self) -> None:
        self.core.feeds.remove(self)
        self.core.world.unwatch(self.contract.con_id)
        if self._timer is not None:
            self._timer.cancel()

    def die(self) -> None:
        """Stay subscribed and say nothing ever again."""
        self._is_dead = True

    def on_book(self, event: BookChanged) -> None:
        self._look_soon(event.at)

    def on_trade(self, event: Traded) -> None:
        self._look_soon(event.at)

    def on_bar(self, event: BarFormed) -> None:
        self._look_soon(event.at)

    def refresh(self) -> None:
        self._look_soon(self.core.now)

    def _look_soon(self, at: datetime) -> None:
        if self._timer is None:
            self._timer = self.core.timers.at(grid_from(at, self.core.settings.bar_update_every), self._look)

    def _look(self) -> None:
        self._timer = None
        if self._is_dead or not self.core.link.is_up or HISTORY_FARM in self.core.link.farms_down:
            return
        if not self.core.link.quotes(self.contract):
            return
        for bar in self._news():
            self._last = bar
            self._say(bar)

    def _news(self) -> list[HistoryBar]:
        # Two days hold the last bar and all that came after it; a longer silence is a gap that the client must refill.
        try:
            bars = past.read(self.core, replace(self._query, end=None, duration=self._reach()))
        except HistoryError:
            return []
        last = self._last
        return [
            bar
            for bar in bars
            if last is None or bar.start > last.start or (bar.start == last.start and bar != last)
        ]

    def _reach(self) -> str:
        if self._last is None:
            return "1 D"
        silence_s = (self.core.now - self._last.start).total_seconds() + self._last.span.total_seconds()
        return f"{int(silence_s) + 1} S" if silence_s < 86_400 else "2 D"

    def _say(self, bar: HistoryBar) -> None:
        self.core.send(
            self.session,
            "historicalDataUpdate",
            reqId=self.req_id,
            barCount=bar.count,
            date=bar_date(bar, self._format_date, self.session.version),
            open=bar.open,
            close=bar.close,
            high=bar.high,
            low=bar.low,
            average=bar.wap,
            volume=int(bar.volume),
        )
