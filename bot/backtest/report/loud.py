"""What nobody may overlook in a backtest: where its prices came from, what was missing, what was not played."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from bot.backtest.outcome import Outcome, Prices
from bot.domain.messages import Halted
from bot.domain.text import counted
from bot.risk.breakers import HaltCause

if TYPE_CHECKING:
    from bot.backtest.report.document import Report


def prices_line(out: Outcome) -> str:
    """Which prices were recorded and which modelled, and how wide spreads were: said loudly in every report."""
    recorded = sum(1 for x in out.prices if x.is_recorded)
    modelled = [x for x in out.prices if not x.is_recorded]
    if not modelled:
        return f"Option prices: RECORDED on all {counted(recorded, 'symbol-day')}, with the spreads that were quoted."
    head = f"RECORDED on {recorded}, " if recorded else ""
    return (
        f"Option prices: {head}MODELLED on {len(modelled)} of {counted(len(out.prices), 'symbol-day')} "
        f"(Black's formula, at the money {_volatility(modelled)}, spread of a tick and 0.8 % of the price for funds, 2 % for "
        "stocks). Modelled prices are no quotes anybody made: treat the result as a rehearsal, not as an estimate."
    )


def _volatility(modelled: Sequence[Prices]) -> str:
    vols = [x.volatility for x in modelled if x.volatility is not None]
    if not vols:
        return "unknown"
    span = " to ".join(dict.fromkeys(f"{vol:.0%}" for vol in (min(vols), max(vols))))
    assumed = sum(1 for x in modelled if x.is_assumed)
    measure = f", ASSUMED on {assumed} for want of a measured one" if assumed else ""
    return f"{span} a year{measure}"


def loud_lines(report: Report) -> tuple[str, ...]:
    """What nobody may overlook, in every form of the report."""
    unplayed = () if report.variants else ("Wider and narrower spreads were not played (--no-spreads).",)
    return (*report.warnings, *_without_data(report), *unplayed, prices_line(report.outcome))


def _without_data(report: Report) -> Iterator[str]:
    """A line for each symbol that has no minutes on some of the days, and one where its silence halted the others, too."""
    out, days = report.outcome, Counter(x.symbol for x in report.outcome.prices)
    gaps = {x: missing for x in report.plan.symbols if (missing := len(out.days) - days[x])}
    for symbol, missing in gaps.items():
        yield f"{symbol}: no minutes on {missing} of {counted(len(out.days), 'session')}."
    halted = sum(isinstance(x, Halted) and x.cause == HaltCause.STALE_DATA for x in out.halts)
    if gaps and halted:
        yield f"STALE DATA halted trading {counted(halted, 'time')}: play symbols with the same days, or each alone."
