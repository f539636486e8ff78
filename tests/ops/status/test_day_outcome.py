"""How a day is told at its end."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal

from rich.console import Console

from bot.ops.status.day_outcome import SeenDay, print_simulated_day
from bot.ops.status.status import BracketView, Status

DAY, CLOSE = date(2011, 1, 26), datetime(2011, 1, 26, 21, tzinfo=UTC)


def told(seen: SeenDay) -> str:
    out = io.StringIO()
    print_simulated_day(Console(file=out, width=100), seen, DAY)
    return out.getvalue()


def holding(bid: str | None) -> Status:
    held = BracketView(
        idea_id="SPY-20110126T1600-whale",
        symbol="SPY",
        strategy="whale",
        con_id=1,
        label="SPY 2011-02-18 130 C",
        multiplier=100,
        planned=2,
        entry_limit=Decimal("2.00"),
        target=Decimal("3.00"),
        stop=Decimal("1.00"),
        close_by=CLOSE,
        quantity=2,
        entry_cost=Decimal("4.00"),
        fees=Decimal("1.30"),
        bid=None if bid is None else Decimal(bid),
    )
    return Status(at=CLOSE, open_brackets=(held,))


def test_what_is_held_over_night_counts_at_its_last_bid() -> None:
    seen = SeenDay()
    for bid in ("2.05", "2.11", None):
        seen.note(holding(bid))

    assert "held:    2 SPY 2011-02-18 130 C, last bid 2.11" in told(seen)
    assert "P&L of 2011-01-26 after commissions: +20.70" in told(seen)


def test_a_day_without_trades_says_so() -> None:
    assert "no trades on 2011-01-26" in told(SeenDay())
