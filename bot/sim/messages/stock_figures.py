"""The figures behind the generic ticks of a stock: volatilities, ranges, option activity, dividends, ratios.

Rule: what follows from the world's own bars is worked out from them; the rest (option activity, ratios) is made up from the
symbol alone, so that it is the same in every run. A number that there is no figure for is named by ``unavailable``.
Source of numbers, tick types and forms: IBKR Campus, "Available Tick Types".
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from bot.domain.session import new_york_day
from bot.domain.types import SecType
from bot.sim.market.calibration.dividends import next_ex_day, quarter_of
from bot.sim.market.calibration.rates import dividend_yield
from bot.sim.market.catalog import Underlying, stable_id, underlying
from bot.sim.market.history import HistoryBar, HistoryError, HistoryQuery
from bot.sim.market.listing import ContractDetails
from bot.sim.market.past.volatility import realized_volatility
from bot.sim.market.quotes import Ticker
from bot.sim.messages import historical_prints as past
from bot.sim.messages.tick_messages import Tick

if TYPE_CHECKING:
    from bot.sim.gateway.core import GatewayCore

_OPTION_SHARE: Final = 0.02
"""Contracts a day for each share that trades, about as for the busiest US names."""
_INTEREST_DAYS: Final = 9
_TRADE_SIZE: Final = 250
"""Shares a trade, as the bars count them."""
_MINUTES: Final = 390


@dataclass(frozen=True, slots=True)
class Subject:
    """A stock at one instant. ``days`` are up to a year's daily bars, the newest last."""

    facts: Underlying
    ticker: Ticker
    days: list[HistoryBar]
    now: datetime
    realized: float
    implied: float
    """Volatilities of a year: of thirty sessions' closes, and what options imply for thirty days."""

    @property
    def price(self) -> float:
        book = self.ticker.book
        known = book.last or book.mid or self.ticker.close
        return float(known) if known is not None else self.facts.price

    def draw(self, name: str, low: float, high: float) -> float:
        """A number of the symbol's own, the same for ever."""
        return low + (high - low) * (stable_id(f"{self.facts.symbol} {name}") % 10_000) / 10_000


def _price(kind: int, price: float) -> Tick:
    return "tickPrice", {"tickType": kind, "price": round(price, 2), "size": 0, "attrMask": 0}


def _size(kind: int, size: float) -> Tick:
    return "tickSize", {"tickType": kind, "size": max(0, round(size))}


def _number(kind: int, value: float) -> Tick:
    return "tickGeneric", {"tickType": kind, "value": round(value, 6)}


def _text(kind: int, value: str) -> Tick:
    return "tickString", {"tickType": kind, "value": value}


def _option_volume(s: Subject) -> list[Tick]:
    whole = (s.ticker.volume or 0) * _OPTION_SHARE
    calls = s.draw("calls", 0.4, 0.6)
    return [_size(29, whole * calls), _size(30, whole * (1 - calls))]


def _open_interest(s: Subject) -> list[Tick]:
    whole = s.facts.daily_volume * _OPTION_SHARE * _INTEREST_DAYS
    calls = s.draw("open calls", 0.4, 0.6)
    return [_size(27, whole * calls), _size(28, whole * (1 - calls))]


def _ranges(s: Subject) -> list[Tick]:
    """Lowest and highest of 13, 26 and 52 weeks; the mean volume is in hundreds."""
    told = []
    for kind, weeks in ((15, 13), (17, 26), (19, 52)):
        span = s.days[-weeks * 5 :]
        if span:
            told += [
                _price(kind, min(bar.low for bar in span)),
                _price(kind + 1, max(bar.high for bar in span)),
            ]
    recent = [bar.volume for bar in s.days[-90:]] or [float(s.facts.daily_volume)]
    return [*told, _size(21, sum(recent) / len(recent) / 100)]


def _auction(s: Subject) -> list[Tick]:
    return [_size(34, 0), _price(35, s.price), _size(36, 0), _size(61, 0)]


def _trades(s: Subject) -> float:
    return (s.ticker.volume or 0) // _TRADE_SIZE


def _short_volume(s: Subject) -> list[Tick]:
    a_minute = s.facts.daily_volume / _MINUTES
    return [_size(kind, a_minute * minutes) for kind, minutes in ((63, 3), (64, 5), (65, 10))]


def _last_regular(s: Subject) -> list[Tick]:
    return [_price(57, s.days[-1].close if s.days else s.price)]


def _real_time_volume(s: Subject) -> list[Tick]:
    book, milliseconds = s.ticker.book, int(s.now.timestamp() * 1000)
    return [_text(77, f"{book.last or ''};{book.last_size};{milliseconds};{s.ticker.volume or 0};;true")]


def _dividends(s: Subject) -> list[Tick]:
    """Of the past and the next twelve months, the next date and amount; commas alone where none are paid."""
    year = dividend_yield(s.facts.symbol) * s.price
    if not year:
        return [_text(59, ",,,")]
    return [
        _text(
            59,
            f"{year:.2f},{year:.2f},{next_ex_day(new_york_day(s.now)):%Y%m%d},{quarter_of(s.facts.symbol) * s.price:.2f}",
        )
    ]


def _ratios(s: Subject) -> list[Tick]:
    """A few dozen of Reuters' ratios, in the form that clients take apart; they agree with each other and the price."""
    earnings = s.price / s.draw("PE", 12, 40)
    shares = s.facts.daily_volume * s.draw("shares", 60, 160) / 1e6
    sales = earnings / s.draw("margin", 0.06, 0.3)
    book = s.price / s.draw("book", 1.5, 12)
    dividend = dividend_yield(s.facts.symbol) * s.price
    year = s.days or []
    figures = {
        "NPRICE": s.price,
        "NHIG": max((bar.high for bar in year), default=s.price),
        "NLOW": min((bar.low for bar in year), default=s.price),
        "MKTCAP": s.price * shares,
        "QCSHPS": book * s.draw("cash", 0.1, 0.5),
        "TTMEPSXCLX": earnings,
        "AEPSNORM": earnings,
        "AFEEPSNTM": earnings * s.draw("growth", 1.0, 1.2),
        "PEEXCLXOR": s.price / earnings,
        "APENORM": s.price / earnings,
        "TTMREVPS": sales,
        "TTMREV": sales * shares,
        "TTMPR2REV": s.price / sales,
        "TTMNIAC": earnings * shares,
        "TTMNPMGN": 100 * earnings / sales,
        "TTMGROSMGN": 100 * min(0.9, 2 * earnings / sales),
        "TTMROEPCT": 100 * earnings / book,
        "PRICE2BK": s.price / book,
        "QBVPS": book,
        "QTOTD2EQ": s.draw("debt", 10, 150),
        "QCURRATIO": s.draw("current", 0.8, 3),
        "YIELD": 100 * dividend / s.price,
        "TTMDIVSHR": dividend,
        "TTMPAYRAT": 100 * dividend / earnings,
        "BETA": s.facts.atm_vol / 0.2,
    }
    body = ";".join(f"{name}={value:.5f}" for name, value in figures.items())
    return [_text(47, f"{body};CURRENCY=USD;LATESTADATE={s.now:%Y-%m-%d}")]


def _net_asset_value(*kinds: int) -> Callable[[Subject], list[Tick]]:
    """A fund's value as its price: nobody here knows what is in it."""

    def told(s: Subject) -> list[Tick]:
        closes = [bar.close for bar in s.days[-2:]] or [s.price]
        today = s.ticker
        known = {
            92: closes[-1],
            93: closes[0],
            98: float(today.high or s.price),
            99: float(today.low or s.price),
        }
        return [_price(kind, known.get(kind, s.price)) for kind in kinds]

    return told


_FUNDS_ALONE: Final[dict[int, Callable[[Subject], list[Tick]]]] = {
    576: _net_asset_value(94, 95),
    577: _net_asset_value(96),
    578: _net_asset_value(92, 93),
    614: _net_asset_value(98, 99),
    623: _net_asset_value(97),
}
FIGURES: Final[dict[int, Callable[[Subject], list[Tick]]]] = {
    100: _option_volume,
    101: _open_interest,
    104: lambda s: [_number(23, s.realized)],
    105: lambda s: [_size(87, s.facts.daily_volume * _OPTION_SHARE)],
    106: lambda s: [_number(24, s.implied)],
    165: _ranges,
    225: _auction,
    258: _ratios,
    293: lambda s: [_number(54, _trades(s))],
    294: lambda s: [_number(55, s.facts.daily_volume / _TRADE_SIZE / _MINUTES)],
    295: lambda s: [_number(56, s.facts.daily_volume / _MINUTES)],
    318: _last_regular,
    375: _real_time_volume,
    411: lambda s: [_number(58, s.realized)],
    456: _dividends,
    587: lambda s: [_price(79, s.price)],
    595: _short_volume,
    619: lambda s: [_price(79, s.price)],
    **_FUNDS_ALONE,
}
"""What is told of a stock once, when it is asked for."""
_RATIOS: Final = 258
# IBKR Campus, "TWS API: Error Codes": 10090 and 10276; 10358 from users' logs.
_NO_NEWS: Final = (10276, "News feed is not allowed.")
_NO_RATIOS: Final = (10358, "Fundamentals data is not allowed.")
_NOWHERE: Final = frozenset({162, 256, 460, 586, 588})
"""Index futures' premium, inventory, a bond's factor, an IPO's prices, futures' open interest: of nothing that is traded here."""
_NEWS: Final = 292
_PARTLY: Final = (
    "Part of requested market data is not subscribed. Subscription-independent ticks are still active."
)


def unavailable(wanted: frozenset[int], details: ContractDetails) -> list[tuple[int, str]]:
    """What is said of the numbers that this contract has no figure for: IB's code and text."""
    if details.contract.sec_type is not SecType.STOCK:
        return []
    is_fund = details.stock_type == "ETF"
    told = [_NO_NEWS] if _NEWS in wanted else []
    if _RATIOS in wanted and is_fund:
        told.append(_NO_RATIOS)
    if wanted & (_NOWHERE if is_fund else _NOWHERE | _FUNDS_ALONE.keys()):
        name, venue = details.contract.symbol, details.contract.primary_exchange or "SMART"
        told.append((10090, f"{_PARTLY}{name} {venue}/TOP/ALL"))
    return told


def stock_ticks(
    core: GatewayCore, details: ContractDetails, wanted: frozenset[int], ticker: Ticker
) -> Generator[None, None, list[Tick]]:
    """The ticks that answer the numbers; yields whenever it may be interrupted."""
    if details.contract.sec_type is not SecType.STOCK or not wanted & set(FIGURES):
        return []
    query = HistoryQuery(details.contract.con_id, None, "1 Y", "1 day")
    try:
        days = yield from past.read_in_slices(core, query)
    except HistoryError:
        days = []
    facts, market = underlying(details.contract.symbol), core.world.market
    realized = realized_volatility([bar.close for bar in days]) or facts.atm_vol
    implied = market.implied_volatility(facts.symbol, new_york_day(core.now), realized)
    subject = Subject(facts, ticker, days, core.now, realized, implied)
    told = [tick for number in sorted(wanted & set(FIGURES)) for tick in FIGURES[number](subject)]
    return [] if not told else [tick for tick in told if _is_told(tick, details)]


def _is_told(tick: Tick, details: ContractDetails) -> bool:
    is_fund = details.stock_type == "ETF"
    kind = tick[1]["tickType"]
    return (kind != 47 or not is_fund) and (not 92 <= kind <= 99 or is_fund)
