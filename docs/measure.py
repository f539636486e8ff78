"""``docs/measured.md``: every bundled day, traded with the settings as shipped. ``make measure`` writes it.

A change of a strategy, a rule or the simulated market shows in it. It claims no edge: the days are few, and most of their
option prices are modelled.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from bot.backtest.fast.run import run_fast
from bot.backtest.outcome import Outcome
from bot.backtest.plan import BacktestPlan
from bot.backtest.report.by_strategy import StrategyRecord, records
from bot.config import load_settings
from bot.sim.market.recorded.library import BUNDLE
from bot.strategies.registry import NAMES

DOCUMENT = Path(__file__).with_name("measured.md")
EQUITY = Decimal(25_000)
SYMBOLS = ("SPY", "AAPL", "GOOG")

HEAD = """\
# The strategies, measured

Written by `make measure`; do not edit. Every bundled day (SPY, 20 sessions of January 2011; AAPL and GOOG, two sessions each)
in the fast gear, each symbol alone with {equity} USD, with the settings as shipped. The days are few
and most of their option prices are modelled: this shows that a change of the code changed the trading, and what the rules do. It
claims no edge.
"""


def record_of_all_days() -> list[StrategyRecord]:
    """Trade them all; one record of each strategy."""
    return records([_traded(symbol) for symbol in SYMBOLS], NAMES)


def as_markdown(found: list[StrategyRecord]) -> str:
    """The whole document."""
    return "\n".join([HEAD.format(equity=f"{EQUITY:,}"), *_tables(found)])


def _traded(symbol: str) -> Outcome:
    days = BUNDLE.sessions(symbol)
    settings = load_settings(None, {"SYMBOLS": symbol, "IBKR_BOT_CONFIG": ""})
    return run_fast(BacktestPlan(settings, (symbol,), days[0], days[-1], EQUITY), BUNDLE)


def _tables(found: list[StrategyRecord]) -> Iterator[str]:
    yield "| strategy | signals | ideas | approved | trades | stops | loss ÷ risk: median | p95 | most | fees USD | P&L USD |"
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    for x in found:
        most = max(x.loss_to_risk, default=None)
        counts = f"{x.signals} | {x.ideas} | {x.approved} | {x.trades} | {len(x.loss_to_risk)}"
        ratios = " | ".join("–" if value is None else f"{value:.2f}" for value in (x.median, x.p95, most))
        yield f"| {x.strategy} | {counts} | {ratios} | {x.fees:.2f} | {x.pnl:+.2f} |"
    yield ""
    yield "`loss ÷ risk` is what a stop lost, fees included, ÷ what the position was sized to lose by it ([risk](risk.md))."
    yield ""
    yield "| strategy | not traded, by code ([denials](denials.md)) | times |"
    yield "|---|---|---|"
    for x in found:
        for code, times in sorted(x.refused.items(), key=lambda one: (-one[1], one[0])):
            yield f"| {x.strategy} | `{code}` | {times} |"
    yield ""


def main() -> None:
    """Write the document."""
    DOCUMENT.write_text(as_markdown(record_of_all_days()), encoding="utf-8")
    sys.stdout.write(f"docs/{DOCUMENT.name} written\n")


if __name__ == "__main__":
    main()
