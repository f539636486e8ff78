"""What is drawn over time: candles, trades, equity. A live bot, a report and a backtest make them from the same record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.domain.market import Bar
from bot.domain.session import session_on
from bot.domain.types import IdeaId, Symbol
from bot.ops.page.day_record import DayRecord, Path
from bot.ops.page.document import Chart, Curve, TradeMark
from bot.ops.page.wording import way_out
from bot.ops.status.ledger import BookedTrade


def charts(day: DayRecord, symbols: tuple[Symbol, ...]) -> tuple[Chart, ...]:
    """A chart for each symbol, those with bars; all of one session."""
    session = session_on(day.day) if day.day else None
    span = (_unix(session.open), _unix(session.close)) if session else None
    names = dict.fromkeys((*symbols, *day.bars))
    return tuple(Chart(name, tuple(map(_bar, day.bars[name])), span) for name in names if day.bars.get(name))


def _bar(bar: Bar) -> tuple[int, float, float, float, float, float]:
    return (_unix(bar.start), bar.open, bar.high, bar.low, bar.close, bar.volume)


def trade_marks(
    trades: tuple[BookedTrade, ...], paths: Mapping[IdeaId, Path] | None = None
) -> tuple[TradeMark, ...]:
    """The trades as table rows and as marks on the chart, in the order they were opened."""
    known = paths or {}
    marks = [_mark(trade, known.get(trade.plan.idea_id, ())) for trade in trades]
    return tuple(sorted((mark for mark in marks if mark is not None), key=lambda mark: mark.opened_at))


def _mark(trade: BookedTrade, path: Path) -> TradeMark | None:
    plan, closed, opened_at, price = trade.plan, trade.closed, trade.opened_at, trade.entry_price
    if opened_at is None or price is None:
        return None
    return TradeMark(
        idea_id=plan.idea_id,
        symbol=plan.symbol,
        strategy=plan.strategy,
        label=plan.contract.label,
        right=str(plan.contract.right or ""),
        quantity=trade.bought,
        entry=price,
        exit=closed.exit_price if closed else None,
        stop=plan.stop,
        target=plan.target,
        limit=plan.entry_limit,
        opened_at=opened_at,
        closed_at=closed.closed_at if closed else None,
        reason=way_out(closed.exit_reason) if closed else "open",
        fees=trade.fees,
        result=closed.pnl if closed else None,
        path=path,
    )


def equity_curve(day: DayRecord, currency: str = "USD") -> Curve:
    """The account's equity over the day."""
    return Curve("Equity", _one_a_second(day.equity), currency)


def _one_a_second(points: tuple[tuple[datetime, float], ...]) -> Path:
    return tuple({_unix(at): value for at, value in points}.items())


def _unix(at: datetime) -> int:
    return int(at.timestamp())
