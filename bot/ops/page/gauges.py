"""How much of what ends trading is used: loss, drawdown, the day's counts."""

from __future__ import annotations

from decimal import Decimal

from bot.domain.session import new_york_day
from bot.ops.page.day_record import DayRecord
from bot.ops.page.document import Gauge
from bot.ops.page.wording import clock
from bot.ops.status.status import Status
from bot.risk.limits import RiskLimits


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
    # The guard counts the account's equity, which the broker reports every few minutes: the day's result may be ahead of it.
    when = f", equity of {clock(status.equity_at)}" if status.equity_at else ""
    return Gauge("daily loss", f"{lost:,.0f} of {allowed:,.0f} USD{when}", _share(lost, allowed))


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
