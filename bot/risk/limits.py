"""What Risk may allow: every number it compares with, frozen at the start.

Percentages are fractions (``Decimal("0.01")`` is 1 %). ``None`` switches a limit off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.domain.session import NEW_YORK
from bot.domain.terms import StrategyTerms
from bot.risk.blackout import Blackout
from bot.risk.denials import DenialCode


class DayTradeRule(StrEnum):
    """Which rule a margin account's day trades fall under."""

    INTRADAY_MARGIN = "intraday_margin"
    """FINRA Rule 4210 since 4 June 2026 (SR-FINRA-2025-017, SEC Release 34-105226): no count of day trades; a firm may
    block a trade that would create an intraday margin deficit."""
    PATTERN_DAY_TRADER = "pattern_day_trader"
    """The rule before, which a firm may keep until 20 October 2027: four day trades within five business days make a
    pattern day trader, who needs 25,000 USD (former paragraph (f)(8)(B))."""
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskLimits:
    """The limits of one account. ``strategies`` holds the terms of each strategy by its name."""

    strategies: Mapping[str, StrategyTerms] = field(default_factory=dict)

    max_risk_pct_per_trade: Decimal = Decimal("0.01")
    max_daily_loss_pct: Decimal = Decimal("0.05")
    max_drawdown_pct: Decimal = Decimal("0.15")
    drawdown_sessions: int = 20
    max_loss_streak: int = 5
    daily_loss_resumes_next_day: bool = False
    loss_streak_resumes_next_day: bool = True
    # IB gives accounts below this no market data subscriptions (IBKR Campus, "Market Data Subscriptions").
    min_equity_usd: Decimal = Decimal(500)
    max_account_age_s: int | None = 600

    max_open_positions: int = 3
    max_contracts_per_order: int = 10
    max_contracts_per_day: int = 50
    max_notional_per_order_usd: Decimal = Decimal(5_000)
    max_notional_per_day_usd: Decimal = Decimal(25_000)
    max_premium_pct: Decimal = Decimal("0.30")
    max_delta_pct: Decimal = Decimal("15.0")
    max_orders_per_day: int = 20
    max_orders_per_minute: int = 4
    cooldown_after_loss_minutes: int = 5

    day_trade_rule: DayTradeRule = DayTradeRule.INTRADAY_MARGIN
    is_cash_account: bool = False
    pdt_equity_usd: Decimal = Decimal(25_000)
    pdt_max_day_trades: int = 3

    max_quote_age_s: int = 120
    max_spread_pct: Decimal = Decimal("0.04")
    min_premium_usd: Decimal = Decimal("0.10")
    require_live_data: bool = True
    stale_halt_minutes: int | None = 30
    max_clock_skew_s: int | None = 10

    # The first live sessions: at most so many contracts an order, for ``canary_sessions`` sessions in which was bought each.
    is_live: bool = False
    canary_contracts: tuple[int, ...] = (1, 2, 5)
    canary_sessions: int = 5

    max_refusals: int = 3
    refusal_window_minutes: int = 10

    what_if: bool = True
    what_if_timeout_s: int = 15
    entry_offset_ticks: int = 0
    entry_timeout_s: int = 45
    # IBKR's pricing page, Tiered, as read in November 2026: 0.65 a contract at premiums from 0.10 (less below), 1.00 an order
    # at least; on top of either 0.02685 regulatory fee, 0.02 clearing, and on sales 0.00279 trading activity fee and the SEC's
    # 0.000008 of the value: 0.098 for a contract bought and sold at 2.00, half of it at each order.
    commission_per_contract_usd: Decimal = Decimal("0.65")
    min_commission_per_order_usd: Decimal = Decimal("1.00")
    fees_per_contract_usd: Decimal = Decimal("0.05")
    stop_slippage_ticks: int = 1

    def scaled(self, factor: float) -> RiskLimits:
        """The same limits for a clock that runs faster than the broker can answer: waits and ages times ``factor``."""
        age_s, skew_s = self.max_account_age_s, self.max_clock_skew_s
        return replace(
            self,
            what_if_timeout_s=int(self.what_if_timeout_s * factor),
            max_quote_age_s=int(self.max_quote_age_s * factor),
            max_account_age_s=None if age_s is None else int(age_s * factor),
            max_clock_skew_s=None if skew_s is None else int(skew_s * factor),
        )

    def spread_cap(self, strategy: str) -> Decimal:
        """How wide a spread may be for its entries, as a part of the mid: its own cap, where the settings give it one."""
        own = self.terms(strategy).max_spread_pct
        return self.max_spread_pct if own is None else own

    def terms(self, strategy: str) -> StrategyTerms:
        """The named strategy's terms. KeyError for a strategy nobody gave terms to."""
        return self.strategies[strategy]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbargoWindow:
    """A time at which nothing new may be risked: ``lead_minutes`` before ``starts`` until ``lasts_minutes`` after.

    ``weekday`` is Monday's 0 to Sunday's 6, or None for every day; both are read in ``zone``.
    """

    code: DenialCode
    starts: time
    lasts_minutes: int
    lead_minutes: int
    weekday: int | None = None
    zone: ZoneInfo = NEW_YORK


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRules:
    """When, within a New York session, entries are allowed and positions must be gone."""

    minutes_after_open: int = 5
    minutes_before_close: int = 30
    trade_half_days: bool = True
    exit_minutes_before_close: int = 10
    expiry_cutoff_minutes: int = 60
    min_holding_minutes: int = 5
    blackouts: tuple[Blackout, ...] = ()
    blackout_before_minutes: int = 30
    blackout_after_minutes: int = 60
    embargoes: tuple[EmbargoWindow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRule:
    """Which account may be traded. ``account_id`` empty accepts any; ``must_be_paper`` None accepts both kinds."""

    account_id: str = ""
    must_be_paper: bool | None = None

    def fault(self, connected: str) -> str:
        """Why this account is the wrong one, or nothing. IB's paper accounts begin with D."""
        if self.account_id and connected != self.account_id:
            return f"connected to another account than the configured {self.account_id}"
        if self.must_be_paper is not None and connected.startswith("D") is not self.must_be_paper:
            kind = "paper" if self.must_be_paper else "live"
            return f"a {kind} account is configured and the gateway is logged in to the other kind"
        return ""


def next_start(window: EmbargoWindow, at: datetime) -> datetime:
    """The first start of the window after this instant."""
    local = at.astimezone(window.zone)
    for days in range(8):
        start = datetime.combine(local.date() + timedelta(days=days), window.starts, window.zone)
        if start > at and window.weekday in (None, start.weekday()):
            return start.astimezone(UTC)
    raise AssertionError("a week has every weekday")
