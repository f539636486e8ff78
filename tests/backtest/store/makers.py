"""Files as vendors write them, made of the bundled days."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

from bot.backtest.store.intake.intake import take_in
from bot.backtest.store.intake.options import Told
from bot.backtest.store.intake.taken import Taken
from bot.domain.market import Bar
from bot.domain.session import NEW_YORK
from bot.sim.market.recorded.bars import bars_1m

DAYS = (date(2011, 1, 3), date(2011, 1, 4), date(2011, 1, 13))
NEW_YORK_TIMES = Told(zone="America/New_York")
HEAD = "time,open,high,low,close,volume"
MINUTE = timedelta(minutes=1)
Row = Callable[[Bar], str]


def bars(days: Sequence[date] = DAYS, every: int = 1) -> list[Bar]:
    return [bar for day in days for bar in bars_1m("SPY", day)[::every]]


def figures(bar: Bar, between: str = ",") -> str:
    return (
        between.join(f"{x:g}" for x in (bar.open, bar.high, bar.low, bar.close))
        + f"{between}{bar.volume:.0f}"
    )


def wall(bar: Bar, form: str, *, after: timedelta = timedelta()) -> str:
    return (bar.start + after).astimezone(NEW_YORK).strftime(form)


def plain(bar: Bar) -> str:
    return f"{wall(bar, '%Y-%m-%d %H:%M')},{figures(bar)}"


def write(folder: Path, lines: Sequence[str], head: str = HEAD, name: str = "SPY.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(([head] if head else []) + list(lines)) + "\n")
    return path


def taken(path: Path, told: Told = NEW_YORK_TIMES) -> Taken:
    [one] = take_in(path, told)
    return one


def rows(one: Taken) -> list[tuple[object, ...]]:
    return [tuple(row.values())[:-1] for row in one.table.to_pylist()]


def expected(given: Sequence[Bar]) -> list[tuple[object, ...]]:
    return [(x.start, x.open, x.high, x.low, x.close, x.volume) for x in given]
