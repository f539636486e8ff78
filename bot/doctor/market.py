"""The checks of the data: each symbol's contract, calendar, quote, bars and chain; an option's quote; a currency's.

Rule: what IB withholds is said in words, with the remedy of IB's own code. Outside trading hours silence is no fault.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from bot.broker.connection.error_codes import code
from bot.doctor.api_session import ASK, BID, CLOSE, LAST, ApiSession, ProbedQuote, Trouble
from bot.doctor.context import Context
from bot.doctor.findings import Finding, fail, ok, skip, warn
from bot.domain.calendar.liquid_hours import days_in_disagreement, exchange_zone, parse_liquid_hours
from bot.domain.session import CalendarRangeError, is_open, new_york_day
from bot.wire import WireMessage

# IBKR Campus, "Market Data Type Behavior".
LIVE_DATA = 1
DATA_TYPES = {1: "live", 2: "frozen", 3: "delayed", 4: "delayed and frozen"}
EURO = {"symbol": "EUR", "secType": "CASH", "exchange": "IDEALPRO", "currency": "USD"}


@dataclass(frozen=True, slots=True)
class Option:
    """One contract at the money, to be quoted and tried."""

    fields: Mapping[str, Any]
    label: str
    min_tick: float


def market_checks(x: Context, session: ApiSession) -> Iterator[Finding]:
    """Every symbol, then the currency."""
    session.line.send("reqMarketDataType", marketDataType=LIVE_DATA)
    for symbol in x.settings.symbols:
        yield from _symbol_checks(x, session, symbol)
    yield _quote_finding(x, session, "forex EUR.USD", EURO, judge_session=False)[0]


def _symbol_checks(x: Context, session: ApiSession, symbol: str) -> Iterator[Finding]:
    try:
        details = stock_details(session, symbol)
    except Trouble as trouble:
        yield fail(f"contract {symbol}", trouble.words, trouble.remedy)
        return
    yield ok(f"contract {symbol}", f"conId {details.conId}, {details.get('longName') or details.symbol}")
    yield _calendar(symbol, details)
    finding, quote = _quote_finding(x, session, f"stock {symbol}", stock_fields(details))
    yield finding
    yield _history(x, session, details)
    yield from _option_checks(x, session, details, price_of(quote))


def stock_details(session: ApiSession, symbol: str) -> WireMessage:
    """The stock's contract. Raises Trouble where there is none, or more than one."""
    answers = session.ask(
        "reqContractDetails",
        {"contractDetailsEnd"},
        symbol=symbol,
        secType="STK",
        exchange="SMART",
        currency="USD",
    )
    found = [answer for answer in answers if answer.kind == "contractDetails"]
    if len(found) != 1:
        raise Trouble(200, f"{symbol} names {len(found)} US stocks")
    return found[0]


def stock_fields(details: WireMessage) -> dict[str, Any]:
    return {
        "conId": details.conId,
        "symbol": details.symbol,
        "secType": "STK",
        "exchange": "SMART",
        "currency": "USD",
    }


def price_of(quote: ProbedQuote | None) -> float | None:
    """What the underlying is about worth: its last price, a side of its quote, or yesterday's close."""
    prices = {} if quote is None else quote.prices
    return next((prices[tick] for ticks in (LAST, BID, ASK, CLOSE) for tick in ticks if tick in prices), None)


# ── calendar ──


def _calendar(symbol: str, details: WireMessage) -> Finding:
    name = f"calendar {symbol}"
    try:
        hours = parse_liquid_hours(details.liquidHours or "", exchange_zone(details.timeZoneId))
        differing = days_in_disagreement(hours)
    except (ValueError, KeyError, CalendarRangeError) as error:
        return warn(
            name, f"IB's trading hours cannot be compared: {error}", "check the clock, or upgrade the bot"
        )
    if not hours:
        return skip(name, "IB tells no trading hours")
    if differing:
        days = ", ".join(f"{day:%Y-%m-%d}" for day in differing)
        return fail(
            name, f"IB's hours differ from ours on {days}", "do not trade on those days; upgrade the bot"
        )
    return ok(name, f"agrees with IB's hours on {len(hours)} days")


# ── quotes ──


def _quote_finding(
    x: Context, session: ApiSession, name: str, contract: Mapping[str, Any], *, judge_session: bool = True
) -> tuple[Finding, ProbedQuote | None]:
    wait_s, session.timeout_s = session.timeout_s, x.quote_s
    try:
        quote = session.quote(contract, (BID, ASK))
    except Trouble as trouble:
        return fail(name, trouble.words, trouble.remedy), None
    finally:
        session.timeout_s = wait_s
    return _judged(x, name, quote, judge_session=judge_session), quote


def _judged(x: Context, name: str, quote: ProbedQuote, *, judge_session: bool) -> Finding:
    for number, _ in quote.notices:
        row = code(number)
        if row.remedy:
            return (fail if x.settings.broker.trading == "live" else warn)(
                name, f"{row.meaning} ({number})", row.remedy
            )
    if quote.data_type != LIVE_DATA:
        words = f"data are {DATA_TYPES.get(quote.data_type, 'of an unknown kind')}"
        return warn(name, words, "subscribe to live data, or wait for the market to open")
    bid, ask = (next((quote.prices[t] for t in ticks if t in quote.prices), None) for ticks in (BID, ASK))
    if bid is not None and ask is not None:
        return ok(name, f"{bid:g} / {ask:g}, live")
    if judge_session and not _market_is_open(x):
        return skip(name, "no quote, and the market is closed")
    words = f"no {'bid' if bid is None else 'ask'} within {x.quote_s:g} s"
    return warn(
        name, words, "try again; if it stays so, the data farm is down or the data are not subscribed"
    )


def _market_is_open(x: Context) -> bool:
    try:
        return is_open(x.now())
    except CalendarRangeError:
        return True


# ── bars ──


def _history(x: Context, session: ApiSession, details: WireMessage) -> Finding:
    name = f"history {details.symbol}"
    wait_s, session.timeout_s = session.timeout_s, max(session.timeout_s, x.settings.broker.history_timeout_s)
    try:
        (*_, answer) = session.ask(
            "reqHistoricalData",
            {"historicalData"},
            **stock_fields(details),
            endDateTime="",
            durationStr="2 D",
            barSizeSetting="1 min",
            whatToShow="TRADES",
            useRTH=True,
            formatDate=2,
            keepUpToDate=False,
        )
    except Trouble as trouble:
        return fail(name, trouble.words, trouble.remedy)
    finally:
        session.timeout_s = wait_s
    if not answer.bars:
        return fail(
            name, "an answer without bars", "the history farm may be down; without history nothing is judged"
        )
    return ok(name, f"{len(answer.bars)} 1-min bars of the last two sessions")


# ── options ──


def _option_checks(
    x: Context, session: ApiSession, stock: WireMessage, price: float | None
) -> Iterator[Finding]:
    name = f"chain {stock.symbol}"
    try:
        answers = session.ask(
            "reqSecDefOptParams",
            {"securityDefinitionOptionParameterEnd"},
            underlyingSymbol=stock.symbol,
            futFopExchange="",
            underlyingSecType="STK",
            underlyingConId=stock.conId,
        )
        expiries, strikes = _parameters(answers)
        if not expiries:
            yield fail(
                name, "no option chain", f"trade something else than {stock.symbol}: it has no options"
            )
            return
        yield ok(name, f"{len(expiries)} expiries, {len(strikes)} strikes, next {expiries[0]}")
        if price is None:
            yield skip(f"option {stock.symbol}", "the underlying's price is not known")
            return
        option = find_option(session, stock, x, expiries, strikes, price)
    except Trouble as trouble:
        yield fail(name, trouble.words, trouble.remedy)
        return
    if option is None:
        yield fail(
            f"option {stock.symbol}",
            "no contract near the money",
            "try again; else IB's contract farm is down",
        )
    else:
        yield _quote_finding(x, session, f"option {option.label}", option.fields)[0]


def _parameters(answers: list[WireMessage]) -> tuple[list[str], list[float]]:
    parts = [x for x in answers if x.kind == "securityDefinitionOptionParameter" and x.exchange == "SMART"]
    expiries = sorted({expiry for part in parts for expiry in part.expirations})
    return expiries, sorted({float(strike) for part in parts for strike in part.strikes})


def find_option(
    session: ApiSession,
    stock: WireMessage,
    x: Context,
    expiries: list[str],
    strikes: list[float],
    price: float,
) -> Option | None:
    """The call nearest to the money that really exists, of the nearest expiry that is not today's. Raises Trouble."""
    today = f"{new_york_day(x.now()):%Y%m%d}"
    expiry = next((one for one in expiries if one > today), expiries[-1])
    for strike in sorted(strikes, key=lambda one: abs(one - price))[:4]:
        wanted = {
            "symbol": stock.symbol,
            "secType": "OPT",
            "exchange": "SMART",
            "currency": "USD",
            "lastTradeDateOrContractMonth": expiry,
            "strike": strike,
            "right": "C",
        }
        try:
            answers = session.ask("reqContractDetails", {"contractDetailsEnd"}, **wanted)
        except Trouble as trouble:
            if trouble.code != 200:
                raise
            continue
        found = next((one for one in answers if one.kind == "contractDetails"), None)
        if found is not None:
            day = date(int(expiry[:4]), int(expiry[4:6]), int(expiry[6:8]))
            label = f"{stock.symbol} {day} {strike:g} C"
            return Option({**wanted, "conId": found.conId, "multiplier": "100"}, label, float(found.minTick))
    return None
