"""Requests for historical data: bars, kept-up-to-date bars, the trading schedule, the first bar's time, histograms.

Rule: a request is checked, paced, and then answered whole; nothing is invented where the past is not known (error 162).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Generator
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final

from bot.domain.calendar import nyse
from bot.domain.session import NEW_YORK, Session, new_york_day, nth_session_before
from bot.domain.types import SecType
from bot.sim.gateway.connectivity import HISTORY_FARM
from bot.sim.gateway.core import GatewayCore, Handler
from bot.sim.market.extended.hours import trading_day
from bot.sim.market.history import (
    SMALL_SPANS,
    UNKNOWN_WHAT_TO_SHOW,
    WHAT_TO_SHOW,
    HistoryBar,
    HistoryError,
    HistoryQuery,
)
from bot.sim.market.listing import ContractDetails
from bot.sim.messages import historical_prints as past
from bot.sim.messages.bar_formatting import EPOCH_FORMAT, bar_values
from bot.sim.messages.contract_lookup import processing, resolve, validation
from bot.sim.messages.formatting import ZONE_NAME, UnreadableTimeError, parse_when, stamp
from bot.sim.messages.order_attributes import RejectedRequest
from bot.sim.streams.historical_updates import KeptBars
from bot.wire import written_records

if TYPE_CHECKING:
    from bot.sim.gateway.session import ClientSession
    from bot.wire import WireMessage

_SERVICE: Final = "Historical Market Data Service error message:"
_SLICE: Final = 250
"""Bars at once: about three milliseconds."""
# IBKR Campus, "Historical Bars: Durations": S, D, W, M and Y.
_DURATION: Final = re.compile(r"(\d{1,4}) ?([SDWMY])")
_PERIOD: Final = re.compile(r"(\d{1,3}) (day|week|month)s?")
_CALENDAR_DAYS: Final = {"W": 7, "M": 31, "Y": 366}
_PERIOD_DURATION: Final = {"day": "D", "week": "W", "month": "M"}
# The server version from which clients offer it (ib_insync, min server version "historical schedule").
_SCHEDULE_SINCE: Final = 165
# The server version from which the end of the bars is a message of its own (IB's clients, "historical data end").
_END_SINCE: Final = 196
_DATE_FORMATS: Final = (1, EPOCH_FORMAT)
_MOST_DAYS: Final = 365
_NO_ZONE = re.compile(r"\d{8}\s+\d{1,2}:\d{2}(:\d{2})?")
_IMPLIED_ZONE: Final = (
    "Warning: You submitted request with date-time attributes without explicit time zone. Please switch to use "
    "yyyymmdd-hh:mm:ss in UTC or use instrument time zone, like US/Eastern. Implied time zone functionality will be "
    "removed in the next API release"
)


_UNREADABLE: Final = RejectedRequest(
    10314,
    "End Date/Time: The date, time, or time-zone entered is invalid. The correct format is yyyymmdd hh:mm:ss "
    "xx/xxxx where yyyymmdd and xx/xxxx are optional. E.g.: 20031126 15:59:00 US/Eastern",
)


def historical_data(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    try:
        _historical_data(core, session, message)
    except RejectedRequest as rejection:
        core.error(session, message.reqId, rejection.code, rejection.text)


def _historical_data(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    if session.has(KeptBars.family, message.reqId) or session.has(_Waiting.family, message.reqId):
        raise RejectedRequest(322, processing(message.kind, "Duplicate ticker id"))
    details = resolve(core, session, message.reqId, message)
    if details is None:
        return
    _check_form(message)
    end = when(core, session, message.reqId, message.endDateTime)
    if message.keepUpToDate and end is not None:
        cause = "End date not supported with keepUpToDate"
        raise RejectedRequest(321, validation(message.kind, cause))
    if message.whatToShow == "ADJUSTED_LAST" and end is not None:
        cause = "End date not supported with adjusted last"
        raise RejectedRequest(321, validation(message.kind, cause))
    _check_service(core, details)
    _check_pace(core, session, message)
    answer = _send_schedule if message.whatToShow == "SCHEDULE" else _send_bars
    work = _guarded(answer, core, session, message, details, end)
    if core.settings.history_delay:
        session.subscribe(_Waiting.family, message.reqId, _Waiting(core, session, message, work))
    else:
        core.answer_in_slices(session, work, message.kind)


class _Waiting:
    """A request whose answer takes its time. It ends with its client and with its cancel, as the line does that it begins."""

    family: ClassVar[str] = "history_request"

    def __init__(
        self,
        core: GatewayCore,
        session: ClientSession,
        message: WireMessage,
        work: Generator[None, None, None],
    ) -> None:
        def answer() -> None:
            session.unsubscribe(self.family, message.reqId)
            core.answer_in_slices(session, work, message.kind)

        self._timer = core.timers.at(core.now + core.settings.history_delay, answer)

    def stop(self) -> None:
        self._timer.cancel()


def _check_form(message: WireMessage) -> None:
    if message.formatDate not in _DATE_FORMATS:
        cause = f"Date formatting selection of {message.formatDate} rejected"
        raise RejectedRequest(321, validation(message.kind, cause))
    match = _DURATION.fullmatch(_duration(message))
    if match is not None and match[2] == "D" and int(match[1]) > _MOST_DAYS:
        cause = f"Historical data request for durations longer than {_MOST_DAYS} days must be made in years."
        raise RejectedRequest(321, validation(message.kind, cause))


def _duration(message: WireMessage) -> str:
    """The duration asked for; a bare number is one of seconds."""
    text: str = message.durationStr.strip()
    return f"{text} S" if text.isdecimal() else text


def _guarded(
    answer: Any, core: GatewayCore, session: ClientSession, message: WireMessage, *rest: Any
) -> Generator[None, None, None]:
    try:
        yield from answer(core, session, message, *rest)
    except HistoryError as error:
        core.error(session, message.reqId, error.code, error.text)
    except RejectedRequest as rejection:
        core.error(session, message.reqId, rejection.code, rejection.text)


def when(core: GatewayCore, session: ClientSession, req_id: int, text: str) -> datetime | None:
    """The client's time, None for now; raises RejectedRequest 10314, and warns (2174) where the zone is only implied."""
    try:
        found = parse_when(text)
    except UnreadableTimeError:
        raise _UNREADABLE from None
    if found is not None and not nyse.FIRST_DAY < found.date() < nyse.LAST_DAY:
        raise RejectedRequest(162, f"{_SERVICE}HMDS query returned no data: no calendar for {text.strip()}")
    if _NO_ZONE.fullmatch(text.strip()):
        core.error(session, req_id, 2174, _IMPLIED_ZONE)
    return found


def _check_service(core: GatewayCore, details: ContractDetails) -> None:
    if HISTORY_FARM in core.link.farms_down:
        raise RejectedRequest(162, f"{_SERVICE}HMDS server disconnect occurred.  Attempting reconnection...")
    if core.faults.is_unentitled(details.contract):
        exchange, kind = details.contract.primary_exchange or "SMART", details.contract.sec_type
        raise RejectedRequest(162, f"{_SERVICE}No market data permissions for {exchange} {kind}")


def _check_pace(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    if core.feeds.count(KeptBars.family) >= core.settings.simultaneous_history:
        cause = (
            f"Only {core.settings.simultaneous_history} simultaneous API historical data requests allowed."
        )
        raise RejectedRequest(322, processing(message.kind, cause))
    is_paced = core.settings.historical_pacing and (
        core.settings.pace_all_bars or message.barSizeSetting in SMALL_SPANS
    )
    if not is_paced:
        return
    values = message.values
    contract = (
        values["conId"],
        values["symbol"],
        values["localSymbol"],
        values["exchange"],
        values["whatToShow"],
    )
    request = tuple(str(value) for name, value in values.items() if name != "reqId")
    weight = 2 if message.whatToShow == "BID_ASK" else 1
    broken = session.history_pace.ask(core.now, request, contract, weight=weight)
    if broken is not None:
        raise RejectedRequest(162, f"{_SERVICE}Historical data request pacing violation")


def _send_bars(
    core: GatewayCore,
    session: ClientSession,
    message: WireMessage,
    details: ContractDetails,
    end: datetime | None,
) -> Generator[None, None, None]:
    query = HistoryQuery(
        con_id=details.contract.con_id,
        end=end,
        duration=_duration(message),
        bar_size=message.barSizeSetting,
        what=message.whatToShow,
        use_rth=message.useRTH,
    )
    bars = yield from past.read_in_slices(core, query)
    if message.keepUpToDate:
        # What comes from now on is told by the stream: nothing may happen between this reading and its start.
        bars = past.read_prints(core, query)
    if not bars:
        where = f"{details.contract.symbol}@{message.exchange or details.contract.exchange}"
        raise RejectedRequest(
            162, f"{_SERVICE}HMDS query returned no data: {where} {message.whatToShow.title()}"
        )
    rows = written_records("historicalData", "bars", session.version)
    for n in range(0, len(bars), _SLICE):
        if n and not message.keepUpToDate:
            yield
        rows.add(bar_values(bar, message.formatDate, session.version) for bar in bars[n : n + _SLICE])
    if not message.keepUpToDate:
        yield
    ends = {
        "startDateStr": stamp(bars[0].start, session.version),
        "endDateStr": stamp(end or core.now, session.version),
    }
    core.send(session, "historicalData", reqId=message.reqId, **ends, bars=rows)
    if session.version >= _END_SINCE:
        core.send(session, "historicalDataEnd", reqId=message.reqId, **ends)
    if message.keepUpToDate:
        kept = KeptBars(core, session, message.reqId, details.contract, query, message.formatDate)
        session.subscribe(KeptBars.family, message.reqId, kept)
        kept.start(bars)


def _send_schedule(
    core: GatewayCore,
    session: ClientSession,
    message: WireMessage,
    details: ContractDetails,
    end: datetime | None,
) -> Generator[None, None, None]:
    yield from ()
    if session.version < _SCHEDULE_SINCE:
        raise RejectedRequest(321, validation(message.kind, "whatToShow SCHEDULE needs a newer client"))
    if message.barSizeSetting != "1 day":
        raise RejectedRequest(321, validation(message.kind, "SCHEDULE is only supported for daily bars"))
    last = new_york_day(end or core.now)
    sessions = core.world.schedule(max(_first_day(message, last), nyse.FIRST_DAY), last)
    if not sessions:
        raise RejectedRequest(162, f"{_SERVICE}HMDS query returned no data: no sessions")
    is_stock = details.contract.sec_type is SecType.STOCK
    all_hours = is_stock and not message.useRTH and core.world.market.extended is not None
    rows = [_session_row(session, all_hours=all_hours) for session in sessions]
    core.send(
        session,
        "historicalSchedule",
        reqId=message.reqId,
        startDateTime=rows[0]["startDateTime"],
        endDateTime=rows[-1]["endDateTime"],
        timeZone=ZONE_NAME,
        sessions=rows,
    )


def _first_day(message: WireMessage, last: date) -> date:
    match = _DURATION.fullmatch(_duration(message))
    if match is None or match[2] == "S" or int(match[1]) == 0:
        raise RejectedRequest(321, validation(message.kind, f"Invalid duration '{message.durationStr}'"))
    count, unit = int(match[1]), match[2]
    try:
        if unit == "D":
            return nth_session_before(last + timedelta(days=1), count).day
        return last - timedelta(days=count * _CALENDAR_DAYS[unit] - 1)
    except (LookupError, OverflowError):
        raise RejectedRequest(
            162, f"{_SERVICE}HMDS query returned no data: no schedule that far back"
        ) from None


def _session_row(session: Session, *, all_hours: bool) -> dict[str, str]:
    day = trading_day(session.day) if all_hours else None
    begin, end = (session.open, session.close) if day is None else (day.begin, day.end)
    return {
        "startDateTime": f"{begin.astimezone(NEW_YORK):%Y%m%d-%H:%M:%S}",
        "endDateTime": f"{end.astimezone(NEW_YORK):%Y%m%d-%H:%M:%S}",
        "refDate": f"{session.day:%Y%m%d}",
    }


def cancel_historical_data(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    if session.unsubscribe(KeptBars.family, message.reqId) or session.unsubscribe(
        _Waiting.family, message.reqId
    ):
        core.error(
            session, message.reqId, 162, f"{_SERVICE}API historical data query cancelled: {message.reqId}"
        )
    else:
        core.error(
            session, message.reqId, 366, f"No historical data query found for ticker id:{message.reqId}"
        )


def head_timestamp(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    details = resolve(core, session, message.reqId, message)
    if details is None:
        return
    if message.whatToShow not in WHAT_TO_SHOW | UNKNOWN_WHAT_TO_SHOW:
        cause = f"Invalid what to show: {message.whatToShow}"
        core.error(session, message.reqId, 321, validation(message.kind, cause))
        return
    is_known = message.whatToShow in WHAT_TO_SHOW
    first = core.world.head_timestamp(details.contract.con_id) if is_known else None
    if first is None:
        core.error(session, message.reqId, 162, f"{_SERVICE}No head time stamp")
        return
    text = str(int(first.timestamp())) if message.formatDate == EPOCH_FORMAT else f"{first:%Y%m%d-%H:%M:%S}"
    core.send(session, "headTimestamp", reqId=message.reqId, headTimestamp=text)


def histogram(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    """Traded volume by price: each minute's volume at its average price, to the cent."""
    details = resolve(core, session, message.reqId, message)
    if details is None:
        return
    match = _PERIOD.fullmatch(message.timePeriod)
    if match is None:
        cause = f"Invalid period '{message.timePeriod}'"
        core.error(session, message.reqId, 321, validation(message.kind, cause))
        return
    duration = f"{match[1]} {_PERIOD_DURATION[match[2]]}"
    try:
        bars = past.read_prints(core, _histogram_query(details, message, duration))
    except HistoryError as error:
        core.error(session, message.reqId, error.code, error.text)
        return
    core.send(session, "histogramData", reqId=message.reqId, items=_by_price(bars))


def _histogram_query(details: ContractDetails, message: WireMessage, duration: str) -> HistoryQuery:
    return HistoryQuery(details.contract.con_id, None, duration, "1 min", use_rth=message.useRTH)


def _by_price(bars: list[HistoryBar]) -> list[dict[str, Any]]:
    volumes: Counter[float] = Counter()
    for bar in bars:
        volumes[round(bar.wap, 2)] += max(0, int(bar.volume))
    return [{"price": price, "count": volumes[price]} for price in sorted(volumes)]


def history_cancelled(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    """Cancels of requests that are answered at once: IB takes them without a word."""
    del core, session, message


HANDLERS: dict[str, Handler] = {
    "reqHistoricalData": historical_data,
    "cancelHistoricalData": cancel_historical_data,
    "reqHeadTimeStamp": head_timestamp,
    "cancelHeadTimeStamp": history_cancelled,
    "reqHistogramData": histogram,
    "cancelHistogramData": history_cancelled,
}
