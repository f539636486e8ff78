"""The document of the running bot, from its status and the day's record. Pure: the same picture gives the same document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from bot.domain.ledger import BookedTrade
from bot.domain.market import Bar
from bot.domain.session import new_york_day, next_open, session_on
from bot.domain.types import IdeaId, Symbol
from bot.ops.page.day_record import DayRecord
from bot.ops.page.document import (
    Chart,
    Curve,
    Document,
    Fact,
    Gauge,
    Held,
    Money,
    Source,
    TradeMark,
)
from bot.ops.page.verdict import is_overdue, verdict
from bot.ops.page.wording import ago, clock, shortened, way_out
from bot.ops.status.status import BracketView, Status, SymbolView
from bot.risk.limits import RiskLimits

EVENTS_SHOWN = 40
NEW_TITLE = "ibkr-options-bot"
Path = tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the document says of the process and its settings, beside the line's status."""

    trading: str = "simulated"
    limits: RiskLimits = field(default_factory=RiskLimits)
    alert_channels: tuple[str, ...] = ()
    alert_failures: Mapping[str, int] = field(default_factory=dict)
    log_in_ends_at: datetime | None = None
    currency: str = "USD"


def live_document(status: Status, day: DayRecord, around: Surroundings) -> Document:
    """The page of the running bot at this moment."""
    return Document(
        kind="live",
        title=NEW_TITLE,
        at=status.at,
        verdict=verdict(status),
        source=_source(status, around),
        money=_money(status, around),
        held=tuple(_held(bracket, status) for bracket in status.open_brackets),
        charts=charts(day, tuple(view.symbol for view in status.symbols)),
        trades=trade_marks(day.trades, day.paths),
        curves=(equity_curve(day, around.currency),),
        gauges=gauges(status, day, around.limits),
        facts=_facts(status, around),
        events=day.events[:EVENTS_SHOWN],
    )


def _source(status: Status, around: Surroundings) -> Source:
    return Source(
        build=status.build,
        trading=around.trading,
        account=shortened(status.account),
        mode=status.mode,
        symbols=tuple(view.symbol for view in status.symbols),
        dry_run=status.dry_run,
        started_at=status.started_at,
    )


def _money(status: Status, around: Surroundings) -> Money:
    pnl = status.pnl
    return Money(around.currency, pnl.realized, pnl.unrealized, pnl.fees, pnl.net, status.equity)


def _held(x: BracketView, status: Status) -> Held:
    return Held(
        idea_id=x.idea_id,
        label=x.label,
        strategy=x.strategy,
        planned=x.planned,
        quantity=x.quantity,
        price=x.entry_price if x.quantity else x.entry_limit,
        cost=x.cost if x.quantity else None,
        bid=x.bid,
        stop=x.stop,
        target=x.target,
        unrealized=x.unrealized if x.quantity else None,
        fees=x.fees,
        is_proved=x.is_proved,
        opened_at=x.opened_at,
        close_by=x.close_by,
        is_overdue=is_overdue(x, status),
    )


# ── parts that a report and a backtest draw, too ──


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


# ── what ends trading ──


def gauges(status: Status, day: DayRecord, limits: RiskLimits) -> tuple[Gauge, ...]:
    """How much of each limit is used, those whose reference is known."""
    found = [_daily_loss(status, limits), _drawdown(status, limits)]
    today = [
        trade for trade in day.trades if status.at and new_york_day(trade.plan.at) == new_york_day(status.at)
    ]
    contracts = sum(trade.plan.quantity for trade in today)
    found += [
        _count("contracts today", contracts, limits.max_contracts_per_day),
        _count("entries today", len(today), limits.max_orders_per_day),
    ]
    return tuple(gauge for gauge in found if gauge is not None)


def _daily_loss(status: Status, limits: RiskLimits) -> Gauge | None:
    if status.start_equity is None or status.equity is None:
        return None
    allowed = status.start_equity * limits.max_daily_loss_pct
    lost = max(Decimal(0), status.start_equity - status.equity)
    return Gauge("daily loss", f"{lost:,.0f} of {allowed:,.0f} USD", _share(lost, allowed))


def _drawdown(status: Status, limits: RiskLimits) -> Gauge | None:
    if not status.peak or status.equity is None:
        return None
    down = max(Decimal(0), 1 - status.equity / status.peak)
    text = f"{down * 100:.1f} of {limits.max_drawdown_pct * 100:.0f} %"
    return Gauge("drawdown", text, _share(down, limits.max_drawdown_pct))


def _count(name: str, used: int, limit: int) -> Gauge:
    return Gauge(name, f"{used} of {limit}", _share(Decimal(used), Decimal(limit)))


def _share(used: Decimal, limit: Decimal) -> float:
    return round(min(1.0, float(used / limit)), 4) if limit else 1.0


# ── the way to the market ──


def _facts(status: Status, around: Surroundings) -> tuple[Fact, ...]:
    facts = [_gateway(status), *(_feed(view, status) for view in status.symbols), _alerts(around)]
    if status.at is not None:
        facts.append(_market(status.at))
    if status.at is not None and around.log_in_ends_at is not None:
        facts.append(_log_in(status.at, around.log_in_ends_at))
    return tuple(facts)


def _gateway(status: Status) -> Fact:
    if not status.is_connected:
        return Fact("gateway", "not connected", "danger")
    if status.links_down:
        return Fact("gateway", f"lost {', '.join(status.links_down)}", "watch")
    if not status.is_reconciled:
        return Fact("gateway", "connected, comparing books", "watch")
    return Fact("gateway", "connected, books agree", "safe")


def _feed(view: SymbolView, status: Status) -> Fact:
    name = f"{view.symbol} data"
    stale = [feed for feed, is_fresh in view.feeds.items() if not is_fresh]
    if stale:
        return Fact(name, f"{', '.join(stale)} stale", "watch")
    if view.quote_at is None or status.at is None:
        return Fact(name, "none yet", "plain")
    kind = "live" if status.figures.live_data.get(view.symbol, True) else "not live"
    age = ago((status.at - view.quote_at).total_seconds())
    return Fact(name, f"{kind}, {age} old", "safe" if kind == "live" else "watch")


def _alerts(around: Surroundings) -> Fact:
    lost = sum(around.alert_failures.values())
    if not around.alert_channels:
        return Fact(
            "phone alerts", "no channel is set", "watch" if around.trading != "simulated" else "plain"
        )
    if lost:
        return Fact("phone alerts", f"{lost} not delivered", "watch")
    return Fact("phone alerts", ", ".join(around.alert_channels), "safe")


def _market(at: datetime) -> Fact:
    session = session_on(new_york_day(at))
    if session is not None and at in session:
        return Fact("market closes in", ago((session.close - at).total_seconds()))
    opens = next_open(at)
    return Fact("market opens", f"{clock(opens)}, in {ago((opens - at).total_seconds())}")


def _log_in(at: datetime, ends_at: datetime) -> Fact:
    left = (ends_at - at).total_seconds()
    return Fact("log-in ends in", ago(left), "plain" if left > 24 * 3600 else "watch")
