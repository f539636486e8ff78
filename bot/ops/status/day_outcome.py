"""What a simulated day came to, as ``ibkr-bot run`` ends and README shows it.

Rule: what is held over night counts at its last bid; after the close nobody bids any more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from rich.console import Console

from bot.ops.status.amounts import money
from bot.ops.status.status import Status
from bot.ops.status.trade_table import rows_of_status, trade_table


@dataclass
class SeenDay:
    """The newest picture of a day, and the newest in which every position had a bid."""

    last: Status = field(default_factory=Status)
    valued: Status = field(default_factory=Status)

    def note(self, status: Status) -> None:
        self.last = status
        if status.pnl.net is not None:
            self.valued = status


def print_simulated_day(console: Console, seen: SeenDay, day: date, *, is_whole: bool = True) -> None:
    """The trades, what is still held, and the day's P&L."""
    trades = rows_of_status(
        seen.valued if seen.valued.closed_trades == seen.last.closed_trades else seen.last
    )
    if trades:
        console.print(trade_table(trades))
    elif is_whole:
        console.print(f"no trades on {day}")
    for held in seen.valued.open_brackets:
        if held.quantity:
            console.print(f"held:    {held.quantity} {held.label}, last bid {held.bid}", highlight=False)
    if is_whole or trades:
        until = "" if is_whole else " until the failure"
        console.print(f"P&L of {day} after commissions{until}: {money(seen.valued.pnl.net)}", highlight=False)
    else:
        console.print(f"the day {day} did not run to its end, and nothing was traded", highlight=False)
