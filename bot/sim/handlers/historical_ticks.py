"""Requests for historical ticks: prints, mid-points, or bids and asks of the past.

Rule: a page of at most 1,000, forward from a start or back from an end; times in whole seconds, as IB sends them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from bot.domain.session import new_york_day, next_open, session_on
from bot.domain.types import ConId, SecType
from bot.sim.gateway.core import GatewayCore, Handler
from bot.sim.handlers.history import when
from bot.sim.market.history import HistoryError, HistoryQuery
from bot.sim.messages import historical_prints as past
from bot.sim.messages.contract_lookup import resolve, validation
from bot.sim.messages.historical_prints import Print, prints
from bot.sim.messages.order_attributes import RejectedRequest

if TYPE_CHECKING:
    from bot.sim.gateway.session import ClientSession
    from bot.wire import WireMessage

# IBKR Campus, "Historical Time & Sales": at most 1000 ticks a request, and all of the last second.
_MOST: Final = 1000
_WHAT: Final = frozenset({"TRADES", "MIDPOINT", "BID_ASK"})


def historical_ticks(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    try:
        _historical_ticks(core, session, message)
    except RejectedRequest as rejection:
        core.error(session, message.reqId, rejection.code, rejection.text)
    except HistoryError as error:
        core.error(session, message.reqId, error.code, error.text)


def _historical_ticks(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    details = resolve(core, session, message.reqId, message)
    if details is None:
        return
    start = when(core, session, message.reqId, message.startDateTime)
    end = when(core, session, message.reqId, message.endDateTime)
    if (start is None) == (end is None):
        raise _invalid("Please specify either start time or end time")
    if not 0 < message.numberOfTicks <= _MOST:
        raise _invalid(f"Number of ticks must be between 1 and {_MOST}")
    if message.whatToShow not in _WHAT:
        raise _invalid(f"Invalid whatToShow '{message.whatToShow}'")
    is_stock = details.contract.sec_type is SecType.STOCK
    use_rth = message.useRth or not is_stock
    page = _Page(core, details.contract.con_id, start, end, message.numberOfTicks, use_rth=use_rth)
    _SENDERS[message.whatToShow](core, session, message.reqId, page)


def _invalid(cause: str) -> RejectedRequest:
    return RejectedRequest(321, validation("reqHistoricalTicks", cause))


class _Page:
    """Which ticks are meant."""

    def __init__(
        self,
        core: GatewayCore,
        con_id: ConId,
        start: datetime | None,
        end: datetime | None,
        count: int,
        *,
        use_rth: bool,
    ) -> None:
        self._use_rth = use_rth
        self._core, self._con_id, self._start, self._end, self._count = core, con_id, start, end, count

    def read(self, what: str) -> list[Print]:
        """Ticks in ascending order. Errors: HistoryError when nothing is known of that day."""
        day_end = self._end or self._end_of_day()
        query = HistoryQuery(self._con_id, day_end, "1 D", "1 min", what, self._use_rth)
        bars = past.read_prints(self._core, query)
        inside = prints(bars, self._core.world.exchange_settings.points_per_minute, self._core.now)
        if self._start is not None:
            start = self._start
            return list(islice((p for p in inside if p.at >= start), self._count))
        return [p for p in inside if self._end is None or p.at < self._end][-self._count :]

    def _end_of_day(self) -> datetime:
        """The close of the session that holds the start, or of the first one after it."""
        start = self._start or self._core.now
        extended = None if self._use_rth else self._core.world.market.extended
        if extended is not None:
            return min(extended.end_of_day(start), self._core.now)
        session = session_on(new_york_day(start))
        if session is None or start >= session.close:
            session = session_on(new_york_day(next_open(start)))
        close = start + timedelta(days=1) if session is None else session.close
        return min(close, self._core.now)


def _send_trades(core: GatewayCore, session: ClientSession, req_id: int, page: _Page) -> None:
    found = page.read("TRADES")
    rows = [{"time": _seconds(p), "price": p.price, "size": p.size, "exchange": "ARCA"} for p in found]
    core.send(session, "historicalTicksLast", reqId=req_id, ticks=rows, done=True)


def _send_midpoints(core: GatewayCore, session: ClientSession, req_id: int, page: _Page) -> None:
    rows = [{"time": _seconds(p), "price": p.price, "size": 0} for p in page.read("MIDPOINT")]
    core.send(session, "historicalTicks", reqId=req_id, ticks=rows, done=True)


def _send_sides(core: GatewayCore, session: ClientSession, req_id: int, page: _Page) -> None:
    rows: list[dict[str, Any]] = [
        {
            "time": _seconds(bid),
            "priceBid": bid.price,
            "priceAsk": _above(bid, ask),
            "sizeBid": 1,
            "sizeAsk": 1,
        }
        for bid, ask in zip(page.read("BID"), page.read("ASK"), strict=False)
    ]
    core.send(session, "historicalTicksBidAsk", reqId=req_id, ticks=rows, done=True)


def _above(bid: Print, ask: Print) -> float:
    # Both sides of a spread of one cent fall on the same cent when half of it is rounded.
    return max(ask.price, round(bid.price + 0.01, 2))


def _seconds(tick: Print) -> int:
    return int(tick.at.timestamp())


_SENDERS: Final = {"TRADES": _send_trades, "MIDPOINT": _send_midpoints, "BID_ASK": _send_sides}

HANDLERS: dict[str, Handler] = {"reqHistoricalTicks": historical_ticks}
