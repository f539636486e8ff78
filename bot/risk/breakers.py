"""Losses and refusals, folded from rows that are on disk, and the conditions under which trading must halt.

Rule: a breaker is a question about the present (:func:`standing`); that it once tripped is remembered by the latch
alone. So a crash between a loss and its halt is made good by the next question.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from bot.domain.broker_messages import OrderRefused
from bot.domain.messages import BracketClosed, DayOpened, EquityMarked
from bot.domain.session import CalendarRangeError, new_york_day, nth_session_before
from bot.domain.types import IdeaId
from bot.risk.denials import figure_text
from bot.risk.limits import RiskLimits


class HaltCause(StrEnum):
    """Why trading is halted. Each is latched on its own and lifted by a person."""

    OPERATOR = "operator"
    DAILY_LOSS = "daily_loss"
    LOSS_STREAK = "loss_streak"
    DRAWDOWN = "drawdown"
    EQUITY_MISSING = "equity_missing"
    RECONCILIATION_MISMATCH = "reconciliation_mismatch"
    ORDER_REFUSED_STORM = "order_refused_storm"
    STALE_DATA = "stale_data"
    ACCOUNT_MISMATCH = "account_mismatch"
    DISK_FAILURE = "disk_failure"
    CLOCK_SKEW = "clock_skew"
    REPEATED_FAILURE = "repeated_failure"


_REFUSALS_KEPT = 1000


@dataclass(slots=True)
class _Worked:
    """The peak of a day and a number of sessions, worked out once and no part of what is known; None: work it out again."""

    out: tuple[date, int, Decimal | None] | None = field(default=None, compare=False)


class Losses:
    """Start-of-day equity, marks, the last trades' results and the broker's refusals."""

    def __init__(self) -> None:
        self.day: date | None = None
        self.day_start_usd: Decimal | None = None
        self.highs: dict[date, Decimal] = {}
        self.day_low_usd: Decimal | None = None
        self.marked_at: datetime | None = None
        self.results: dict[IdeaId, Decimal] = {}
        self.last_loss_at: dict[str, datetime] = {}
        self._peak = _Worked()
        self.refused_at: dict[IdeaId, datetime] = {}
        """One refusal for each idea: what is said of its children, or tried again, is a consequence."""

    def open_day(self, opened: DayOpened) -> None:
        self.day = date.fromisoformat(opened.day)
        self.day_start_usd = opened.equity
        self.day_low_usd = None

    def mark(self, mark: EquityMarked) -> None:
        day = new_york_day(mark.at)
        if mark.equity > self.highs.get(day, 0):
            self.highs[day] = mark.equity
            self._peak.out = None
        low = self.day_low_usd
        self.day_low_usd = mark.equity if low is None else min(low, mark.equity)
        self.marked_at = mark.at

    def close(self, closed: BracketClosed) -> None:
        # A corrected execution closes a bracket twice; the later word replaces the earlier.
        self.results.pop(closed.idea_id, None)
        self.results[closed.idea_id] = closed.pnl
        if closed.pnl < 0:
            self.last_loss_at[closed.symbol] = closed.closed_at

    def refuse(self, refused: OrderRefused) -> None:
        self.refused_at.setdefault(refused.ref.rpartition("/")[0], refused.at)
        while len(self.refused_at) > _REFUSALS_KEPT:
            del self.refused_at[next(iter(self.refused_at))]

    def forgive(self, cause: str) -> None:
        """A person resumed: what led to this cause is counted afresh from here."""
        match cause:
            case HaltCause.LOSS_STREAK:
                self.results.clear()
            case HaltCause.DRAWDOWN:
                self.highs.clear()
                self._peak.out = None
            case HaltCause.ORDER_REFUSED_STORM:
                self.refused_at.clear()

    @property
    def streak(self) -> int:
        """Losing trades in a row, up to now; a trade that broke even neither adds nor ends."""
        count = 0
        for pnl in reversed(self.results.values()):
            if pnl > 0:
                break
            count += pnl < 0
        return count

    def peak_usd(self, today: date, sessions: int) -> Decimal | None:
        """The highest mark of the last ``sessions`` trading days, today included."""
        known = self._peak.out
        if known is None or known[:2] != (today, sessions):
            known = self._peak.out = today, sessions, self._find_peak(today, sessions)
        return known[2]

    def _find_peak(self, today: date, sessions: int) -> Decimal | None:
        try:
            first = nth_session_before(today, sessions).day
        except CalendarRangeError:
            first = date.min
        return max((high for day, high in self.highs.items() if day > first), default=None)

    def day_pnl_usd(self, equity_usd: Decimal) -> Decimal | None:
        return None if self.day_start_usd is None else equity_usd - self.day_start_usd

    def is_new_extreme(self, equity_usd: Decimal, today: date) -> bool:
        """Whether this equity lies outside what was marked today."""
        high, low = self.highs.get(today), self.day_low_usd
        return high is None or low is None or equity_usd > high or equity_usd < low


def standing(
    losses: Losses, equity_usd: Decimal | None, now: datetime, limits: RiskLimits
) -> dict[HaltCause, str]:
    """The breakers that are tripped at this moment, each with its figures in words."""
    found = {
        HaltCause.DAILY_LOSS: _daily_loss(losses, equity_usd, now, limits),
        HaltCause.DRAWDOWN: _drawdown(losses, equity_usd, now, limits),
        HaltCause.LOSS_STREAK: _streak(losses, limits),
        HaltCause.ORDER_REFUSED_STORM: _refusals(losses, now, limits),
    }
    return {cause: detail for cause, detail in found.items() if detail}


def is_clear(losses: Losses, low: Decimal, high: Decimal, now: datetime, limits: RiskLimits) -> bool:
    """Whether the equity may go from ``low`` to ``high`` and back without tripping a breaker of losses on a day that is open."""
    day = new_york_day(now)
    if losses.day != day or losses.day_start_usd is None or low <= 0:
        return False
    peak = max(losses.peak_usd(day, limits.drawdown_sessions) or high, high)
    lost = losses.day_start_usd - low
    return (
        lost < losses.day_start_usd * limits.max_daily_loss_pct
        and peak - low < peak * limits.max_drawdown_pct
    )


def _daily_loss(losses: Losses, equity: Decimal | None, now: datetime, limits: RiskLimits) -> str:
    start = losses.day_start_usd
    if equity is None or start is None or losses.day != new_york_day(now):
        return ""
    lost, allowed = start - equity, start * limits.max_daily_loss_pct
    if lost < allowed:
        return ""
    return (
        f"down {figure_text(lost)} of {figure_text(start)} since the day's start, "
        f"limit {figure_text(allowed)}; it ends with the day"
    )


def _drawdown(losses: Losses, equity: Decimal | None, now: datetime, limits: RiskLimits) -> str:
    peak = losses.peak_usd(new_york_day(now), limits.drawdown_sessions)
    if equity is None or peak is None:
        return ""
    lost, allowed = peak - equity, peak * limits.max_drawdown_pct
    if lost <= 0 or lost < allowed:
        return ""
    return f"down {figure_text(lost)} from the peak of {figure_text(peak)}, limit {figure_text(allowed)}"


def _streak(losses: Losses, limits: RiskLimits) -> str:
    if losses.streak < limits.max_loss_streak:
        return ""
    until = "; entries resume on the next trading day" if limits.loss_streak_resumes_next_day else ""
    return f"{losses.streak} losing trades in a row, limit {limits.max_loss_streak}{until}"


def _refusals(losses: Losses, now: datetime, limits: RiskLimits) -> str:
    if len(losses.refused_at) < limits.max_refusals:
        return ""
    window = timedelta(minutes=limits.refusal_window_minutes)
    count = sum(now - window < at for at in losses.refused_at.values())
    if count < limits.max_refusals:
        return ""
    return f"{count} ideas had orders rejected within {limits.refusal_window_minutes} min, limit {limits.max_refusals}"
