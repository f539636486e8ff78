"""A backtest as the owner's page shows it: the same backtest_document and components as the live page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from bot.backtest.outcome import Outcome
from bot.backtest.plan import BacktestPlan
from bot.backtest.report import tables
from bot.backtest.report.distribution import results
from bot.backtest.report.loud import loud_lines
from bot.backtest.report.metrics import drawdowns
from bot.backtest.report.other_settings import other_settings_in_words
from bot.build import build_id
from bot.domain.market import Bar
from bot.domain.messages import BracketClosed
from bot.domain.session import session_on
from bot.domain.text import counted
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
    return Document(
        kind="backtest",
        title=f"Backtest {' '.join(plan.symbols)}, {out.days[0].day} to {out.days[-1].day}",
        at=_end(out.days[-1].day),
        verdict=PageVerdict("plain", _signed(pnl), _in_words(report), " ".join(loud_lines(report))),
        source=Source(build=build_id(), trading="simulated", mode=plan.settings.mode, symbols=plan.symbols),
        money=_money(out),
        charts=tuple(charts),
        trades=tuple(_mark(x, out) for x in out.trades.values()),
        curves=_curves(out),
        facts=_facts(report),
        distributions=results(out),
        tables=all_tables(report),
    )


def _signed(amount: Decimal) -> str:
    return f"{amount:+,.2f} USD".replace("-", "−") if amount else "0.00 USD"


def _money(out: Outcome) -> Money:
    """What is open at the end, or was at the end of a stretch of days, is what the closed trades do not account for."""
    net = out.end_equity - out.start_equity
    fees = sum((x.commission for x in out.trades.values()), Decimal(0))
    gross = sum((x.pnl for x in out.trades.values()), Decimal(0)) + fees
    still_open = net - gross + fees
    unrealized = still_open if still_open or out.still_open else None
    return Money("USD", gross, unrealized, fees, net, out.end_equity, "Result of the backtest")


def _in_words(report: Report) -> str:
    out, is_resumed = report.outcome, report.plan.halts == "resume"
    halts = "halts end the next morning" if is_resumed else "nobody resumes after a halt"
    told = f"{counted(len(out.trades), 'trade')} in {counted(len(out.days), 'session')}"
    return f"{told}; {halts}; {report.gear} gear"


def _facts(report: Report) -> tuple[Fact, ...]:
    plan, out = report.plan, report.outcome
    facts = [
        Fact("equity at the start", f"{plan.equity:,.2f} USD"),
        Fact("data", f"made up, seed {plan.seed}" if plan.is_synthetic else "recorded minutes"),
        Fact("bars", f"{out.bars:,}"),
    ]
    if changed := other_settings_in_words(plan):
        facts.append(Fact("settings not as shipped", changed))
    if out.still_open:
        facts.append(Fact("still open at the end, at mid", ", ".join(out.still_open), "watch"))
    return tuple(facts)


def _curves(out: Outcome) -> tuple[Curve, ...]:
    equity = tuple((_unix(x.day), float(x.equity)) for x in out.days)
    falls = tuple((_unix(day), round(100 * fall, 4)) for day, fall in drawdowns(out))
    first = session_on(out.days[0].day)
    if first is None:
        return (Curve("Equity", equity), Curve("Drawdown", falls, "%"))
    begin = int(first.open.timestamp())
    start = (begin, float(out.start_equity))
    return (Curve("Equity", (start, *equity)), Curve("Drawdown", ((begin, 0.0), *falls), "%"))


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
