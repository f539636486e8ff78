"""The figures of a backtest, each with its definition.

Sources: Sharpe, "The Sharpe Ratio" (1994), on daily returns without a risk-free rate, times the root of 252 days; Sortino and
Price (1994), the same with the root mean square of losses; drawdown as a part of the highest equity so far, at the days' ends.
Intervals: the percentile bootstrap (Efron and Tibshirani, 1993) over days, or over trades, with a fixed seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.backtest.outcome import Outcome
from bot.domain.messages import BracketClosed
from bot.domain.session import new_york_day, session_minutes, sessions_between

_DAYS_A_YEAR: Final = 252
_RESAMPLES: Final = 2_000
_SEED: Final = 7
_LEAST: Final = 5
"""With fewer days or trades an interval says nothing, and with fewer days neither does a ratio of a year."""
INTERVALS: Final = (
    f"Intervals: the middle 95 % of {_RESAMPLES:,} bootstrap resamples, of days for return and Sharpe, of trades for the others; "
    f"none of fewer than {_LEAST}, nor a ratio."
)
_Floats = NDArray[np.float64]


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
    if value is None or not math.isfinite(value):
        return "unknown"
    if unit == "%":
        return f"{value:.2%}"
    return f"{value:,.2f}" if unit in ("USD", "") else f"{value:,.0f}"


def daily_returns(out: Outcome) -> _Floats:
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


def figures_of(out: Outcome) -> tuple[Figure, ...]:
    """Everything of the summary."""
    trades = list(out.trades.values())
    pnl = np.array([float(x.pnl) for x in trades])
    returns = daily_returns(out)
    total = float(out.end_equity - out.start_equity)
    falls = min((x for _, x in drawdowns(out)), default=0.0)
    fees = sum((x.commission for x in trades), Decimal(0))
    return (
        Figure("result", total, "USD", "equity at the end less equity at the start, open positions at mid"),
        Figure(
            "return", total / float(out.start_equity), "%", "the result over the equity at the start",
            *_interval(returns, lambda x: math.prod(1 + x) - 1),
        ),
        Figure("trades", len(trades), "n", "brackets that were opened and closed"),
        Figure("win rate", _win_rate(pnl), "%", "part of the trades with a profit after commissions", *_interval(pnl, _win_rate)),
        Figure("expectancy", _mean(pnl), "USD", "the mean trade after commissions", *_interval(pnl, np.mean)),
        Figure("profit factor", _factor(pnl), "", "sum of the profits over sum of the losses", *_interval(pnl, _factor)),
        Figure(
            "Sharpe", _of_enough(returns, sharpe), "", "mean daily return over its standard deviation, × √252",
            *_interval(returns, sharpe),
        ),
        Figure("Sortino", _of_enough(returns, sortino), "", "the same over the root mean square of losing days, other days 0"),
        Figure("worst drawdown", falls, "%", "furthest that a day ended below the highest equity so far"),
        Figure("commissions", float(fees), "USD", "of the trades above"),
        Figure("time in market", _exposure(out, trades), "%", "minutes with a position over minutes of the sessions"),
    )  # fmt: skip


def sharpe(returns: _Floats) -> float:
    if not (returns != returns[:1]).any():  # of days that are alike rounding leaves a deviation above 0
        return math.nan
    return float(returns.mean() / returns.std(ddof=1) * math.sqrt(_DAYS_A_YEAR))


def sortino(returns: _Floats) -> float:
    losses = np.minimum(returns, 0.0)
    below = (
        math.sqrt(float((losses**2).mean())) if len(returns) > 1 else 0.0
    )  # of one loss it is -√252, whatever was lost
    return float(returns.mean()) / below * math.sqrt(_DAYS_A_YEAR) if below > 0 else math.nan


def _of_enough(returns: _Floats, ratio: Callable[[_Floats], float]) -> float | None:
    """Two days that won a little more and a little less make a ratio of thousands."""
    return ratio(returns) if len(returns) >= _LEAST else None


def _factor(pnl: _Floats) -> float:
    lost = -pnl[pnl < 0].sum()
    return float(pnl[pnl > 0].sum() / lost) if lost > 0 else math.nan


def _win_rate(pnl: _Floats) -> float:
    return float((pnl > 0).mean()) if len(pnl) else math.nan


def _mean(values: _Floats) -> float | None:
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


def _interval(values: _Floats, statistic: Callable[[_Floats], float]) -> tuple[float | None, float | None]:
    if len(values) < _LEAST:
        return None, None
    random = np.random.default_rng(_SEED)
    drawn = random.integers(0, len(values), (_RESAMPLES, len(values)))
    found = np.array([statistic(values[rows]) for rows in drawn], dtype=np.float64)
    found = found[np.isfinite(found)]
    if len(found) < _RESAMPLES // 2:
        return None, None
    low, high = np.percentile(found, (2.5, 97.5))
    return float(low), float(high)
