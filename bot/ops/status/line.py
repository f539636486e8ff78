"""The live picture in one line, for logs and pipes: it needs nothing that draws."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot.domain.session import NEW_YORK, new_york_day
from bot.domain.text import counted
from bot.ops.status.amounts import money
from bot.ops.status.status import Status


def new_york(at: datetime | None) -> str:
    return "—" if at is None else f"{at.astimezone(NEW_YORK):%H:%M:%S}"


def status_line(status: Status) -> str:
    held = ", ".join(f"{x.quantity} {x.label}" for x in status.open_brackets if x.quantity) or "flat"
    return (
        f"{new_york(status.at)} New York {status.trading_state} {held}; {counted(len(status.trades_today), 'trade')}, "
        f"day {money(status.pnl.net)}; {status.last_event}"
    )


def lines_shown(say: Callable[[str], None]) -> Callable[[Status], None]:
    """Says a line whenever something happened, and one every half hour of bot time."""
    last: list[object] = [None]

    def show(status: Status) -> None:
        half_hour = status.at and (new_york_day(status.at), status.at.hour, status.at.minute // 30)
        mark = (status.last_event, half_hour)
        if mark != last[0]:
            last[0] = mark
            say(status_line(status))

    return show
