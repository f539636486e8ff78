"""The figures of a backtest, each with its definition.

Drawdown is a part of the highest equity so far, at the days' ends; the ratios and their sources are in ``ratios``. Intervals: the
percentile bootstrap (Efron and Tibshirani, 1993) over days, or over trades, with a fixed seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

import numpy as np

from bot.backtest.outcome import Outcome
from bot.backtest.report.ratios import (
    DAYS_A_YEAR,
    LEAST,
    LEAST_OF_A_YEAR,
    RESAMPLES,
    Series,
    annual_return,
    compounded,
    interval,
    over,
    profit_factor,
    sharpe,
    sortino,
    volatility,
    win_rate,
)
from bot.domain.messages import BracketClosed
from bot.domain.session import new_york_day, session_minutes, sessions_between

INTERVALS: Final = (
    f"Intervals: the middle 95 % of {RESAMPLES:,} bootstrap resamples, of days for returns, Sharpe, Sortino and volatility, of "
    f"trades for the others; none of fewer than {LEAST}, nor a ratio. ∞: nothing was lost that it could be divided by."
)


@dataclass(frozen=True, slots=True)
class Figure:
    """``low`` and ``high``: 95 % of the bootstrap's resamples lie between; None where it cannot be said."""

    name: str
    value: float | None
    unit: str
    definition: str
    low: float | None = None
    high: float | None = None

    @property
    def text(self) -> str:
        return _text(self.value, self.unit)

    @property
    def interval(self) -> str:
        if self.low is None or self.high is None:
            return ""
        return f"{_text(self.low, self.unit)} … {_text(self.high, self.unit)}"


def _text(value: float | None, unit: str) -> str:
    if value is None or math.isnan(value):
        return "unknown"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if unit == "%":
        return f"{value:.2%}"
    return f"{value:,.2f}" if unit in ("USD", "") else f"{value:,.0f}"


def daily_returns(out: Outcome) -> Series:
    """Each day's equity over the day before's, less 1."""
    levels = np.array([float(out.start_equity), *(float(day.equity) for day in out.days)])
    return np.asarray(levels[1:] / levels[:-1] - 1)


def drawdowns(out: Outcome) -> list[tuple[date, float]]:
    """How far below the highest equity so far each day ended, as a part of it; 0 or below."""
    peak, found = float(out.start_equity), []
    for day in out.days:
        peak = max(peak, float(day.equity))
        found.append((day.day, float(day.equity) / peak - 1))
    return found


def longest_drawdown(out: Outcome) -> int:
    """Sessions in a row that ended below the highest equity so far, be it to the end."""
    longest = run = 0
    for _, fall in drawdowns(out):
        run = run + 1 if fall < 0 else 0
        longest = max(longest, run)
    return longest


def figures_of(out: Outcome) -> tuple[Figure, ...]:
    """Everything of the summary."""
    trades = list(out.trades.values())
    pnl = np.array([float(x.pnl) for x in trades])
    total = float(out.end_equity - out.start_equity)
    fees = sum((x.commission for x in trades), Decimal(0))
    return (
        Figure("result", total, "USD", "equity at the end less equity at the start, open positions at mid"),
        *_of_days(out, total / float(out.start_equity)),
        Figure("trades", len(trades), "n", "brackets that were opened and closed"),
        Figure("win rate", win_rate(pnl), "%", "part of the trades with a profit after commissions", *interval(pnl, win_rate)),
        Figure("expectancy", _mean(pnl), "USD", "the mean trade after commissions", *interval(pnl, np.mean)),
        Figure("profit factor", profit_factor(pnl), "", "sum of profits over sum of losses", *interval(pnl, profit_factor)),
        Figure("commissions", float(fees), "USD", "of the trades above"),
        Figure("time in market", _exposure(out, trades), "%", "minutes with a position over minutes of the sessions"),
    )  # fmt: skip


def _of_days(out: Outcome, whole: float) -> tuple[Figure, ...]:
    returns = daily_returns(out)
    yearly, fall = annual_return(returns), min((x for _, x in drawdowns(out)), default=0.0)
    return (
        Figure("return", whole, "%", "the result over the equity at the start", *interval(returns, compounded)),
        Figure(
            "annual return", yearly, "%",
            f"(1 + return) ^ ({DAYS_A_YEAR} / sessions) - 1; unknown for fewer than {LEAST_OF_A_YEAR} sessions",
            *interval(returns, annual_return),
        ),
        Figure(
            "volatility", _of_enough(returns, volatility), "%", f"standard deviation of the daily returns, × √{DAYS_A_YEAR}",
            *interval(returns, volatility),
        ),
        Figure(
            "Sharpe", _of_enough(returns, sharpe), "", f"mean daily return over its standard deviation, × √{DAYS_A_YEAR}",
            *interval(returns, sharpe),
        ),
        Figure(
            "Sortino", _of_enough(returns, sortino), "", "the same over the root mean square of losing days, other days 0",
            *interval(returns, sortino),
        ),
        Figure("worst drawdown", fall, "%", "furthest that a day ended below the highest equity so far"),
        Figure("longest drawdown", longest_drawdown(out), "sessions", "most in a row that ended below it, be it to the end"),
        Figure("Calmar", over(yearly, -fall) if yearly == yearly else None, "", "annual return over worst drawdown"),
    )  # fmt: skip


def _of_enough(returns: Series, ratio: Callable[[Series], float]) -> float | None:
    """Two days that won a little more and a little less make a ratio of thousands."""
    return ratio(returns) if len(returns) >= LEAST else None


def _mean(values: Series) -> float | None:
    return float(values.mean()) if len(values) else None


def _part(some: float, all_: float) -> float | None:
    return float(some / all_) if all_ else None


def _exposure(out: Outcome, trades: Sequence[BracketClosed]) -> float | None:
    """Minutes of the sessions in which anything was held: nights do not count, and two positions not twice."""
    held, until = timedelta(), datetime.min.replace(tzinfo=UTC)
    for trade in sorted(trades, key=lambda x: x.opened_at):
        begin = max(trade.opened_at, until)
        for x in sessions_between(new_york_day(trade.opened_at), new_york_day(trade.closed_at)):
            held += max(timedelta(), min(trade.closed_at, x.close) - max(begin, x.open))
        until = max(until, trade.closed_at)
    return _part(held / timedelta(minutes=1), float(sum(session_minutes(x.day) for x in out.days)))
