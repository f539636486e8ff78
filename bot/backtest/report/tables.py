"""A backtest's tables. The terminal, the page and the JSON show the same ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Final

from bot.backtest.outcome import Outcome
from bot.backtest.report.metrics import INTERVALS, figures_of
from bot.domain.messages import BracketClosed, Halted
from bot.domain.session import NEW_YORK
from bot.domain.text import counted
from bot.domain.types import IdeaId
from bot.ops.page.document import Table
from bot.ops.page.wording import figures, refusal
from bot.ops.status.amounts import average_text

_GROUP: Final = ("trades", "win rate", "mean", "worst", "best", "commissions", "P&L")
_AMOUNTS: Final = "Amounts in USD, after commissions; by New York's clock at the entry."
_SHOWN: Final = 5
_WHY: Final = 6
"""So many of its idea's figures say why a trade was made."""
_Key = Callable[[BracketClosed], str]


def summary(out: Outcome) -> Table:
    """The figures, with their intervals and definitions."""
    rows = tuple(
        (f"{x.name}, {x.unit}" if x.unit in ("USD", "sessions") else x.name, x.text, x.interval, x.definition)
        for x in figures_of(out)
    )
    return Table("Summary", ("figure", "value", "95 % interval", "definition"), rows, (1, 2), INTERVALS)


def breakdowns(out: Outcome) -> tuple[Table, ...]:
    """The trades by strategy, month, weekday, hour of entry and way out."""
    keys: dict[str, _Key] = {
        "strategy": lambda x: x.strategy,
        "month": lambda x: f"{x.opened_at.astimezone(NEW_YORK):%Y-%m}",
        "weekday": lambda x: f"{x.opened_at.astimezone(NEW_YORK):%u %A}",
        "hour": lambda x: f"{x.opened_at.astimezone(NEW_YORK):%H}:00",
        "exit": lambda x: x.exit_reason,
    }
    trades = list(out.trades.values())
    return tuple(_grouped(name, trades, key) for name, key in keys.items()) if trades else ()


def _grouped(name: str, trades: Sequence[BracketClosed], key: _Key) -> Table:
    groups: dict[str, list[BracketClosed]] = {}
    for trade in trades:
        groups.setdefault(key(trade), []).append(trade)
    rows = tuple(
        (group.lstrip("1234567 ") if name == "weekday" else group, *_cells(groups[group]))
        for group in sorted(groups)
    )
    right = tuple(range(1, len(_GROUP) + 1))
    return Table(f"By {name}", (name, *_GROUP), rows, right, _AMOUNTS, more=(3, 4, 5, 6))


def _cells(trades: Sequence[BracketClosed]) -> tuple[str, ...]:
    pnl = [x.pnl for x in trades]
    total = sum(pnl, Decimal(0))
    won = sum(1 for x in pnl if x > 0)
    fees = sum((x.commission for x in trades), Decimal(0))
    amounts = (total / len(pnl), min(pnl), max(pnl), fees, total)
    return (f"{len(pnl)}", f"{won / len(pnl):.0%}", *(f"{x:,.2f}" for x in amounts))


def not_traded(out: Outcome) -> Table:
    """Why signals and ideas came to nothing, by code."""
    counts: Counter[tuple[str, str, str]] = Counter()
    counts.update(("no contract", x.strategy, x.code) for x in out.dropped)
    counts.update(("denied", x.strategy, x.code) for x in out.denied)
    counts.update(("entry not filled", _strategy(x.idea_id, out), x.reason) for x in out.abandoned)
    rows = tuple((what, who, code, f"{n:,}", refusal(code)) for (what, who, code), n in counts.most_common())
    note = (
        f"{counted(len(out.signals), 'signal')} fired, {counted(len(out.plans), 'became an order', 'became orders')}. "
        "Which setting decides: docs/denials.md"
    )
    columns = ("what", "strategy", "code", "times", "meaning")
    return Table("Not traded", columns, rows, (3,), note, more=(1,))


def _strategy(idea_id: IdeaId, out: Outcome) -> str:
    idea = out.why.get(idea_id)
    return "" if idea is None else idea.strategy


def judgements(out: Outcome) -> Table:
    """What kept bars from being signals: the first condition that was missed."""
    bars = Counter[str]()
    for (strategy, _), n in out.judged.items():
        bars[strategy] += n
    rows = tuple(
        (strategy, reason, f"{n:,}", f"{n / bars[strategy]:.1%}")
        for (strategy, reason), n in sorted(out.judged.items(), key=lambda x: (x[0][0], -x[1]))
    )
    return Table("What each bar was found to be", ("strategy", "reason", "bars", "share"), rows, (2, 3))


def extremes(out: Outcome) -> tuple[Table, ...]:
    """The worst and the best trades, with why they were made."""
    ranked = sorted(out.trades.values(), key=lambda x: x.pnl)
    if not ranked:
        return ()
    return (
        _trades("Worst trades", ranked[:_SHOWN], out),
        _trades("Best trades", reversed(ranked[-_SHOWN:]), out),
    )


def _trades(title: str, trades: Iterable[BracketClosed], out: Outcome) -> Table:
    columns = ("opened", "strategy", "contract", "n", "in", "out", "exit", "P&L", "why")
    rows = tuple(_row(x, out) for x in trades)
    note = "In and out in USD a share, P&L in USD after commissions."
    return Table(title, columns, rows, (3, 4, 5, 7), note, more=(1, 3, 4, 5))


def _row(x: BracketClosed, out: Outcome) -> tuple[str, ...]:
    idea = out.why.get(x.idea_id)
    why = "" if idea is None else figures(dict(list(idea.numbers.items())[:_WHY]))
    opened = f"{x.opened_at.astimezone(NEW_YORK):%Y-%m-%d %H:%M}"
    prices = (average_text(price, x.quantity) for price in (x.entry_price, x.exit_price))
    return (
        opened,
        x.strategy,
        x.contract.label,
        f"{x.quantity}",
        *prices,
        x.exit_reason,
        f"{x.pnl:,.2f}",
        why,
    )


def halts(out: Outcome) -> Table:
    """Halts, and what became of them. What risk ends by itself (a losing streak) ends under any policy."""
    rows = tuple(
        (
            f"{x.at.astimezone(NEW_YORK):%Y-%m-%d %H:%M}",
            type(x).__name__,
            f"{x.cause}",
            x.by,
            x.detail if isinstance(x, Halted) else x.reason,
        )
        for x in out.halts
    )
    return Table("Halts", ("at", "what", "cause", "by", "detail"), rows)


def costs(outcomes: Sequence[tuple[float, Outcome]]) -> Table:
    """The same days with spreads narrower and wider than assumed."""
    rows = tuple(
        (
            f"× {factor:g}",
            f"{len(out.trades)}",
            f"{float(out.end_equity - out.start_equity):,.2f}",
            _mean(out),
        )
        for factor, out in outcomes
    )
    return Table("If spreads were …", ("spread", "trades", "result, USD", "mean trade, USD"), rows, (1, 2, 3))


def _mean(out: Outcome) -> str:
    pnl = [x.pnl for x in out.trades.values()]
    return f"{sum(pnl, Decimal(0)) / len(pnl):,.2f}" if pnl else ""
