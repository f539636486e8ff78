"""docs/option-market.md: the simulator's option market beside the records it is calibrated against."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from math import exp, sqrt

from bot.domain.session import session_on
from bot.domain.types import SecType
from bot.sim.market.calibration.surface import (
    INDEX,
    STOCK,
    Surface,
    SurfaceShape,
    clock_factor,
    years_between,
)
from bot.sim.market.listing import ContractQuery
from bot.sim.market.quotes import Ticker
from bot.sim.world.build import recorded_world

_HEAD = """# The option market: ours beside the records

Made by `make docs` (`docs/option_market.py`). The simulator quotes a recorded chain where it has one (GOOG 2015-12-23 and 24)
and a volatility surface else; this is how far the surface (`bot/sim/market/calibration/surface.py`) and the books
(`option_books.py`) are from what was recorded. Implied volatilities are given as parts of the one at the money.

Records: SPX 2011-01-03 and AAPL 2014-08-07, end-of-day chains (iVolatility's free sample); GOOG 2015-12-24, SPX 2021-01-04
and SPY 2023-08-03, minute quotes (QuantConnect Lean, Apache-2.0). A record of one day is a shape and no law.

| what | recorded | ours |
|---|---|---|
"""
_TAIL = """
Exercise is American: Barone-Adesi and Whaley's approximation by QuantLib, at most 0.07 USD from a binomial tree of 801 steps at
100 USD up to three months (`tests/sim/market/test_options.py`). Interest is the year's mean of the
federal funds rate, dividends are paid evenly (`rates.py`). A market that moved more than its options imply over the last ten
sessions has a falling term structure.
"""
_SKEWS: tuple[tuple[str, SurfaceShape, float, int, str], ...] = (
    ("SPX, 4 days", INDEX, 0.15, 4, "1.44, 1.23, 0.84"),
    ("SPX, 46 days", INDEX, 0.15, 46, "1.48, 1.24, 0.84"),
    ("SPX, 361 days", INDEX, 0.15, 361, "1.55, 1.30, 0.73"),
    ("GOOG, 8 days", STOCK, 0.25, 8, "1.25–1.32, 1.11–1.15, 0.85–0.93"),
    ("AAPL, 9 days", STOCK, 0.25, 9, "1.34, 1.10, 0.98"),
    ("AAPL, 72 days", STOCK, 0.25, 72, "1.22, 1.06, 1.01"),
)
_TERM = ((4, 0.91), (18, 0.95), (46, 1.05), (87, 1.15), (165, 1.27), (361, 1.41))
_LAST_DAY = ((5, "0.33–0.36"), (120, "0.33–0.36"), (240, "0.33–0.36"), (375, "0.53"))
_WIDTHS = ((2, "2.4 %"), (20, "2.2 %"), (180, "1.8 %"), (387, "3.4 %"))


def as_markdown() -> str:
    """The whole page."""
    return _HEAD + "".join(f"| {what} | {record} | {ours} |\n" for what, record, ours in _rows()) + _TAIL


def _rows() -> Iterator[tuple[str, str, str]]:
    for name, shape, atm, days, record in _SKEWS:
        yield f"{name}: at -2, -1, +1 standard deviations", record, _skew(Surface(atm, shape), days / 365)
    calm = Surface(0.15, INDEX)
    for days, ratio in _TERM:
        yield (
            f"SPX, at the money, {days} days ÷ 30 days",
            f"{ratio:.2f}",
            f"{calm.at_money(days / 365) / 0.15:.2f}",
        )
    yield "the same in a stormy market, 4 and 361 days", "(inverted)", _storm()
    for minute, record in _LAST_DAY:
        yield f"on its last day, {minute} minutes after the open", record, f"{_last_day(minute):.2f}"
    widths = _measured_widths()
    for minute, record in _WIDTHS:
        yield f"SPY, spread ÷ price {minute} minutes after the open", record, f"{widths[minute]:.1f} %"


def _skew(surface: Surface, years: float) -> str:
    atm = surface.vol(100.0, 100.0, years)
    strikes = (100 * exp(x * atm * sqrt(years)) for x in (-2, -1, 1))
    return ", ".join(f"{surface.vol(strike, 100.0, years) / atm:.2f}" for strike in strikes)


def _storm() -> str:
    storm = Surface(0.15, INDEX, calm=-0.6)
    return ", ".join(f"{storm.at_money(days / 365) / 0.15:.2f}" for days in (4, 361))


def _last_day(minute: int) -> float:
    session = session_on(date(2021, 1, 4))
    if session is None:
        raise ValueError("2021-01-04 was a trading day")
    now = session.open + timedelta(minutes=minute)
    years = years_between(now, session.close)
    return Surface(0.18, INDEX).vol(100.0, 100.0, years, clock_factor(now, session, session.close))


def _measured_widths() -> dict[int, float]:
    """Spread in percent of the middle, the mean of the four strikes around the money of the nearest monthly expiry."""
    world = recorded_world(["SPY"], date(2011, 1, 26))
    session = session_on(date(2011, 1, 26))
    if session is None:
        raise ValueError("2011-01-26 was a trading day")
    chain = world.find_contracts(ContractQuery(symbol="SPY", sec_type=SecType.OPTION, expiry="20110218"))
    found: dict[int, float] = {}
    for minute, _ in _WIDTHS:
        world.advance_to(session.open + timedelta(minutes=minute))
        spot = world.market.stocks["SPY"].last_cents or 0
        near = sorted(chain, key=lambda one: abs(float(one.contract.strike or 0) - spot / 100))[:4]
        found[minute] = sum(_width(world.ticker(one.contract.con_id)) for one in near) / len(near)
    return found


def _width(ticker: Ticker | None) -> float:
    book = None if ticker is None else ticker.book
    if book is None or book.bid is None or book.ask is None:
        raise ValueError("an option near the money has no book")
    return float((book.ask - book.bid) / (book.ask + book.bid) * Decimal(200))
