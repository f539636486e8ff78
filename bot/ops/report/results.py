"""Closed trades as results, and the statistics of any group of them. Money in the account's currency, after fees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bot.domain import messages as m
from bot.ops.status.ledger import BookedTrade

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One closed trade. ``entry_slip`` and ``exit_slip`` are money lost between what was seen or asked for and the fill.

    Entry: against the middle of the quote that the signal was judged on. Exit: against the stop's or the target's price; None
    where nothing definite was asked for (a time stop takes what is bid) or nothing was written down.
    """

    symbol: str
    strategy: str
    opened_at: datetime
    closed_at: datetime
    result: Decimal
    fees: Decimal
    entry_slip: Decimal | None = None
    exit_slip: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Performance:
    """What a group of trades brought. Ratios are None where they would divide by nothing."""

    trades: int
    won: int
    lost: int
    net: Decimal
    fees: Decimal
    best: Decimal | None
    worst: Decimal | None
    average_win: Decimal | None
    average_loss: Decimal | None
    max_drawdown: Decimal
    """The deepest fall of the summed results below their own highest point so far."""
    longest_losing_run: int
    entry_slip: Decimal | None
    exit_slip: Decimal | None

    @property
    def expectancy(self) -> Decimal | None:
        """The mean result of a trade."""
        return self.net / self.trades if self.trades else None

    @property
    def profit_factor(self) -> Decimal | None:
        """Everything won over everything lost."""
        if self.average_win is None or not self.average_loss:
            return None
        return -(self.average_win * self.won) / (self.average_loss * self.lost)


def performance(results: Iterable[Result]) -> Performance:
    """The statistics of these trades, in the order in which they closed."""
    found = sorted(results, key=lambda one: one.closed_at)
    amounts = [one.result for one in found]
    wins, losses = [x for x in amounts if x > 0], [x for x in amounts if x < 0]
    return Performance(
        trades=len(found),
        won=len(wins),
        lost=len(losses),
        net=sum(amounts, ZERO),
        fees=sum((one.fees for one in found), ZERO),
        best=max(amounts, default=None),
        worst=min(amounts, default=None),
        average_win=_mean(wins),
        average_loss=_mean(losses),
        max_drawdown=max_drawdown(amounts),
        longest_losing_run=_longest_run(amounts),
        entry_slip=_known_sum(one.entry_slip for one in found),
        exit_slip=_known_sum(one.exit_slip for one in found),
    )


def grouped(results: Iterable[Result], key: Callable[[Result], str]) -> dict[str, Performance]:
    """The statistics of each group, in the order of the groups' names."""
    groups: dict[str, list[Result]] = {}
    for one in results:
        groups.setdefault(key(one), []).append(one)
    return {name: performance(groups[name]) for name in sorted(groups)}


def max_drawdown(amounts: Sequence[Decimal]) -> Decimal:
    """How far the running sum fell below its highest point, 0 or more; it begins at 0."""
    total = peak = deepest = ZERO
    for amount in amounts:
        total += amount
        peak = max(peak, total)
        deepest = max(deepest, peak - total)
    return deepest


def result_of(trade: BookedTrade, idea: m.TradeIdea | None) -> Result | None:
    """A closed trade's result; None for one that is still open."""
    closed = trade.closed
    if closed is None:
        return None
    units = closed.quantity * closed.contract.multiplier
    seen = idea.quote.mid if idea is not None else None
    asked = {"stop": closed.stop, "target": closed.target}.get(closed.exit_reason)
    return Result(
        symbol=closed.symbol,
        strategy=closed.strategy,
        opened_at=closed.opened_at,
        closed_at=closed.closed_at,
        result=closed.pnl,
        fees=closed.commission,
        entry_slip=None if seen is None else (closed.entry_price - seen) * units,
        exit_slip=None if asked is None else (asked - closed.exit_price) * units,
    )


def _mean(amounts: list[Decimal]) -> Decimal | None:
    return sum(amounts, ZERO) / len(amounts) if amounts else None


def _known_sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, ZERO) if known else None


def _longest_run(amounts: list[Decimal]) -> int:
    longest = run = 0
    for amount in amounts:
        run = run + 1 if amount < 0 else 0 if amount > 0 else run
        longest = max(longest, run)
    return longest
