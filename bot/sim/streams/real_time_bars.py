"""Real-time bars: five seconds of one contract to one client, on the clock's grid, while the market is open.

Rule: a bar without a print repeats the last price with no volume, as IB does; before any price is known there is none.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from bot.domain.contract import Contract
from bot.domain.session import next_open, session_at
from bot.domain.types import SecType
from bot.sim.gateway.market_data_hub import Feed
from bot.sim.market.events import BookChanged, Traded
from bot.sim.market.extended.hours import extended_day, next_begin
from bot.sim.market.quotes import TopOfBook

if TYPE_CHECKING:
    from bot.sim.gateway.core import GatewayCore
    from bot.sim.gateway.session import ClientSession
    from bot.sim.gateway.timers import Timer

# IBKR Campus, "Live Data: 5 Second Bars": the only size.
SPAN = timedelta(seconds=5)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def grid_from(now: datetime, span: timedelta = SPAN) -> datetime:
    """The first multiple of ``span`` at or after ``now``."""
    return now if (now - _EPOCH) % span == timedelta(0) else grid_after(now, span)


def grid_after(now: datetime, span: timedelta = SPAN) -> datetime:
    """The first multiple of ``span`` after ``now``."""
    return now + span - (now - _EPOCH) % span


class FiveSecondBars(Feed):
    """``what`` is TRADES, MIDPOINT, BID or ASK."""

    family: ClassVar[str] = "bars_5s"

    def __init__(
        self,
        core: GatewayCore,
        session: ClientSession,
        req_id: int,
        contract: Contract,
        what: str,
        *,
        use_rth: bool,
    ) -> None:
        self.core, self.session, self.req_id, self.contract, self._what = (
            core,
            session,
            req_id,
            contract,
            what,
        )
        self._use_rth = use_rth
        self._prints: list[tuple[datetime, float, int]] = []
        self._last: float | None = None
        self._timer: Timer | None = None

    def start(self) -> None:
        self.core.world.watch(self.contract.con_id)
        self.core.feeds.add(self)
        ticker = self.core.world.ticker(self.contract.con_id)
        if ticker is not None:
            book = ticker.book
            known = book.last if self._what == "TRADES" else self._side(book)
            self._last = None if known is None else float(known)
        self._timer = self.core.timers.at(grid_after(self.core.now), self._end_bar)

    def stop(self) -> None:
        self.core.feeds.remove(self)
        self.core.world.unwatch(self.contract.con_id)
        if self._timer is not None:
            self._timer.cancel()

    def on_trade(self, event: Traded) -> None:
        if self._what == "TRADES" and self._is_trading(event.at):
            self._prints.append((event.at, float(event.price), event.size))

    def on_book(self, event: BookChanged) -> None:
        price = None if self._what == "TRADES" else self._side(event.ticker.book)
        if price is not None:
            self._prints.append((event.at, float(price), 0))

    def _side(self, book: TopOfBook) -> Decimal | None:
        return {"MIDPOINT": book.mid, "BID": book.bid, "ASK": book.ask}.get(self._what)

    def _end_bar(self) -> None:
        now = self.core.now
        start = now - SPAN
        if self._is_trading(start):
            self._send_all(start)
        following = grid_after(now if self._is_trading(start) or self._is_trading(now) else self._opens(now))
        self._timer = self.core.timers.at(following, self._end_bar)

    def _is_trading(self, at: datetime) -> bool:
        return session_at(at) is not None or (self._has_extended and extended_day(at) is not None)

    def _opens(self, now: datetime) -> datetime:
        return next_begin(now) if self._has_extended else next_open(now)

    @property
    def _has_extended(self) -> bool:
        """Early and late trading are told of a stock, where they are asked for and there are any."""
        is_stock = self.contract.sec_type is SecType.STOCK
        return not self._use_rth and is_stock and self.core.world.market.extended is not None

    def _send_all(self, start: datetime) -> None:
        # A print on the grid belongs to the bar that begins there.
        prices = [(price, size) for at, price, size in self._prints if at < start + SPAN]
        self._prints = [entry for entry in self._prints if entry[0] >= start + SPAN]
        count = len(prices)
        if not prices and self._last is not None:
            prices = [(self._last, 0)]
        if not prices or not self.core.link.quotes(self.contract):
            return
        self._last = prices[-1][0]
        volume = sum(size for _, size in prices)
        weighted = sum(price * size for price, size in prices) / volume if volume else prices[-1][0]
        self.core.send(
            self.session,
            "realtimeBar",
            reqId=self.req_id,
            time=int(start.timestamp()),
            open=prices[0][0],
            high=max(price for price, _ in prices),
            low=min(price for price, _ in prices),
            close=prices[-1][0],
            volume=volume if self._what == "TRADES" else -1,
            wap=round(weighted, 6),
            count=count if self._what == "TRADES" else -1,
        )
