"""Streaming quotes: one market data line per watched contract, told together at a fixed pace, each contract once.

Rules: quotes are known by conId; a line that was cut is cleared, since an old quote is not a quote; what a contract may
not show live is shown delayed and says so.
"""

from __future__ import annotations

from collections.abc import Callable

from bot.broker.connection.context import BrokerContext
from bot.broker.connection.error_codes import NOT_SUBSCRIBED, CodeEffect, code
from bot.broker.connection.errors import NotConnected, RequestTrouble
from bot.broker.data.quotes import to_data_type
from bot.broker.data.subscriptions import QuoteLine, Subscriptions
from bot.domain import broker_messages as b
from bot.domain.market import DataType
from bot.domain.types import SecType

# IBKR Campus, "Generic Tick Types".
_OPTION_TICKS = "100,101,106"
"""Option volume, open interest, implied volatility: only sent when asked for."""
# reqMarketDataType: 3 takes effect only where live data are not paid for (IBKR Campus, "Delayed Market Data").
_LIVE, _DELAYED = 1, 3
# IBKR Campus, "TWS API: Error Codes": another session of the same user has the data; prices freeze without further word
# (Lean.Brokerages.InteractiveBrokers #140).
_COMPETING_SESSION = 10197


class Quotes:
    def __init__(self, link: BrokerContext, subscriptions: Subscriptions) -> None:
        self._link = link
        self._subs = subscriptions
        self._changed: list[QuoteLine] = []
        self._data_type = _LIVE

    def table(self) -> dict[str, Callable[..., None]]:
        """By the name of the library's wrapper method."""
        return {
            "priceSizeTick": self._price,
            "tickSize": self._size,
            "tickOptionComputation": self._model,
            "marketDataType": self._data_type_reported,
            "tickString": lambda *_: None,
            "tickGeneric": self._generic,
            "tickReqParams": lambda *_: None,
        }

    # ── commands ──

    async def watch(self, command: b.WatchQuote) -> None:
        """Tells RequestFailed ``quote:<conId>`` when the line budget is spent. Watching twice is watching once."""
        try:
            line = self._subs.watch_quote(command.contract)
            await self._open(line)
        except NotConnected:
            return  # the line is on the list; the next session opens it
        except RequestTrouble as trouble:
            self._link.publish_failure(f"quote:{command.contract.con_id}", trouble)

    async def unwatch(self, command: b.UnwatchQuote) -> None:
        request_id = self._subs.unwatch_quote(command.contract.con_id)
        if request_id is not None:
            await self._cancel(request_id)

    async def start_session(self) -> None:
        """Ask for live data, then for every line on the list."""
        self._data_type = _LIVE
        await self._link.post(lambda client: client.reqMarketDataType(_LIVE))
        await self.resubscribe()

    async def resubscribe(self) -> None:
        for line in list(self._subs.quotes.values()):
            await self._reopen(line)

    async def _reopen(self, line: QuoteLine) -> None:
        request_id = self._subs.release(line)
        line.ticks.clear()
        if request_id is not None:
            await self._cancel(request_id)
        await self._open(line)

    async def _open(self, line: QuoteLine) -> None:
        if line.request_id is not None:
            return
        await self._link.pace(is_urgent=False)
        client = self._link.client
        # While the limiter held us the line may have been dropped, or opened by somebody else.
        if line.request_id is not None or self._subs.quotes.get(line.contract.con_id) is not line:
            return
        request_id = self._link.next_id()
        self._subs.open(line, request_id)
        ticks = _OPTION_TICKS if line.contract.sec_type is SecType.OPTION else ""
        client.reqMktData(request_id, self._subs.instrument(line.contract), ticks, False, False, [])

    async def _cancel(self, request_id: int) -> None:
        try:
            await self._link.post(lambda client: client.cancelMktData(request_id))
        except NotConnected:
            return  # the session took the line with it

    # ── the library's messages ──

    def _line(self, request_id: int) -> QuoteLine | None:
        line = self._subs.of_request(request_id)
        return line if isinstance(line, QuoteLine) else None

    def _price(self, request_id: int, tick: int, price: float, size: float) -> None:
        line = self._line(request_id)
        if line is not None and line.ticks.handle_price(tick, price, size):
            self._mark(line)

    def _size(self, request_id: int, tick: int, size: float) -> None:
        line = self._line(request_id)
        if line is not None and line.ticks.handle_size(tick, size):
            self._mark(line)

    def _generic(self, request_id: int, tick: int, value: float) -> None:
        line = self._line(request_id)
        if line is not None and line.ticks.handle_generic(tick, value):
            self._mark(line)

    def _model(self, request_id: int, tick: int, _attribute: int, *reported: float) -> None:
        """``reported``: implied volatility, delta, option price, dividends, gamma, vega, theta, underlying price."""
        line = self._line(request_id)
        if line is not None and line.ticks.handle_model(tick, reported[0], reported[1], reported[7]):
            self._mark(line)

    def _mark(self, line: QuoteLine) -> None:
        if not line.is_changed:
            line.is_changed = True
            self._changed.append(line)

    def _data_type_reported(self, request_id: int, number: int) -> None:
        line = self._line(request_id)
        if line is not None:
            self._set_data_type(line, to_data_type(number))

    def _set_data_type(self, line: QuoteLine, data_type: DataType) -> None:
        if line.ticks.data_type is not data_type:
            line.ticks.data_type = data_type
            self._link.publish(b.DataTypeChanged(line.contract.con_id, data_type, self._link.now()))

    # ── telling ──

    def flush(self) -> None:
        """Tell every contract that changed, once, in the order of first change."""
        if not self._changed:
            return
        changed, self._changed = self._changed, []
        at = self._link.now()
        for line in changed:
            # A line that was unwatched meanwhile is nobody's any more.
            if line.is_changed and line.request_id is not None:
                line.is_changed = False
                self._link.publish(b.QuoteReceived(line.ticks.quote(at)))

    # ── what goes wrong ──

    def on_error(self, line: QuoteLine, number: int, text: str) -> None:
        row = code(number)
        is_frozen = number == _COMPETING_SESSION
        if row.effect is CodeEffect.INFO and not is_frozen:
            return
        self._link.publish_failure(f"quote:{line.contract.con_id}", RequestTrouble(number, text))
        request_id = self._subs.release(line)
        if is_frozen and request_id is not None:
            self._set_data_type(line, DataType.FROZEN)
            self._link.spawn(self._cancel(request_id))
        if number in NOT_SUBSCRIBED and self._data_type == _LIVE:
            self._link.spawn(self._fall_back_to_delayed())
        elif row.retriable or number in NOT_SUBSCRIBED:
            self._link.spawn(self._open_later(line))

    async def _fall_back_to_delayed(self) -> None:
        """Type 3 shows delayed data where live data are not paid for, and live data elsewhere."""
        self._data_type = _DELAYED
        try:
            await self._link.post(lambda client: client.reqMarketDataType(_DELAYED))
            for line in list(self._subs.quotes.values()):
                await self._open(line)
        except NotConnected:
            return

    async def _open_later(self, line: QuoteLine) -> None:
        await self._link.sleep(self._link.settings.retry_most_s)
        try:
            if self._subs.quotes.get(line.contract.con_id) is line:
                await self._open(line)
        except NotConnected:
            return
