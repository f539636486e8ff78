"""What a backtest costs: bars a second of the processor in each gear, whether a long run is slower, a year as a command.

``python -m benchmarks.bench_backtest`` measures each row in a process of its own and prints JSON lines; a speed is told only
where both gears came to the same decisions. With ``python -m pytest benchmarks/bench_backtest.py`` one day is measured.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from bot.backtest.exact.run import run_exact
from bot.backtest.fast.run import run_fast
from bot.backtest.outcome import Outcome, first_difference_of
from bot.backtest.plan import BacktestPlan
from bot.config import load_settings
from bot.sim.market.recorded.library import BUNDLE

FIRST = date(2011, 1, 3)
YEAR = (date(2025, 1, 2), date(2025, 12, 31))


def plan(first: date, last: date) -> BacktestPlan:
    return BacktestPlan(load_settings(None, {"SYMBOLS": "SPY"}), ("SPY",), first, last)


def timed(run: Callable[..., Outcome], chosen: BacktestPlan, *heard: Any) -> tuple[Outcome, float]:
    """The outcome and the seconds of the processor."""
    began_s = time.process_time()
    out = run(chosen, BUNDLE, *heard)
    return out, time.process_time() - began_s


def gears() -> dict[str, float]:
    """Bars a second of the processor; RuntimeError where the gears differ."""
    chosen = plan(FIRST, date(2011, 1, 5))
    timed(run_fast, chosen)  # imports and records are read once
    (fast, fast_s), (exact, exact_s) = timed(run_fast, chosen), timed(run_exact, chosen)
    if (difference := first_difference_of(exact, fast)) is not None:
        raise RuntimeError(f"the gears differ, no speed is told: {difference}")
    return {"fast_bars_per_s": fast.bars / fast_s, "exact_bars_per_s": exact.bars / exact_s}


def year() -> dict[str, float]:
    """A made-up year of SPY, once: seconds of the processor, trades, and whether it is slower later on."""
    chosen = replace(plan(*YEAR), is_synthetic=True)
    ended_s: dict[int, float] = {}

    def note(day: date) -> None:
        ended_s[day.month] = time.process_time()

    out, cpu_s = timed(run_fast, chosen, note)
    return {
        "year_late_to_early": _a_trade_s(out, ended_s, 6, 12) / _a_trade_s(out, ended_s, 1, 6),
        "year_cpu_s": cpu_s,
        "year_bars_per_s": out.bars / cpu_s,
        "year_trades": len(out.trades),
    }


def command() -> dict[str, float]:
    """The same year as a person has it: from the command typed, imports and all three spreads included, to its tables."""
    days = ("--from", f"{YEAR[0]}", "--to", f"{YEAR[1]}")
    typed = (sys.executable, "-m", "bot", "backtest", "--symbols", "SPY", "--synthetic", *days)
    began_s = time.monotonic()
    subprocess.run(typed, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603  our own command
    return {
        "command_wall_s": time.monotonic() - began_s,
        "command_mib": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
    }


def _a_trade_s(out: Outcome, ended_s: dict[int, float], after: int, until: int) -> float:
    """Seconds of the processor for a trade of these months; the first month's start is no month's cost."""
    trades = sum(after < x.closed_at.month <= until for x in out.trades.values())
    return (ended_s[until] - ended_s[after]) / trades


PARTS = {part.__name__: part for part in (gears, year, command)}


def test_a_day_in_the_fast_gear(benchmark: Any) -> None:
    chosen = plan(date(2011, 1, 26), date(2011, 1, 26))
    assert benchmark(run_fast, chosen, BUNDLE).trades


def main() -> None:
    if len(sys.argv) > 1:
        sys.stdout.write(json.dumps({k: round(v, 3) for k, v in PARTS[sys.argv[1]]().items()}) + "\n")
        return
    for name in PARTS:
        subprocess.run([sys.executable, "-m", "benchmarks.bench_backtest", name], check=True)  # noqa: S603


if __name__ == "__main__":
    main()
