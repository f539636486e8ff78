"""Requests for live market data: lines, snapshots, their type, tick by tick, five-second bars, depth, option calculations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.domain.contract import Contract
from bot.domain.session import is_open
from bot.domain.types import SecType
from bot.sim.gateway.core import NO_ID, GatewayCore, Handler
from bot.sim.market.listing import ContractDetails
from bot.sim.messages.contract_lookup import processing, resolve, validation
from bot.sim.messages.order_attributes import RejectedRequest
from bot.sim.messages.tick_messages import GENERIC_TICKS
from bot.sim.streams.market_data_line import DELAYED, DELAYED_FROZEN, FROZEN, LIVE, MarketLine, QuoteSnapshot
from bot.sim.streams.real_time_bars import FiveSecondBars
from bot.sim.streams.tick_by_tick import TICK_TYPES, TickByTick

if TYPE_CHECKING:
    from bot.sim.gateway.session import ClientSession
    from bot.wire import WireMessage

_LINES: Final = (MarketLine.family, FiveSecondBars.family)
_COMPETING: Final = "No market data during competing live session"
# IBKR Campus, "Historical Bars: whatToShow" says what there is of each product: of a pair no trades, of an index nothing else.
# IB's words in answer to five-second bars of the rest are assumed.
_NO_SUCH_BARS: Final = "Invalid Real-time Query:No data of type {} is available for this contract"
_BAR_VALUES: Final = frozenset({"TRADES", "MIDPOINT", "BID", "ASK"})


def market_data_type(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    """1 live, 2 frozen, 3 delayed, 4 delayed and frozen; for what is requested from now on."""
    if message.marketDataType in (LIVE, FROZEN, DELAYED, DELAYED_FROZEN):
        session.market_data_type = message.marketDataType
    else:
        core.error(session, NO_ID, 321, validation(message.kind, "Invalid market data type"))


def market_data(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    try:
        _open_line(core, session, message)
    except RejectedRequest as rejection:
        core.error(session, message.reqId, rejection.code, rejection.text)


def _open_line(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    if session.has(MarketLine.family, message.reqId):
        raise RejectedRequest(322, processing(message.kind, "Duplicate ticker id"))
    details = resolve(core, session, message.reqId, message, combos=True)
    if details is None:
        return
    generic = _generic_ticks(message, details.contract)
    if core.feeds.count(*_LINES) >= core.settings.market_data_lines:
        raise RejectedRequest(101, "Max number of tickers has been reached")
    data_type = _data_type(core, session, message.reqId, details)
    kind = QuoteSnapshot if message.snapshot or message.regulatorySnapshot else MarketLine
    line = kind(core, session, message.reqId, details, data_type, generic)
    session.subscribe(MarketLine.family, message.reqId, line)
    line.start()


def _generic_ticks(message: WireMessage, contract: Contract) -> frozenset[int]:
    # A client may append the provider of a tick (292:BRFG) and the word mdoff.
    words = [word.split(":")[0].strip() for word in message.genericTickList.split(",") if word.strip()]
    numbers = frozenset(int(word) for word in words if word.isdecimal())
    if not numbers <= GENERIC_TICKS or any(not word.isdecimal() and word != "mdoff" for word in words):
        legal = ",".join(str(number) for number in sorted(GENERIC_TICKS))
        cause = f"Incorrect generic tick list of {message.genericTickList}.  Legal ones for ({contract.sec_type}) are: {legal}"
        raise RejectedRequest(321, validation(message.kind, cause))
    if numbers and message.snapshot:
        cause = "QuoteSnapshot market data subscription is not applicable to generic ticks"
        raise RejectedRequest(321, validation(message.kind, cause))
    return numbers


def _data_type(core: GatewayCore, session: ClientSession, req_id: int, details: ContractDetails) -> int:
    """What the client is given; raises RejectedRequest where it is nothing."""
    contract, wanted = details.contract, session.market_data_type
    if core.link.competing_session:
        raise RejectedRequest(10197, _COMPETING)
    trades_on = contract.sec_type is SecType.STOCK and core.world.market.is_extended(core.now)
    has_closed = not is_open(core.now) and not trades_on
    if not core.faults.is_unentitled(contract):
        return FROZEN if wanted in (FROZEN, DELAYED_FROZEN) and has_closed else LIVE
    if wanted in (LIVE, FROZEN):
        venue = "ARCA/TOP/ALL" if contract.sec_type is SecType.STOCK else "OPRA/TOP/ALL"
        raise RejectedRequest(
            10089,
            "Requested market data requires additional subscription for API. See link in 'Market Data Connections' "
            f"dialog for more details.Delayed market data is available.{contract.symbol} {venue}",
        )
    text = "Requested market data is not subscribed. Displaying delayed market data."
    core.error(session, req_id, 10167, text)
    return DELAYED_FROZEN if wanted == DELAYED_FROZEN and has_closed else DELAYED


def cancel_market_data(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    _cancel(core, session, MarketLine.family, message.reqId)


def _cancel(core: GatewayCore, session: ClientSession, family: str, req_id: int) -> None:
    if not session.unsubscribe(family, req_id):
        core.error(session, req_id, 300, f"Can't find EId with tickerId:{req_id}")


def tick_by_tick(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    family, req_id = TickByTick.family, message.reqId
    if session.has(family, req_id):
        core.error(session, req_id, 322, processing(message.kind, "Duplicate ticker id"))
        return
    details = resolve(core, session, req_id, message)
    if details is None:
        return
    contract = details.contract
    if message.tickType not in TICK_TYPES:
        cause = f"Invalid tick-by-tick type {message.tickType}"
        core.error(session, req_id, 321, validation(message.kind, cause))
    elif contract.sec_type is not SecType.STOCK:
        cause = f"{message.tickType} tick-by-tick requests are not supported for {contract.sec_type}."
        core.error(session, req_id, 10189, f"Failed to request tick-by-tick data:{cause}")
    elif core.feeds.count(family) >= core.settings.tick_by_tick_lines:
        core.error(session, req_id, 10190, "Max number of tick-by-tick requests has been reached.")
    else:
        feed = TickByTick(core, session, req_id, contract, message.tickType)
        session.subscribe(family, req_id, feed)
        feed.start()


def cancel_tick_by_tick(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    _cancel(core, session, TickByTick.family, message.reqId)


def real_time_bars(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    family, req_id = FiveSecondBars.family, message.reqId
    if session.has(family, req_id):
        core.error(session, req_id, 322, processing(message.kind, "Duplicate ticker id"))
        return
    details = resolve(core, session, req_id, message)
    if details is None:
        return
    if message.whatToShow not in _BAR_VALUES:
        cause = f"Invalid whatToShow '{message.whatToShow}'"
        core.error(session, req_id, 321, validation(message.kind, cause))
    elif core.feeds.count(*_LINES) >= core.settings.market_data_lines:
        core.error(session, req_id, 101, "Max number of tickers has been reached")
    elif not _has_bars(details.contract, message.whatToShow):
        core.error(session, req_id, 420, _NO_SUCH_BARS.format(message.whatToShow))
    elif core.faults.is_unentitled(details.contract):
        core.error(session, req_id, 420, "Invalid Real-time Query:No market data permissions")
    else:
        feed = FiveSecondBars(
            core, session, req_id, details.contract, message.whatToShow, use_rth=message.useRTH
        )
        session.subscribe(family, req_id, feed)
        feed.start()


def _has_bars(contract: Contract, what: str) -> bool:
    if contract.sec_type is SecType.INDEX:
        return what == "TRADES"
    return contract.sec_type is not SecType.FOREX or what != "TRADES"


def cancel_real_time_bars(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    _cancel(core, session, FiveSecondBars.family, message.reqId)


def no_depth(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    text = "Deep market data is not supported for this combination of security type/exchange"
    core.error(session, message.reqId, 10092, text)


def cancel_depth(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    core.error(
        session, message.reqId, 310, f"Can't find the subscribed market depth with tickerId:{message.reqId}"
    )


HANDLERS: dict[str, Handler] = {
    "reqMarketDataType": market_data_type,
    "reqMktData": market_data,
    "cancelMktData": cancel_market_data,
    "reqTickByTickData": tick_by_tick,
    "cancelTickByTickData": cancel_tick_by_tick,
    "reqRealTimeBars": real_time_bars,
    "cancelRealTimeBars": cancel_real_time_bars,
    "reqMktDepth": no_depth,
    "cancelMktDepth": cancel_depth,
}
