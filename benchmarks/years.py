"""A journal of years, made in a minute: python -m benchmarks.years --sessions 1260 --to DIRECTORY.

Each session has what a quiet day of one symbol leaves: a bar and its judgement a minute, equity once a minute, denials, and
five trades with every status and commission. The books are closed each night unless ``--never-closed``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zlib import crc32

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.idea import Idea
from bot.domain.market import Bar, BarSize
from bot.domain.messages import Message
from bot.domain.order import Order, OrderStatus, OrderType
from bot.domain.session import Session, sessions_between
from bot.domain.types import Direction, Side
from bot.execution.limits import ExecutionLimits, WatcherLimits
from bot.execution.order_manager import OrderManager
from bot.execution.watcher import OcoWatcher
from bot.journal.essence import essential_rows
from bot.journal.store import JOURNAL_FILE, Journal
from bot.wiring import DURABLE, EXECUTION, OCO_WATCHER
from tests.journal.makers import CALL, CLOSED, ENTRY, JUDGED, PLACED

LAST_DAY = date(2026, 11, 27)
TRADES, DENIALS = 5, 10
LEGS = (("entry", Side.BUY), ("target", Side.SELL), ("stop", Side.SELL))


class Years:
    """``at`` is the journal's clock."""

    def __init__(self, path: Path) -> None:
        self.at = datetime.min.replace(tzinfo=UTC)
        self.journal = Journal(path, lambda: self.at)
        self._orders = 0

    def write(self, sessions: int, *, is_closed: bool = True) -> None:
        first = LAST_DAY - timedelta(days=sessions * 7 // 5 + sessions // 20 + 10)
        for session in sessions_between(first, LAST_DAY)[-sessions:]:
            for at, message in self.day(session):
                self.at = at
                self.journal.record(message)
            self.at = session.close + timedelta(minutes=31)
            self.journal.flush()
            if is_closed:
                self.journal.close_books(essential_rows)

    def day(self, session: Session, *, trades_alone: bool = False) -> Iterator[tuple[datetime, Message]]:
        equity = Decimal(50_000)
        yield session.open, m.DayOpened(session.day.isoformat(), session.open, equity)
        every = session.minutes // TRADES
        for minute in range(session.minutes):
            at = session.open + timedelta(minutes=minute + 1)
            if minute % every == 0:
                yield from ((at, message) for message in self._trade(at, minute))
            if trades_alone:
                continue
            bar = Bar("SPY", BarSize.M1, at - timedelta(minutes=1), 600.0, 600.5, 599.5, 600.25, 41_000.0)
            yield at, m.BarClosed(bar)
            yield at, replace(JUDGED, bar_end=at, fired=minute % every == 0)
            yield at, m.EquityMarked(at, equity, Decimal(0), equity)
            if minute % (session.minutes // DENIALS) == 1:
                yield (
                    at,
                    m.EntryDenied(
                        idea_id=_idea(at), symbol="SPY", strategy="scalp", at=at, code="SPREAD_TOO_WIDE"
                    ),
                )

    def _trade(self, at: datetime, number: int) -> Iterator[Message]:
        idea_id = _idea(at)
        contract = replace(CALL, expiry=at.date() + timedelta(days=2))
        refs = {leg: f"{idea_id}/{leg}" for leg, _ in LEGS}
        yield m.SignalFired("SPY", "scalp", Direction.BULLISH, at)
        yield replace(PLACED, idea_id=idea_id, contract=contract, at=at)
        yield b.SendOrders(
            tuple(
                Order(
                    ref=refs[leg],
                    contract=contract,
                    side=side,
                    type=OrderType.LIMIT,
                    quantity=3,
                    limit_price=Decimal(1),
                )
                for leg, side in LEGS
            ),
            at,
        )
        for status in (OrderStatus.HELD, OrderStatus.WORKING, OrderStatus.WORKING):
            yield from (self._status(ref, status, at) for ref in refs.values())
        yield from self._fill(refs["entry"], Side.BUY, at)
        end, other = ("target", "stop") if number % 2 else ("stop", "target")
        later = at + timedelta(minutes=9)
        yield from self._fill(refs[end], Side.SELL, later)
        yield b.SendCancel(refs[other], later)
        yield self._status(refs[other], OrderStatus.CANCELLED, later)
        yield replace(
            CLOSED, idea_id=idea_id, contract=contract, opened_at=at, closed_at=later, exit_reason=end
        )
        yield m.Reconciled(later, (), ())

    def _status(self, ref: str, status: OrderStatus, at: datetime) -> Message:
        self._orders += 1
        filled = 3 if status is OrderStatus.FILLED else 0
        return b.OrderStatusChanged(
            ref=ref,
            status=status,
            filled=filled,
            remaining=3 - filled,
            perm_id=crc32(ref.encode()),
            order_id=self._orders,
            at=at,
        )

    def _fill(self, ref: str, side: Side, at: datetime) -> Iterator[Message]:
        fill = replace(
            ENTRY.fill, exec_id=f"{ref}.01", order_ref=ref, side=side, at=at, perm_id=crc32(ref.encode())
        )
        yield m.FillBooked(fill)
        yield b.CommissionCharged(fill.exec_id, ref, Decimal("1.95"), "USD")
        yield self._status(ref, OrderStatus.FILLED, at)


def traded_year() -> dict[str, Any]:
    """Order manager and watcher that remember every trade of a year."""
    machines: dict[str, Any] = {
        EXECUTION: OrderManager(ExecutionLimits()),
        OCO_WATCHER: OcoWatcher(WatcherLimits()),
    }
    with tempfile.TemporaryDirectory() as folder:
        years = Years(Path(folder) / JOURNAL_FILE)
        with closing(years.journal):
            for session in sessions_between(LAST_DAY - timedelta(days=365), LAST_DAY):
                for _, message in years.day(session, trades_alone=True):
                    for name in DURABLE.get(type(message), ()):
                        if name in machines:
                            machines[name].remember(message)
    return machines


def _idea(at: datetime) -> str:
    return Idea("SPY", at, "scalp").idea_id


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.years", description=__doc__)
    parser.add_argument("--sessions", type=int, default=1260, help="trading days, 252 a year")
    parser.add_argument("--to", type=Path, required=True, help="a new directory")
    parser.add_argument("--never-closed", action="store_true", help="as a release before closings left it")
    asked = parser.parse_args(arguments)
    path, began_s = asked.to / JOURNAL_FILE, time.monotonic()
    years = Years(path)
    with closing(years.journal):
        years.write(asked.sessions, is_closed=not asked.never_closed)
    size = path.stat().st_size / 2**20
    sys.stdout.write(
        f"{path}: {asked.sessions} sessions, {size:.0f} MiB, in {time.monotonic() - began_s:.0f} s\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
