"""The table in ``docs/backtesting.md``: the bundled days and twenty made-up years, by strategy, with intervals.

``make years`` plays what ``--rows`` does not hold yet (a year takes about a minute of one processor; Ctrl-C is safe, the same
command goes on) and renews the table. Intervals: the percentile bootstrap (Efron and Tibshirani, 1993), with a fixed seed.
What is drawn again is what does not depend on each other: whole days of the bundle, whole made-up years.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bot.backtest.fast.run import run_fast
from bot.backtest.outcome import Outcome
from bot.backtest.plan import BacktestPlan
from bot.config import load_settings
from bot.domain.session import new_york_day
from bot.sim.market.recorded.library import BUNDLE
from bot.strategies.registry import NAMES

ROOT: Final = Path(__file__).resolve().parents[1]
DOCUMENT: Final = Path(__file__).with_name("backtesting.md")
BEGIN, END = "<!-- begin of the years -->", "<!-- end of the years -->"
EQUITY: Final = Decimal(50_000)
SEEDS: Final = range(1, 21)
YEAR: Final = (date(2025, 1, 2), date(2025, 12, 31))
BUNDLED: Final = ("SPY", "AAPL", "GOOG")
_RESAMPLES, _SEED = 5_000, 7
_Sums = NDArray[np.float64]
"""A row for each unit that is drawn: trades, wins, P&L, fees in USD."""


@dataclass(frozen=True, slots=True)
class DaySums:
    """What one strategy did on one day: trades that were closed on it, those with a profit, USD."""

    day: str
    strategy: str
    trades: int
    wins: int
    pnl: float
    fees: float


@dataclass(frozen=True, slots=True)
class Played:
    """One backtest. ``seed`` is 0 for the bundled days; ``spread``: that of the approved ideas ÷ the middle, the median."""

    symbol: str
    seed: int
    days: tuple[str, ...]
    sums: tuple[DaySums, ...]
    spread: float | None
    end_equity: float

    @classmethod
    def read(cls, line: str) -> Played:
        raw: dict[str, Any] = json.loads(line)
        return cls(**raw | {"days": tuple(raw["days"]), "sums": tuple(DaySums(**x) for x in raw["sums"])})


def play(symbol: str, seed: int) -> Played:
    """With the settings as shipped, in the fast gear, from ``EQUITY``; halts end the next morning."""
    settings = load_settings(None, {"SYMBOLS": symbol, "IBKR_BOT_CONFIG": ""})
    days = BUNDLE.sessions(symbol)
    first, last = YEAR if seed else (days[0], days[-1])
    out = run_fast(
        BacktestPlan(settings, (symbol,), first, last, EQUITY, seed or 1, is_synthetic=bool(seed)), BUNDLE
    )
    spreads = [
        float((ask - bid) / ((ask + bid) / 2))
        for x in out.plans
        if x in out.why
        and (bid := out.why[x].quote.bid) is not None
        and (ask := out.why[x].quote.ask) is not None
    ]
    spread = statistics.median(spreads) if spreads else None
    told = tuple(f"{x.day}" for x in out.days)
    return Played(symbol, seed, told, tuple(_day_sums(out)), spread, float(out.end_equity))


def _day_sums(out: Outcome) -> Iterator[DaySums]:
    found: dict[tuple[str, str], list[Any]] = {}
    for x in out.trades.values():
        sums = found.setdefault((f"{new_york_day(x.closed_at)}", x.strategy), [0, 0, 0.0, 0.0])
        for n, more in enumerate((1, int(x.pnl > 0), float(x.pnl), float(x.commission))):
            sums[n] += more
    for (day, strategy), (trades, wins, pnl, fees) in sorted(found.items()):
        yield DaySums(day, strategy, trades, wins, round(pnl, 2), round(fees, 2))


def as_played(rows: Path) -> list[Played]:
    """What ``rows`` holds, the bundle first, then the years in the order of their seeds."""
    lines = rows.read_text("utf-8").splitlines() if rows.exists() else []
    return sorted(map(Played.read, lines), key=lambda x: (x.seed, BUNDLED.index(x.symbol)))


def play_missing(rows: Path, workers: int) -> list[Played]:
    """Everything, what ``rows`` holds already included; each backtest is written as soon as it is known."""
    wanted = [*((symbol, 0) for symbol in BUNDLED), *(("SPY", seed) for seed in SEEDS)]
    rows.parent.mkdir(parents=True, exist_ok=True)
    have = {(x.symbol, x.seed): x for x in as_played(rows)}
    missing = [x for x in wanted if x not in have]
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool, rows.open("a", encoding="utf-8") as out:
        for job in as_completed([pool.submit(play, *x) for x in missing]):
            one = job.result()
            have[one.symbol, one.seed] = one
            out.write(json.dumps(asdict(one)) + "\n")
            out.flush()
            sys.stderr.write(f"{len(have)} of {len(wanted)}: {one.symbol}, seed {one.seed or 'none'}\n")
    return [have[x] for x in wanted]


def _units(played: Sequence[Played], strategy: str | None, *, by_day: bool) -> _Sums:
    """The sums of each day, or of each backtest."""
    units: list[list[float]] = []
    for one in played:
        mine = [x for x in one.sums if strategy in (None, x.strategy)]
        days = dict.fromkeys(one.days, (0.0, 0.0, 0.0, 0.0))
        for x in mine:
            before = days[x.day]
            days[x.day] = (before[0] + x.trades, before[1] + x.wins, before[2] + x.pnl, before[3] + x.fees)
        sums = np.array(list(days.values()))
        units += sums.tolist() if by_day else [sums.sum(axis=0).tolist()]
    return np.array(units)


def interval(units: _Sums, statistic: Callable[[_Sums], float]) -> tuple[float, float] | None:
    """Where 95 % of the resamples lie; None where too many of them have no value."""
    random = np.random.default_rng(_SEED)
    drawn = random.integers(0, len(units), (_RESAMPLES, len(units)))
    found = np.array([statistic(units[rows]) for rows in drawn])
    found = found[np.isfinite(found)]
    if len(found) < 0.9 * _RESAMPLES:
        return None
    low, high = np.percentile(found, (2.5, 97.5))
    return float(low), float(high)


def _a_trade(units: _Sums) -> float:
    return float(units[:, 2].sum() / units[:, 0].sum()) if units[:, 0].sum() else float("nan")


def _before_fees(units: _Sums) -> float:
    return float((units[:, 2] + units[:, 3]).sum() / units[:, 0].sum()) if units[:, 0].sum() else float("nan")


def _win_rate(units: _Sums) -> float:
    return float(units[:, 1].sum() / units[:, 0].sum()) if units[:, 0].sum() else float("nan")


def _a_unit(units: _Sums) -> float:
    return float(units[:, 2].mean())


def _cell(units: _Sums, statistic: Callable[[_Sums], float], form: str) -> str:
    value = statistic(units)
    if not np.isfinite(value):
        return "–"
    told = interval(units, statistic)
    return f"{value:{form}}" + ("" if told is None else f" ({told[0]:{form}} … {told[1]:{form}})")


def _rows(name: str, played: Sequence[Played], *, by_day: bool) -> Iterator[str]:
    for strategy in (*NAMES, None):
        units = _units(played, strategy, by_day=by_day)
        cells = [
            f"{units[:, 0].sum():,.0f}",
            _cell(units, _win_rate, ".1%"),
            _cell(units, _a_trade, "+,.2f"),
            _cell(units, _before_fees, "+,.2f"),
            _cell(units, _a_unit, "+,.0f"),
            f"{units[:, 2].min():+,.0f} … {units[:, 2].max():+,.0f}",
        ]
        yield f"| {name} | {strategy or 'all'} | {' | '.join(cells)} |"


def _in_words(seeds: Sequence[int]) -> str:
    """``1 to 20``, or each by its number where some were not played."""
    found = sorted(seeds)
    if found == list(range(found[0], found[-1] + 1)):
        return f"{found[0]} to {found[-1]}"
    return ", ".join(map(str, found))


def as_markdown(played: Sequence[Played]) -> str:
    """Both tables' rows in one, and what was assumed."""
    bundled, made_up = [x for x in played if not x.seed], [x for x in played if x.seed]
    spreads = [
        statistics.median(x.spread for x in some if x.spread is not None) for some in (bundled, made_up)
    ]
    days = sum(len(x.days) for x in bundled)
    told = (
        f"In brackets are 95 % intervals, from days or years drawn again {_RESAMPLES:,} times; the last two columns are of days "
        "for the bundle, of years for the made-up ones. Each backtest began with "
        f"{EQUITY:,} USD: {', '.join(BUNDLED)}, each alone and as recorded; SPY made up on the calendar of {YEAR[0].year} with "
        f"the seeds {_in_words([x.seed for x in made_up])}. The spread assumed is the modelled one × 1: at the approved ideas "
        f"its median was {spreads[0]:.1%} of the price on the bundled days and {spreads[1]:.1%} in the made-up years."
    )
    lines = [
        "| | strategy | trades | won | a trade, USD | the same without fees | a day or a year, USD | worst … best |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
        *_rows(f"{days} bundled days", bundled, by_day=True),
        *_rows(f"{len(made_up)} made-up years", made_up, by_day=False),
        "",
        told,
    ]
    return "\n".join(lines) + "\n"


def renewed(text: str, table: str) -> str:
    """The document with this table."""
    head, _, rest = text.partition(BEGIN)
    return f"{head}{BEGIN}\n\n{table}\n{END}{rest.partition(END)[2]}"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m docs.years", description=__doc__)
    parser.add_argument("--rows", type=Path, default=ROOT / "build" / "years.jsonl", help="what was played")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument(
        "--as-played", action="store_true", help="the table of what was played, and play nothing"
    )
    asked = parser.parse_args(arguments)
    played = as_played(asked.rows) if asked.as_played else play_missing(asked.rows, asked.workers)
    table = as_markdown(played)
    DOCUMENT.write_text(renewed(DOCUMENT.read_text("utf-8"), table), encoding="utf-8")
    sys.stdout.write(table)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
