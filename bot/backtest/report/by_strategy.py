"""What became of each strategy's signals: ideas, refusals by code, trades, what stops cost against what they were sized for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from bot.backtest.outcome import Outcome
from bot.domain.messages import BracketClosed

STOP = "stop"


@dataclass(frozen=True, slots=True)
class StrategyRecord:
    """One strategy over any number of backtests. Money in USD; ``loss_to_risk`` of every trade that ended by its stop."""

    strategy: str
    signals: int
    ideas: int
    approved: int
    refused: Counter[str]
    trades: int
    loss_to_risk: tuple[float, ...]
    fees: Decimal
    pnl: Decimal

    @property
    def median(self) -> float | None:
        """None without a stop."""
        return median(self.loss_to_risk) if self.loss_to_risk else None

    @property
    def p95(self) -> float | None:
        """The value that 95 % of the stops do not exceed (the nearest rank); None without a stop."""
        ordered = sorted(self.loss_to_risk)
        return ordered[-(-95 * len(ordered) // 100) - 1] if ordered else None


def records(outcomes: Sequence[Outcome], strategies: Iterable[str]) -> list[StrategyRecord]:
    """One record of each strategy."""
    return [_record(outcomes, name) for name in strategies]


def _record(outcomes: Sequence[Outcome], name: str) -> StrategyRecord:
    trades = [(x, out) for out in outcomes for x in out.trades.values() if x.strategy == name]
    refused = Counter(x.code for out in outcomes for x in out.dropped if x.strategy == name)
    refused.update(x.code for out in outcomes for x in out.denied if x.strategy == name)
    return StrategyRecord(
        strategy=name,
        signals=sum(x.strategy == name for out in outcomes for x in out.signals),
        ideas=sum(x.strategy == name for out in outcomes for x in out.why.values()),
        approved=sum(x.strategy == name for out in outcomes for x in out.plans.values()),
        refused=refused,
        trades=len(trades),
        loss_to_risk=tuple(ratio for x, out in trades if (ratio := loss_to_risk(x, out)) is not None),
        fees=sum((x.commission for x, _ in trades), Decimal(0)),
        pnl=sum((x.pnl for x, _ in trades), Decimal(0)),
    )


def loss_to_risk(trade: BracketClosed, out: Outcome) -> float | None:
    """What a stop lost ÷ what it was sized to lose; None for a trade that ended otherwise or whose risk is not known."""
    plan = out.plans.get(trade.idea_id)
    if trade.exit_reason != STOP or plan is None or not plan.risk_usd:
        return None
    return float(-trade.pnl / (plan.risk_usd * trade.quantity / plan.quantity))
