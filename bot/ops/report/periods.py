"""More than a day: results by day, week, month, strategy and hour, and the days of which nothing is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal

from bot.domain.session import NEW_YORK, new_york_day, sessions_between
from bot.ops.page.document import Curve, Table
from bot.ops.page.wording import signed
from bot.ops.report.results import Performance, Result, grouped, max_drawdown

GROUPS: Mapping[str, Callable[[Result], str]] = {
    "day": lambda x: f"{_local(x):%Y-%m-%d %a}",
    "week": lambda x: f"{_local(x):%G week %V}",
    "month": lambda x: f"{_local(x):%Y-%m}",
    "strategy": lambda x: x.strategy,
    "hour of entry": lambda x: f"{x.opened_at.astimezone(NEW_YORK):%H}:00",
}
COLUMNS = ("", "trades", "won", "result", "fees", "a trade", "worst", "fall")
ALIGNED_RIGHT = tuple(range(1, len(COLUMNS)))
NOT_RECORDED = "not recorded"


def tables(results: Iterable[Result], unrecorded: Iterable[date] = ()) -> tuple[Table, ...]:
    """One table for each way to group; days that nobody recorded stand among the days, and are not days without trades."""
    found, missing = tuple(results), tuple(unrecorded)
    made = []
    for name, key in GROUPS.items():
        rows = {group: _row(group, told) for group, told in grouped(found, key).items()}
        if name == "day":
            rows |= {f"{day:%Y-%m-%d %a}": _unknown(day) for day in missing}
        if rows:
            ordered = tuple(rows[group] for group in sorted(rows))
            made.append(
                Table(f"By {name}", (name, *COLUMNS[1:]), ordered, ALIGNED_RIGHT, more=ALIGNED_RIGHT[3:])
            )
    return tuple(made)


def unrecorded_days(first: date, last: date, recorded: Iterable[date]) -> tuple[date, ...]:
    """Trading days of the period of which the journal holds nothing: the bot was not running, or its journal is elsewhere."""
    known = set(recorded)
    return tuple(session.day for session in sessions_between(first, last) if session.day not in known)


def result_curve(results: Iterable[Result], currency: str = "USD") -> Curve:
    """The summed results, trade by trade."""
    total, points = Decimal(0), {}
    for one in sorted(results, key=lambda x: x.closed_at):
        total += one.result
        points[int(one.closed_at.timestamp())] = float(total)
    return Curve("Summed results", tuple(points.items()), currency)


def daily_equity(marks: Iterable[tuple[datetime, Decimal]], currency: str = "USD") -> Curve:
    """The account's equity: the last mark of each minute."""
    points = {int(at.timestamp()) // 60 * 60: float(value) for at, value in marks}
    return Curve("Equity", tuple(sorted(points.items())), currency)


def drawdown_curve(marks: Iterable[tuple[datetime, Decimal]]) -> Curve:
    """How far equity stood below its highest point of the period, in per cent."""
    peak, points = Decimal(0), {}
    for at, value in marks:
        peak = max(peak, value)
        if peak:
            points[int(at.timestamp()) // 60 * 60] = float((value / peak - 1) * 100)
    return Curve("Drawdown", tuple(sorted(points.items())), "%")


def deepest_fall(results: Iterable[Result]) -> Decimal:
    """Of the summed results, in the order in which the trades closed."""
    return max_drawdown([one.result for one in sorted(results, key=lambda x: x.closed_at)])


def _local(x: Result) -> date:
    return new_york_day(x.closed_at)


def _row(name: str, x: Performance) -> tuple[str, ...]:
    amounts = (signed(x.net), f"{x.fees:,.2f}", signed(x.expectancy), signed(x.worst))
    return (name, str(x.trades), str(x.won), *amounts, f"{x.max_drawdown:,.2f}")


def _unknown(day: date) -> tuple[str, ...]:
    return (f"{day:%Y-%m-%d %a}: {NOT_RECORDED}", *[""] * (len(COLUMNS) - 1))
