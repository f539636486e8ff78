"""Is the money safe: equity, result, how near the loss guards are, and the protection of what is held."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time
from decimal import Decimal

from bot.domain.session import NEW_YORK, new_york_day
from bot.ops.metrics.family import Family, Picture, Sample, SampleValue, counts, money_reader, one
from bot.ops.status.status import BracketView
from bot.risk.limit_book import limits_in_force

GUARDS = ("daily_loss", "drawdown")


def _trades_pnl(x: Picture) -> Iterable[Sample]:
    currency, pnl = x.constants.currency, x.status.pnl
    parts = {"realized": pnl.realized, "unrealized": pnl.unrealized, "fees": pnl.fees, "net": pnl.net}
    return [((currency, kind), amount) for kind, amount in parts.items()]


def _allowed_and_lost(x: Picture, guard: str) -> tuple[Decimal, Decimal] | None:
    """What a guard allows to lose and what is lost of it; None while its reference is unknown."""
    equity, limits = x.status.equity, limits_in_force(x.constants.limits, x.status.limits)
    is_daily = guard == "daily_loss"
    reference = x.status.start_equity if is_daily else x.status.peak
    share = limits.max_daily_loss_pct if is_daily else limits.max_drawdown_pct
    if equity is None or not reference:
        return None
    return reference * share, max(Decimal(0), reference - equity)


def _guard_limit(x: Picture) -> Iterable[Sample]:
    found = ((guard, _allowed_and_lost(x, guard)) for guard in GUARDS)
    return [((guard, x.constants.currency), pair[0]) for guard, pair in found if pair]


def _guard_headroom(x: Picture) -> Iterable[Sample]:
    found = ((guard, _allowed_and_lost(x, guard)) for guard in GUARDS)
    return [
        ((guard, x.constants.currency), max(Decimal(0), pair[0] - pair[1])) for guard, pair in found if pair
    ]


def _guard_headroom_ratio(x: Picture) -> Iterable[Sample]:
    found = ((guard, _allowed_and_lost(x, guard)) for guard in GUARDS)
    return [((guard,), max(Decimal(0), 1 - pair[1] / pair[0])) for guard, pair in found if pair and pair[0]]


def _drawdown(x: Picture) -> SampleValue:
    equity, peak = x.status.equity, x.status.peak
    return None if equity is None or not peak else max(Decimal(0), 1 - equity / peak)


def _funds_ratio(x: Picture) -> SampleValue:
    equity, funds = x.status.equity, x.status.figures.available_funds
    return None if funds is None or not equity else funds / equity


def _closed(x: Picture) -> Iterable[Sample]:
    known: dict[tuple[str, ...], int] = {}
    for trade in x.status.closed_trades:
        result = "win" if trade.pnl > 0 else "loss" if trade.pnl < 0 else "even"
        known[trade.strategy, result] = known.get((trade.strategy, result), 0) + 1
    return counts(
        known, [(name, result) for name in x.constants.strategies for result in ("win", "loss", "even")]
    )


def held(x: Picture) -> list[BracketView]:
    """Brackets with a position, entering ones apart."""
    return [bracket for bracket in x.status.open_brackets if bracket.quantity]


def _open(x: Picture) -> Iterable[Sample]:
    known: dict[tuple[str, ...], int] = {}
    for bracket in held(x):
        known[(bracket.strategy,)] = known.get((bracket.strategy,), 0) + 1
    return counts(known, [(name,) for name in x.constants.strategies])


def _mismatch(x: Picture) -> int:
    """Contracts held without a stop, or stopped without being held, over all open brackets."""
    proofs = x.status.figures.stop_quantities
    return sum(abs(position - stops) for position, stops in proofs.values())


def _oldest(x: Picture) -> SampleValue:
    return min((bracket.opened_at for bracket in held(x) if bracket.opened_at), default=None)


def _nearest_expiry(x: Picture) -> SampleValue:
    day = min((bracket.expiry for bracket in held(x) if bracket.expiry), default=None)
    return None if day is None else datetime.combine(day, time(16), NEW_YORK).astimezone(UTC)


def _expiring_today(x: Picture) -> int:
    if x.status.at is None:
        return 0
    today = new_york_day(x.status.at)
    return sum(bracket.expiry == today for bracket in held(x))


MONEY = [
    Family("money", "account_equity", "gauge", "Net liquidation value as the broker last said it.",
           money_reader(lambda x: x.status.equity), ("currency",)),
    Family("money", "account_start_equity", "gauge",
           "Equity at the start of the New York trading day; the daily loss counts from it.",
           money_reader(lambda x: x.status.start_equity), ("currency",)),
    Family("money", "account_peak_equity", "gauge", "Highest equity of the drawdown guard's window.",
           money_reader(lambda x: x.status.peak), ("currency",)),
    Family("money", "account_available_funds", "gauge", "Funds the broker would let new positions use.",
           money_reader(lambda x: x.status.figures.available_funds), ("currency",)),
    Family("money", "account_cash", "gauge", "Cash in the account.",
           money_reader(lambda x: x.status.figures.cash), ("currency",)),
    Family("money", "available_funds_ratio", "gauge",
           "Available funds as a share of equity (0 to 1).", one(_funds_ratio)),
    Family("money", "account_day_pnl", "gauge",
           "The day's result: realised and unrealised (at the bid) less fees.",
           money_reader(lambda x: x.status.pnl.net), ("currency",)),
    Family("money", "account_equity_change", "gauge",
           "Equity less the equity at the start of the day, as the loss guard counts it; the broker lets it lag.",
           money_reader(lambda x: x.status.equity_change), ("currency",)),
    Family("money", "trades_pnl", "gauge",
           "What the day's result is made of: realized and unrealized before fees, fees, and net = the day.",
           _trades_pnl, ("currency", "kind")),
    Family("money", "commissions", "counter", "Commissions charged.",
           money_reader(lambda x: x.status.commissions), ("currency",)),
    Family("money", "drawdown_ratio", "gauge", "How far equity is below its peak (0 to 1).", one(_drawdown)),
    Family("money", "loss_guard_limit", "gauge",
           "What a loss guard allows to be lost before it halts trading.",
           _guard_limit, ("guard", "currency")),
    Family("money", "loss_guard_headroom", "gauge", "What may still be lost before the guard halts trading.",
           _guard_headroom, ("guard", "currency")),
    Family("money", "loss_guard_headroom_ratio", "gauge",
           "The same as a share of the limit: 1 untouched, 0 tripped.",
           _guard_headroom_ratio, ("guard",)),
    Family("money", "trades_closed", "counter",
           "Trades closed, by how they ended.", _closed, ("strategy", "result")),
]  # fmt: skip

POSITIONS = [
    Family("positions", "open_positions", "gauge", "Brackets that hold a position.", _open, ("strategy",)),
    Family("positions", "position_contracts", "gauge", "Option contracts held.",
           one(lambda x: sum(bracket.quantity for bracket in held(x)))),
    Family("positions", "positions_unprotected", "gauge",
           "Positions whose stop the broker's own open orders do not prove. Anything but 0 for seconds is an emergency.",
           one(lambda x: sum(not bracket.is_proved for bracket in held(x)))),
    Family("positions", "exits_overdue", "gauge",
           "Positions that should have been closed and are still held: nobody takes the order, or it is refused.",
           one(lambda x: sum(bracket.overdue_since is not None for bracket in held(x)))),
    Family("positions", "stop_quantity_mismatch", "gauge",
           "Contracts by which position and working stop quantity differ, as last compared.", one(_mismatch)),
    Family("positions", "unprotected_seconds", "counter",
           "Bot time that positions spent without a proved stop.",
           one(lambda x: x.status.unprotected_s)),
    Family("positions", "unprotected_worst_seconds", "gauge", "The longest such time of this run.",
           one(lambda x: x.status.worst_unprotected_s)),
    Family("positions", "protection_repairs", "counter", "Times that protection had to be replaced.",
           one(lambda x: x.status.repairs)),
    Family("positions", "oldest_position_timestamp_seconds", "gauge",
           "When the oldest open position was first filled (bot time).",
           one(_oldest)),
    Family("positions", "nearest_expiry_timestamp_seconds", "gauge",
           "16:00 New York of the nearest expiry held.",
           one(_nearest_expiry)),
    Family("positions", "positions_expiring_today", "gauge",
           "Positions whose option expires today.", one(_expiring_today)),
    Family("positions", "reconcile_mismatches", "gauge",
           "Differences between the journal and the broker's books that the last comparison could not explain.",
           one(lambda x: len(x.status.figures.mismatches))),
]  # fmt: skip
