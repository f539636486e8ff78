"""Moments of a day, as the status and the day's record have them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.market import Bar, BarSize
from bot.domain.types import TradingState
from bot.ops.page.day_record import DayRecorder
from bot.ops.page.feed import Recorded
from bot.ops.status.status_builder import StatusBuilder
from tests.journal.makers import BAR_END, CLOSED, ENTRY, ENTRY_FEE, EXIT, IDEA, PLACED, QUOTE, TRADE_IDEA

OPEN = BAR_END.replace(hour=14, minute=30)
BARS = [
    Bar("SPY", BarSize.M1, OPEN + timedelta(minutes=n), 127 + n / 100, 127.1 + n / 100, 126.9, 127.05, 1000 + n)
    for n in range(90)
]  # fmt: skip
STARTED = m.LineStarted(OPEN - timedelta(minutes=5), "abc1234", "growth", dry_run=False, symbols=("SPY",))
CONNECTED = b.BrokerConnected(OPEN - timedelta(minutes=4), "DU1234567", 1, 178, 1)
RECONCILED = m.Reconciled(OPEN - timedelta(minutes=3), (), ())
ACTIVE = m.TradingStateChanged(OPEN, TradingState.ACTIVE, ())
DAY = m.DayOpened(str(OPEN.date()), OPEN, Decimal(50_000))
EQUITY = m.EquityMarked(BAR_END, Decimal(49_990), Decimal(-10), Decimal(50_100))
PROVED = m.ProtectionChanged(IDEA, True, 3, 3, 0.4, BAR_END + timedelta(seconds=3))
BID = m.QuoteUpdated(replace(QUOTE, bid=Decimal("0.85"), at=BAR_END + timedelta(minutes=2)))
NOON = m.TimePassed(BAR_END + timedelta(minutes=3))

QUIET = [
    STARTED,
    CONNECTED,
    RECONCILED,
    DAY,
    ACTIVE,
    *(m.BarClosed(bar) for bar in BARS if bar.end <= BAR_END),
    EQUITY,
    NOON,
]
HOLDING = [*QUIET, TRADE_IDEA, PLACED, ENTRY, ENTRY_FEE, PROVED, BID, NOON]
DONE = [*HOLDING, EXIT, CLOSED, m.TimePassed(CLOSED.closed_at)]


class Moment:
    """A status and a day's record that heard the same."""

    def __init__(self, messages: list[m.Message]) -> None:
        self.builder = StatusBuilder(("SPY",))
        self.recorder = DayRecorder()
        self._both = Recorded(self.builder, self.recorder)
        self.hear(*messages)

    def hear(self, *messages: m.Message) -> Moment:
        for message in messages:
            list(self._both.handle(message))
        return self

    def answers(self, message: m.Message) -> list[m.Message]:
        """What follows from hearing it."""
        return list(self._both.handle(message))
