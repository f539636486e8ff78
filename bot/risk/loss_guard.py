"""The guard of the account: marks equity, trips breakers, obeys the operator, and says the trading state.

Rule: the machine applies what is said before the next line here runs (see ``domain.machine``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

from bot.domain import messages as m
from bot.domain.messages import TRADING
from bot.domain.session import CalendarRangeError, is_open
from bot.domain.types import TradingState
from bot.risk.breakers import HaltCause, standing
from bot.risk.conditions import SEPARATOR
from bot.risk.limits import AccountRule, RiskLimits
from bot.risk.risk_book import RiskBook

MARK_EVERY = timedelta(minutes=1)
OURSELVES = "risk"
NEW_DAY = "a new trading day"
"""Why a cause that lasts for a day is lifted."""
AT_THE_START = "at the start "
"""Begins the detail of a halt that lifts itself once the clocks agree: a machine's clock is set soon after it was started."""


class LossGuard:
    """Reads the machine's book; ``limits`` gives those of the moment."""

    def __init__(self, book: RiskBook, limits: Callable[[], RiskLimits], account: AccountRule) -> None:
        self._book = book
        self._limits = limits
        self._account = account
        self.is_calm = False
        """Whether the last look found nothing that trips a breaker, nor will time alone on this day."""
        self._said: tuple[TradingState, tuple[str, ...]] | None = None

    def mark_equity(self) -> Iterator[m.Message]:
        """Open the day with the first equity reported in it; mark equity once a minute and at every new extreme."""
        equity, losses, now = self._book.conditions.equity_usd, self._book.losses, self._book.now
        if equity is None:
            return
        today = self._book.today
        if losses.day != today:
            yield m.DayOpened(today.isoformat(), now, equity)
            yield from self._resume_next_day()
        # The last mark may lie ahead: the clock was wrong when it was made.
        is_due = losses.marked_at is None or abs(now - losses.marked_at) >= MARK_EVERY
        pnl = losses.day_pnl_usd(equity)
        if pnl is not None and (is_due or losses.is_new_extreme(equity, today)):
            peak = losses.peak_usd(today, self._limits().drawdown_sessions)
            yield m.EquityMarked(now, equity, pnl, max(equity, peak or equity))

    def _resume_next_day(self) -> Iterator[m.Message]:
        ends_with_the_day = {
            HaltCause.DAILY_LOSS: self._limits().daily_loss_resumes_next_day,
            HaltCause.LOSS_STREAK: self._limits().loss_streak_resumes_next_day,
        }
        for cause, does_end in ends_with_the_day.items():
            if does_end and cause in self._book.latch.causes:
                yield m.Resumed(self._book.now, cause.value, NEW_DAY, OURSELVES)

    def trip_breakers(self) -> Iterator[m.Message]:
        """Halt for every condition that stands and is not latched yet; lift what was a clock's first reading alone."""
        latch, found = self._book.latch, self._standing()
        self.is_calm = not found and not self._book.conditions.stale_since
        for cause, detail in found.items():
            if cause not in latch.causes:
                yield self._halt(cause, detail, OURSELVES)
        skew = latch.causes.get(HaltCause.CLOCK_SKEW, "")
        agrees = HaltCause.CLOCK_SKEW not in found and self._book.conditions.has_two_measurements
        if skew.startswith(AT_THE_START) and agrees:
            yield m.Resumed(self._book.now, HaltCause.CLOCK_SKEW.value, "the clocks agree again", OURSELVES)
        if latch.forgotten:
            lost = ", ".join(latch.forgotten)
            yield self._halt(HaltCause.DISK_FAILURE, f"the journal did not know {lost}", OURSELVES)
        if unseen := latch.unseen_mismatches(self._book.conditions.mismatches):
            known = latch.causes.get(HaltCause.RECONCILIATION_MISMATCH)
            detail = SEPARATOR.join([known, *unseen] if known else unseen)
            yield self._halt(HaltCause.RECONCILIATION_MISMATCH, detail, OURSELVES)

    def halt(self, order: m.HaltTrading) -> Iterator[m.Message]:
        """Halt as told. The bot's own parts begin their reason with the cause: ``disk_failure: no space left``."""
        named = order.reason.partition(":")[0].strip()
        cause = HaltCause(named) if named in set(HaltCause) else HaltCause.OPERATOR
        if cause not in self._book.latch.causes:
            yield self._halt(cause, order.reason, order.by)

    def halt_to_flatten(self, order: m.FlattenAll) -> Iterator[m.Message]:
        """Who flattens wants nothing new either."""
        if HaltCause.OPERATOR not in self._book.latch.causes:
            yield self._halt(HaltCause.OPERATOR, f"flatten: {order.reason}", order.by)

    def resume(self, order: m.ResumeTrading) -> Iterator[m.Message]:
        """Lift every latched cause, and halt again for those that still stand. Nameless or reasonless orders are void."""
        if not order.reason.strip() or not order.by.strip():
            return
        for cause in tuple(self._book.latch.causes):
            yield m.Resumed(self._book.now, cause, order.reason, order.by)
        for cause, detail in self._standing().items():
            yield self._halt(cause, f"still stands: {detail}", OURSELVES)

    def publish_state(self) -> Iterator[m.Message]:
        """The trading state, when it or its causes changed."""
        state = self._book.latch.state(self._book.conditions.reducing)
        if state != self._said:
            self._said = state
            yield m.TradingStateChanged(self._book.now, *state)

    def _standing(self) -> dict[HaltCause, str]:
        present, limits = self._book.conditions, self._limits()
        found = standing(self._book.losses, present.equity_usd, self._book.now, limits)
        if present.equity_fault:
            found[HaltCause.EQUITY_MISSING] = present.equity_fault
        if present.is_connected and (fault := self._account.fault(present.connected_account)):
            found[HaltCause.ACCOUNT_MISMATCH] = fault
        most_s = limits.max_clock_skew_s
        if most_s is not None and present.clock_offsets_s and abs(present.clock_skew_s) > most_s:
            first = "" if present.has_two_measurements else AT_THE_START
            found[HaltCause.CLOCK_SKEW] = (
                f"{first}the broker's clock is {present.clock_skew_s:+.0f} s from ours: is time synchronised?"
            )
        if stale := self._long_stale():
            found[HaltCause.STALE_DATA] = stale
        return found

    def _long_stale(self) -> str:
        stale = self._book.conditions.stale_since
        if not stale:
            return ""
        minutes, now = self._limits().stale_halt_minutes, self._book.now
        if minutes is None or not self._market_is_open():
            return ""
        long = [
            f"{symbol} {feed}"
            for (symbol, feed), at in stale.items()
            if feed != TRADING and now - at >= timedelta(minutes=minutes)
        ]
        return f"no data for {minutes} min: {', '.join(long)}" if long else ""

    def _market_is_open(self) -> bool:
        try:
            return is_open(self._book.now)
        except CalendarRangeError:
            return False

    def _halt(self, cause: HaltCause, detail: str, by: str) -> m.Message:
        return m.Halted(self._book.now, cause.value, detail, by)
