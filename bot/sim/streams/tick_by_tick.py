"""Every print, or every change of the best bid and offer, of one stock to one client."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from bot.domain.contract import Contract
from bot.sim.gateway.market_data_hub import Feed
from bot.sim.market.events import BookChanged, Traded
from bot.sim.market.quotes import TopOfBook

if TYPE_CHECKING:
    from bot.sim.gateway.core import GatewayCore
    from bot.sim.gateway.session import ClientSession

TICK_TYPES: Final = {"Last": 1, "AllLast": 2, "BidAsk": 3, "MidPoint": 4}
"""IB's words and the numbers that tickByTick bears."""


class TickByTick(Feed):
    """``kind`` is one of KINDS. Nothing is aggregated and nothing is said before the next tick."""

    family: ClassVar[str] = "tick_by_tick"

    def __init__(
        self, core: GatewayCore, session: ClientSession, req_id: int, contract: Contract, kind: str
    ) -> None:
        self.core, self.session, self.req_id, self.contract = core, session, req_id, contract
        self._kind = kind
        self._sent: object = None

    def start(self) -> None:
        self.core.world.watch(self.contract.con_id)
        self.core.feeds.add(self)
        ticker = self.core.world.ticker(self.contract.con_id)
        if ticker is not None:
            self._send_book(ticker.book)

    def stop(self) -> None:
        self.core.feeds.remove(self)
        self.core.world.unwatch(self.contract.con_id)

    def on_trade(self, event: Traded) -> None:
        if self._kind in {"Last", "AllLast"}:
            self._send(price=float(event.price), size=event.size, exchange=self.contract.primary_exchange)

    def on_book(self, event: BookChanged) -> None:
        self._send_book(event.ticker.book)

    def _send_book(self, book: TopOfBook) -> None:
        if book.bid is None or book.ask is None:
            return
        if self._kind == "BidAsk" and self._is_news((book.bid, book.ask, book.bid_size, book.ask_size)):
            sides = {"bidPrice": float(book.bid), "askPrice": float(book.ask)}
            self._send(**sides, bidSize=book.bid_size, askSize=book.ask_size)
        if self._kind == "MidPoint" and self._is_news(book.mid):
            self._send(midPoint=float((book.bid + book.ask) / 2))

    def _is_news(self, shown: object) -> bool:
        is_news, self._sent = shown != self._sent, shown
        return is_news

    def _send(self, **values: object) -> None:
        if self.core.link.quotes(self.contract):
            when = {"reqId": self.req_id, "time": int(self.core.now.timestamp())}
            self.core.send(self.session, "tickByTick", tickType=TICK_TYPES[self._kind], **when, **values)
