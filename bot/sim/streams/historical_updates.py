"""Historical bars kept up to date: the bar in progress, again and again, until the client has had enough.

Rule: looked at on a five-second grid, and only when the contract moved. A bar that closed in between is said once more,
whole, before the first word about the next one: a client takes the new date as the old bar's end.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Final

from bot.domain.contract import Contract
from bot.domain.market import BarSize
from bot.domain.types import SecType
from bot.sim.gateway.connectivity import HISTORY_FARM
from bot.sim.gateway.market_data_hub import Feed
from bot.sim.market.events import BarFormed, BookChanged, Traded
from bot.sim.market.history import MONTH, WEEK, HistoryBar, HistoryError, HistoryQuery
from bot.sim.market.past.history_reader import NO_SIDES, as_history
from bot.sim.messages import historical_prints as past
from bot.sim.messages.bar_formatting import bar_date
from bot.sim.streams.real_time_bars import grid_from

if TYPE_CHECKING:
    from bot.sim.gateway.core import GatewayCore
    from bot.sim.gateway.session import ClientSession
    from bot.sim.gateway.timers import Timer


_SIZES: Final = {"1 min": BarSize.M1, "60 mins": BarSize.M60, "1 hour": BarSize.M60}
# Read from before their beginning, or a week in progress would lack its first days.
_WHOLE: Final = {WEEK: "2 W", MONTH: "2 M"}
_SPANS: Final = {BarSize.M1: timedelta(minutes=1), BarSize.M60: timedelta(hours=1)}


class KeptBars(Feed):
    """``query`` is what was asked for; ``sent`` are the bars of the first answer."""

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
        self._formed: dict[datetime, HistoryBar] = {}
        self._timer: Timer | None = None
        self._is_dead = False
        self._is_behind = False

    def start(self, sent: list[HistoryBar]) -> None:
        self._last = sent[-1] if sent else None
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
        if not self._is_fed_by_bars:
            self._look_soon(event.at)

    def on_trade(self, event: Traded) -> None:
        if not self._is_fed_by_bars:
            self._look_soon(event.at)

    @property
    def _is_fed_by_bars(self) -> bool:
        """Whether the market itself forms these bars; all others are read from the past each time."""
        has_other_hours = not self._query.use_rth and self.core.world.market.extended is not None
        is_stock = self.contract.sec_type is SecType.STOCK and not has_other_hours
        return is_stock and self._query.what == "TRADES" and self._query.bar_size in _SIZES

    def on_bar(self, event: BarFormed) -> None:
        if self._is_fed_by_bars and _SIZES.get(self._query.bar_size) is event.bar.size:
            self._formed[event.bar.start] = as_history(
                event.bar, _SPANS[event.bar.size], self._query.what, NO_SIDES
            )
            self._look_soon(event.at)

    def refresh(self) -> None:
        self._is_behind = True
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
            self._send(bar)

    def _news(self) -> list[HistoryBar]:
        """The bars that are new or have changed, in order."""
        if self._is_fed_by_bars and not self._is_behind:
            bars, self._formed = list(self._formed.values()), {}
        else:
            bars = self._read()
            self._is_behind = False
        last = self._last
        return [
            b for b in bars if last is None or b.start > last.start or (b.start == last.start and b != last)
        ]

    def _read(self) -> list[HistoryBar]:
        try:
            return past.read_prints(self.core, replace(self._query, end=None, duration=self._reach()))
        except HistoryError:
            return []

    def _reach(self) -> str:
        if self._last is None:
            return "1 D"
        if self._last.span in _WHOLE:
            return _WHOLE[self._last.span]
        silence_s = (self.core.now - self._last.start).total_seconds() + self._last.span.total_seconds()
        return f"{int(silence_s) + 1} S" if silence_s < 86_400 else "2 D"

    def _send(self, bar: HistoryBar) -> None:
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
