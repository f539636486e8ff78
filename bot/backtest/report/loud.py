"""What nobody may overlook in a backtest: where its prices came from, what was missing, what was not played."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Final

from bot.backtest.outcome import Outcome, Prices
from bot.domain.messages import Halted
from bot.domain.text import counted
from bot.risk.breakers import HaltCause

if TYPE_CHECKING:
    from bot.backtest.report.document import Report

_RUNS: Final = 5
"""So many stretches of missing days are named."""


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
    """A line for each symbol that has no minutes on some of the days, and one where a feed that went silent halted trading."""
    out = report.outcome
    days = [x.day for x in out.days]
    for symbol in report.plan.symbols:
        played = {x.day for x in out.prices if x.symbol == symbol}
        if missing := [day for day in days if day not in played]:
            told = f"{symbol}: no minutes on {len(missing)} of {counted(len(days), 'session')}"
            yield f"{told} ({_in_runs(missing, days)}): absent on them, while the others were played."
    if halted := sum(isinstance(x, Halted) and x.cause == HaltCause.STALE_DATA for x in out.halts):
        yield (
            f"STALE DATA halted trading {counted(halted, 'time')}: minutes are missing within a day; "
            "ibkr-bot data check names them."
        )


def _in_runs(some: Sequence[date], days: Sequence[date]) -> str:
    """``2011-01-03 to 2011-01-05, 2011-01-12``: sessions that follow each other are told as one."""
    place = {day: n for n, day in enumerate(days)}
    runs: list[tuple[date, date]] = []
    for day in some:
        follows = bool(runs) and place[day] == place[runs[-1][1]] + 1
        runs[-1:] = [(runs[-1][0], day)] if follows else [*runs[-1:], (day, day)]
    told = [f"{first}" if first == last else f"{first} to {last}" for first, last in runs]
    more = len(told) - _RUNS
    return ", ".join(told[:_RUNS]) + (
        f" and {more} more stretches" if more > 1 else f", {told[-1]}" if more == 1 else ""
    )
