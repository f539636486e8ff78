"""A backtest as the owner's page shows it: the same backtest_document and components as the live page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from bot.backtest.outcome import Outcome
from bot.backtest.plan import BacktestPlan
from bot.backtest.report import tables
from bot.backtest.report.distribution import results
from bot.backtest.report.metrics import drawdowns
from bot.build import build_id
from bot.domain.market import Bar
from bot.domain.messages import BracketClosed
from bot.domain.session import session_on
from bot.ops.page.document import Chart, Curve, Document, Fact, Money, PageVerdict, Source, Table, TradeMark
from bot.sim.market.recorded.bars import to_hours


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that is shown of a backtest. ``variants`` are the same days at other spreads, by factor; ``warnings`` say what
    makes the result doubtful."""

    plan: BacktestPlan
    gear: str
    outcome: Outcome
    variants: tuple[tuple[float, Outcome], ...] = ()
    warnings: tuple[str, ...] = ()


def prices_line(out: Outcome) -> str:
    """Which prices were recorded and which modelled, and how wide spreads were: said loudly in every report."""
    recorded = sum(1 for x in out.prices if x.is_recorded)
    modelled = [x for x in out.prices if not x.is_recorded]
    if not modelled:
        return f"Option prices: RECORDED on all {recorded} symbol-days."
    vols = [x.volatility for x in modelled if x.volatility is not None]
    ends = list(dict.fromkeys(f"{vol:.0%}" for vol in (min(vols), max(vols)))) if vols else ["unknown"]
    span = " to ".join(ends) + (" a year" if vols else "")
    head = f"RECORDED on {recorded}, " if recorded else ""
    return (
        f"Option prices: {head}MODELLED on {len(modelled)} of {len(out.prices)} symbol-days "
        f"(Black's formula, at the money {span}, spread of a tick and 0.8 % of the price for funds, 2 % for stocks). "
        "Modelled prices are no quotes anybody made: treat the result as a rehearsal, not as an estimate."
    )


def loud_lines(report: Report) -> tuple[str, ...]:
    """What nobody may overlook, in every form of the report."""
    return (*report.warnings, prices_line(report.outcome))


def all_tables(report: Report) -> tuple[Table, ...]:
    """The report's tables, in order."""
    out = report.outcome
    found = [tables.summary(out)]
    if report.variants:
        found.append(tables.costs(report.variants))
    found += [*tables.breakdowns(out), tables.not_traded(out), tables.judgements(out), *tables.extremes(out)]
    if out.halts:
        found.append(tables.halts(out))
    return tuple(found)


def backtest_document(report: Report, charts: Sequence[Chart] = ()) -> Document:
    """The page."""
    plan, out = report.plan, report.outcome
    pnl = out.end_equity - out.start_equity
    fees = sum((x.commission for x in out.trades.values()), start=pnl * 0)
    return Document(
        kind="backtest",
        title=f"Backtest {' '.join(plan.symbols)}, {out.days[0].day} to {out.days[-1].day}",
        at=_end(out.days[-1].day),
        verdict=PageVerdict("plain", f"{pnl:+,.2f} USD", _in_words(report), " ".join(loud_lines(report))),
        source=Source(build=build_id(), trading="simulated", mode=plan.settings.mode, symbols=plan.symbols),
        money=Money("USD", pnl + fees, None, fees, pnl, out.end_equity, "Result of the backtest"),
        charts=tuple(charts),
        trades=tuple(_mark(x, out) for x in out.trades.values()),
        curves=_curves(out),
        facts=_facts(report),
        distributions=results(out),
        tables=all_tables(report),
    )


def _in_words(report: Report) -> str:
    out = report.outcome
    return f"{len(out.trades)} trades in {len(out.days)} sessions; halts: {report.plan.halts}; gear: {report.gear}"


def _facts(report: Report) -> tuple[Fact, ...]:
    plan, out = report.plan, report.outcome
    facts = [
        Fact("equity at the start", f"{plan.equity:,.2f} USD"),
        Fact("data", f"made up, seed {plan.seed}" if plan.is_synthetic else "recorded minutes"),
        Fact("bars", f"{out.bars:,}"),
    ]
    if out.still_open:
        facts.append(Fact("still open at the end, at mid", ", ".join(out.still_open), "watch"))
    return tuple(facts)


def _curves(out: Outcome) -> tuple[Curve, ...]:
    equity = tuple((_unix(x.day), float(x.equity)) for x in out.days)
    falls = tuple((_unix(day), round(100 * fall, 4)) for day, fall in drawdowns(out))
    return (Curve("Equity", equity), Curve("Drawdown", falls, "%"))


def _mark(x: BracketClosed, out: Outcome) -> TradeMark:
    plan = out.plans.get(x.idea_id)
    return TradeMark(
        idea_id=x.idea_id,
        symbol=x.symbol,
        strategy=x.strategy,
        label=x.contract.label,
        right=str(x.contract.right or ""),
        quantity=x.quantity,
        entry=x.entry_price,
        exit=x.exit_price,
        stop=x.stop,
        target=x.target,
        limit=x.entry_price if plan is None else plan.entry_limit,
        opened_at=x.opened_at,
        closed_at=x.closed_at,
        reason=x.exit_reason,
        fees=x.commission,
        result=x.pnl,
    )


_MINUTES_OF_DAYS: Final = 5
"""Of more days hours are drawn: a screen has no room for their minutes."""


def chart(symbol: str, days: Sequence[Sequence[Bar]]) -> Chart:
    """A symbol's bars over the days played, each day's minutes by themselves."""
    is_long = len(days) > _MINUTES_OF_DAYS
    bars = [bar for minutes in days for bar in (to_hours(minutes) if is_long else minutes)]
    rows = tuple((int(x.start.timestamp()), x.open, x.high, x.low, x.close, x.volume) for x in bars)
    return Chart(symbol, rows, bar_minutes=60 if is_long else 1)


def _unix(day: date) -> int:
    at = _end(day)
    return 0 if at is None else int(at.timestamp())


def _end(day: date) -> datetime | None:
    session = session_on(day)
    return None if session is None else session.close
