"""One market-data line: a contract's quote streaming to one client, live, frozen or delayed.

Rule: the newest quote wins. A line says at most one quote per interval, at once when it has been quiet, and greeks come
behind the quote they belong to.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from bot.domain.types import SecType
from bot.sim.gateway.market_data_hub import Feed
from bot.sim.gateway.session import ClientSession
from bot.sim.gateway.timers import Timer
from bot.sim.market.events import BookChanged
from bot.sim.market.listing import ContractDetails
from bot.sim.market.quotes import OptionModel, Ticker, TopOfBook
from bot.sim.messages import historical_prints as past
from bot.sim.messages import stock_figures
from bot.sim.messages import tick_messages as ticks
from bot.sim.messages.formatting import without_trailing_zeros

if TYPE_CHECKING:
    from bot.sim.gateway.core import GatewayCore

# IBKR Campus, "Market Data Type Behavior".
LIVE, FROZEN, DELAYED, DELAYED_FROZEN = 1, 2, 3, 4
# IBKR Campus, "Available Tick Types": generic tick 236; "Shortable" has the bounds of tick 46.
_SHORTABLE_REQUEST, _PLENTY = 236, 5_000_000
_DELAYED_TYPES = frozenset({DELAYED, DELAYED_FROZEN})


class MarketLine(Feed):
    """``data_type`` is what the client is really given. A snapshot is a line that is told once."""

    family: ClassVar[str] = "line"

    def __init__(
        self,
        core: GatewayCore,
        session: ClientSession,
        req_id: int,
        details: ContractDetails,
        data_type: int,
        generic: frozenset[int] = frozenset(),
    ) -> None:
        self.core, self.session, self.req_id = core, session, req_id
        self.details, self.contract = details, details.contract
        self.data_type = data_type
        self._generic = generic
        self._sent: Ticker | None = None
        self._newest: Ticker | None = None
        self._model: OptionModel | None = None
        self._sent_model: OptionModel | None = None
        self._quiet_until: datetime | None = None
        self._flush_timer: Timer | None = None
        self._is_waiting = False
        """A flush is promised."""
        self._greeks_timer: Timer | None = None
        self._is_dead = False
        self._frozen: TopOfBook | None = None

    def start(self) -> None:
        """Announce the line and say what is known."""
        self.core.world.watch(self.contract.con_id)
        self.core.feeds.add(self)
        self._send("marketDataType", marketDataType=self.data_type)
        self._send(
            "tickReqParams",
            minTick=without_trailing_zeros(self.details.min_tick),
            bboExchange="9c0001" if self.contract.sec_type is SecType.STOCK else "",
            snapshotPermissions=3,
        )
        self.refresh()
        if _SHORTABLE_REQUEST in self._generic and self.contract.sec_type is SecType.STOCK:
            self._tell_shortable()
        self._tell_figures()
        if (kind := self.core.world.halts.kind_of(self.contract)) is not None:
            self.tell_halt(kind.value)

    def _tell_shortable(self) -> None:
        """Ticks 46 (above 2.5: at least 1,000 shares can be borrowed; 1.5 and less: none) and 89, how many."""
        is_scarce = self.contract.symbol in self.core.world.exchange_settings.not_shortable
        self._send("tickGeneric", tickType=46, value=1.0 if is_scarce else 3.0)
        self._send("tickSize", tickType=89, size=0 if is_scarce else _PLENTY)

    def _tell_figures(self) -> None:
        """What generic ticks tell once, and what is not to be had."""
        for code, text in stock_figures.unavailable(self._generic, self.details):
            self.core.error(self.session, self.req_id, code, text)
        if self._generic:
            self.core.answer_in_slices(self.session, self._figures(), "generic ticks")

    def _figures(self) -> Generator[None, None, None]:
        ticker = self.core.world.ticker(self.contract.con_id)
        if ticker is not None:
            told = yield from stock_figures.stock_ticks(self.core, self.details, self._generic, ticker)
            if not self._is_dead:
                self._send_ticks(told)

    def tell_halt(self, value: int) -> None:
        """Tick 49 (IBKR Campus, "Available Tick Types"): 1 or 2 while trading is halted, 0 while it is not."""
        self._send("tickGeneric", tickType=49, value=float(value))

    def stop(self) -> None:
        self.core.feeds.remove(self)
        self.core.world.unwatch(self.contract.con_id)
        for timer in (self._flush_timer, self._greeks_timer):
            if timer is not None:
                timer.cancel()
        self._is_dead = True

    def die(self) -> None:
        """Stay subscribed and say nothing ever again, as lines do after some farm breaks."""
        self._is_dead = True

    def refresh(self) -> None:
        if self.data_type in _DELAYED_TYPES:
            self._replay_past()
            return
        ticker = self.core.world.ticker(self.contract.con_id)
        if ticker is not None:
            model = self.core.model(self.contract.con_id) if self._is_option else None
            self._hear(ticker, model)

    def _replay_past(self) -> None:
        then = self.core.now - self.core.settings.data_delay
        book = past.quote_at(self.core, self.contract.con_id, then)
        if book is not None:
            self._hear(Ticker(self.contract.con_id, then, book), None)

    def on_book(self, event: BookChanged) -> None:
        if self.data_type in _DELAYED_TYPES:
            age = self.core.settings.data_delay
            self.core.timers.at(event.at + age, lambda: self._hear(event.ticker, event.model))
        else:
            self._hear(event.ticker, event.model)

    @property
    def _is_option(self) -> bool:
        return self.contract.sec_type is SecType.OPTION

    def _hear(self, ticker: Ticker, model: OptionModel | None) -> None:
        if self._is_dead or not self.core.link.quotes(self.contract):
            return
        self._newest, self._model = self._shown(ticker), model
        now = self.core.now
        if self._is_waiting:
            return
        if self._quiet_until is None or now >= self._quiet_until:
            self._flush_soon()
        else:
            self._is_waiting = True
            self._flush_timer = self.core.timers.at(self._quiet_until, self._flush_soon)

    def _flush_soon(self) -> None:
        self._is_waiting = True
        self.core.soon(self._flush)

    def _shown(self, ticker: Ticker) -> Ticker:
        """The ticker with its book as this client may see it."""
        book = ticker.book
        if self.data_type in {FROZEN, DELAYED_FROZEN} and book.bid is None and book.ask is None:
            book = self._frozen_sides(book)
        if self.core.faults.hides(self.contract):
            book = TopOfBook(None, None, 0, 0, book.last, book.last_size)
        return ticker if book is ticker.book else replace(ticker, book=book)

    def _frozen_sides(self, book: TopOfBook) -> TopOfBook:
        if self._frozen is None:
            self._frozen = past.quote_at(self.core, self.contract.con_id, self.core.now) or book
        frozen = self._frozen
        return replace(
            book, bid=frozen.bid, ask=frozen.ask, bid_size=frozen.bid_size, ask_size=frozen.ask_size
        )

    def _flush(self) -> None:
        self._flush_timer, self._is_waiting = None, False
        if self._newest is None or self._is_dead or not self.core.link.quotes(self.contract):
            return
        self._send_ticks(ticks.changes(self._sent, self._newest, self._generic, self.details))
        self._sent = self._newest
        self._quiet_until = self.core.now + self.core.settings.tick_interval
        if self._model is not None and self._greeks_timer is None and self._model != self._sent_model:
            self._promise_greeks()

    def _promise_greeks(self) -> None:
        delay = self.core.settings.greeks_delay
        if delay:
            at = self.core.now + delay
            self._greeks_timer = self.core.timers.at(at, lambda: self.core.soon(self._flush_greeks))
        else:
            self._flush_greeks()

    def _flush_greeks(self) -> None:
        self._greeks_timer = None
        # Books come with price and delta only; the other greeks are worked out when they are said.
        model = self.core.model(self.contract.con_id)
        if model is not None and not self._is_dead and self.core.link.quotes(self.contract):
            self._sent_model = self._model
            self._send_ticks([ticks.greeks(model)])

    def _send_ticks(self, messages: Iterable[ticks.Tick]) -> None:
        for tick in messages:
            shown = ticks.delayed(tick) if self.data_type in _DELAYED_TYPES else tick
            if shown is not None:
                kind, values = shown
                self.core.send(self.session, kind, reqId=self.req_id, **values)

    def _send(self, kind: str, **values: object) -> None:
        self.core.send(self.session, kind, reqId=self.req_id, **values)


class QuoteSnapshot(MarketLine):
    """A quote asked for once: its ticks, and the end some seconds later."""

    def start(self) -> None:
        super().start()
        at = self.core.now + self.core.settings.snapshot_delay
        self._end_timer = self.core.timers.at(at, lambda: self.core.soon(self._end))

    def stop(self) -> None:
        super().stop()
        self._end_timer.cancel()

    def _end(self) -> None:
        if self._is_dead:
            return
        self.session.unsubscribe(self.family, self.req_id)
        self.core.send(self.session, "tickSnapshotEnd", reqId=self.req_id)
