"""The settings of trading: risk, options, session, embargoes, execution.

Defaults that a floor below owns are taken from it, so that there is one place for each number.
"""

from __future__ import annotations

from datetime import time
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from bot.config.fields import (
    Blackouts,
    Count,
    CountOrNone,
    Dollars,
    FewTimes,
    Fraction,
    Lower,
    Minutes,
    Seconds,
    Section,
    SessionMinutes,
    TimeOfDay,
    WholeSeconds,
    doc,
)
from bot.domain.terms import StrategyTerms
from bot.execution.limits import ExecutionLimits, WatcherLimits
from bot.risk.limits import RiskLimits, SessionRules
from bot.selection.choose import SelectionRules
from bot.selection.liquidity import LiquidityLimits
from bot.strategies.registry import spec_of

_R, _S, _L = RiskLimits(), SessionRules(), LiquidityLimits()
_T = StrategyTerms()
_X, _W = ExecutionLimits(), WatcherLimits()
StopTrigger = Literal[
    "default", "double_bid_ask", "last", "double_last", "bid_ask", "last_or_bid_ask", "midpoint"
]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class RiskSection(Section):
    """What may be lost, and how much may be at work. Percentages are fractions: 0.01 is 1 %."""

    max_risk_pct_per_trade: Fraction = doc(
        _R.max_risk_pct_per_trade, "Part of equity that one trade's stop may lose."
    )
    max_daily_loss_pct: Fraction = doc(
        _R.max_daily_loss_pct,
        "Loss of the day, realised and unrealised, as a part of its first equity, that halts trading.",
    )
    take_profit_pct: Annotated[Decimal, Field(gt=0, le=10)] = doc(
        _T.take_profit_pct, "The target, above the premium paid."
    )
    stop_loss_pct: Annotated[Decimal, Field(gt=0, lt=1)] = doc(
        _T.stop_loss_pct, "The stop, below the premium paid."
    )
    whale_alloc_pct: Fraction = doc(
        spec_of("whale").terms.alloc_pct, "Part of equity that open whale positions may cost together."
    )
    max_drawdown_pct: Fraction = doc(
        _R.max_drawdown_pct, "Drawdown from the recent equity high that halts trading."
    )
    drawdown_sessions: Count = doc(
        _R.drawdown_sessions, "How many sessions back the equity high is looked for."
    )
    max_loss_streak: Annotated[int, Field(ge=2, le=50)] = doc(
        _R.max_loss_streak, "Losing trades in a row after which no new position is opened."
    )
    loss_streak_resumes_next_day: bool = doc(
        _R.loss_streak_resumes_next_day,
        "true: after such a streak entries pause until the next trading day; false: until you run `resume`.",
    )
    daily_loss_resumes_next_day: bool = doc(
        _R.daily_loss_resumes_next_day,
        "true: a halt by daily loss ends with the next day; false: it lasts until `ibkr-bot resume`.",
    )
    min_equity_usd: Dollars = doc(
        _R.min_equity_usd, "No entries below this equity; IB's API itself wants 500."
    )
    max_account_age_s: WholeSeconds = doc(
        _R.max_account_age_s, "No entries on account figures older than this."
    )
    max_open_positions: Count = doc(
        _R.max_open_positions, "Maximum open positions, counted from the approval of each entry."
    )
    max_contracts_per_order: Count = doc(
        _R.max_contracts_per_order, "Maximum contracts per order; larger orders are reduced to it."
    )
    max_contracts_per_day: Count = doc(_R.max_contracts_per_day, "Maximum contracts bought in a day.")
    max_notional_per_order_usd: Dollars = doc(_R.max_notional_per_order_usd, "Maximum premium per order.")
    max_notional_per_day_usd: Dollars = doc(
        _R.max_notional_per_day_usd, "Maximum premium of all entries in a day."
    )
    max_premium_pct: Fraction = doc(
        _R.max_premium_pct, "Part of equity that the open positions of all symbols may cost together."
    )
    max_delta_pct: Annotated[Decimal, Field(gt=0, le=100)] = doc(
        _R.max_delta_pct,
        "Underlyings that the open positions of all symbols may together move like, net, as a multiple of equity.",
    )
    max_orders_per_day: Count = doc(_R.max_orders_per_day, "Maximum entries per day.")
    max_orders_per_minute: Count = doc(_R.max_orders_per_minute, "Maximum entries per minute.")
    cooldown_after_loss_minutes: Minutes = doc(
        _R.cooldown_after_loss_minutes, "No entry in the same symbol for this long after a loss."
    )
    day_trade_rule: Annotated[Literal["intraday_margin", "pattern_day_trader", "none"], Lower] = doc(
        _R.day_trade_rule.value,
        "The rule for a margin account's day trades: intraday_margin (FINRA 4210 since June 2026), pattern_day_trader "
        "(the rule before, which a broker may keep until October 2027), or none.",
    )
    account_type: Annotated[Literal["margin", "cash"], Lower] = doc(
        "margin", "cash: entries use settled cash only, so that no good-faith violation can happen."
    )
    pdt_guard: bool | None = doc(
        None,
        "Old name: true is day_trade_rule: pattern_day_trader, false is none; null: day_trade_rule decides.",
    )
    pdt_equity_usd: Dollars = doc(
        _R.pdt_equity_usd, "With pattern_day_trader: day trades are counted below this equity."
    )
    pdt_max_day_trades: Count = doc(
        _R.pdt_max_day_trades, "With pattern_day_trader: day trades allowed within five sessions."
    )
    max_quote_age_s: WholeSeconds = doc(_R.max_quote_age_s, "No entry on an option quote older than this.")
    min_premium_usd: Dollars = doc(
        _R.min_premium_usd, "No options cheaper than this: a tick is too large a part of them."
    )
    require_live_data: bool = doc(
        _R.require_live_data, "No entries on delayed or frozen data. Must stay true for live trading."
    )
    stale_halt_minutes: Count | None = doc(
        _R.stale_halt_minutes, "Data stale for this long in an open market halts trading; null: never."
    )
    max_clock_skew_s: Count | None = doc(
        _R.max_clock_skew_s, "The broker's clock this far from ours halts trading; null: never."
    )
    canary_contracts: tuple[Count, ...] = doc(
        _R.canary_contracts,
        "Live only: most contracts an order in the first live sessions, step by step; then max_contracts_per_order. [] for none.",
    )
    canary_sessions: Count = doc(
        _R.canary_sessions, "Sessions, in which something was bought, of each of these steps."
    )
    max_refusals: Count = doc(
        _R.max_refusals, "Orders rejected by the broker, within the window below, that halt trading."
    )
    refusal_window_minutes: Count = doc(_R.refusal_window_minutes, "Length of that window, in minutes.")
    what_if_margin: bool = doc(
        _R.what_if, "Ask the broker what an entry would cost before placing it (never in a dry run)."
    )
    what_if_timeout_s: WholeSeconds = doc(
        _R.what_if_timeout_s, "Timeout for that answer; without one the entry is denied."
    )
    commission_per_contract_usd: Annotated[Decimal, Field(ge=0)] = doc(
        _R.commission_per_contract_usd,
        "Commission of each contract, at each of two orders.",
    )
    min_commission_per_order_usd: Annotated[Decimal, Field(ge=0)] = doc(
        _R.min_commission_per_order_usd, "Least commission of an order."
    )
    fees_per_contract_usd: Annotated[Decimal, Field(ge=0)] = doc(
        _R.fees_per_contract_usd,
        "What is passed on of each contract on top, at each of two orders: ORF, OCC, on sales TAF and the SEC's fee.",
    )
    stop_slippage_ticks: CountOrNone = doc(
        _R.stop_slippage_ticks,
        "Ticks, beyond the spread, that a stop is expected to sell below its trigger; part of what a stop costs.",
    )
    i_accept_more_risk: bool = doc(
        False, "Lifts the hard ceilings, which `ibkr-bot config check` names when they are hit."
    )


class OptionsSection(Section):
    """Which contract carries an idea."""

    expiry: Annotated[str, Lower] = doc("weekly", "weekly, or a range of days to expiry like 7-14.")
    moneyness: Annotated[str, Lower] = doc("atm", "atm, itmp1, otmp1 (one strike in or out), or delta:0.40.")
    alternatives: CountOrNone = doc(
        SelectionRules().alternatives,
        "Other contracts (the nearest strikes, then the next expiry) tried where the named one is held or unfit.",
    )
    max_spread_pct: Fraction = doc(_L.max_spread_pct, "Maximum spread, as a part of the mid price …")
    max_spread_usd: Dollars = doc(_L.max_spread_usd, "… and in dollars.")
    min_volume: CountOrNone = doc(_L.min_volume, "Minimum contracts traded today; 0 disables the check.")
    min_open_interest: CountOrNone = doc(_L.min_open_interest, "Minimum open interest; 0 disables the check.")
    intrinsic_slack_pct: Fraction = doc(
        _L.intrinsic_slack_pct, "How far below intrinsic value, in parts of the underlying, is still sane."
    )
    max_time_value_pct: Fraction = doc(
        _L.max_time_value_pct,
        "Time value, in parts of the underlying, above which a price is not an option's.",
    )


class SessionSection(Section):
    """When, within New York's regular hours, entries are allowed and positions end."""

    minutes_after_open: Minutes = doc(_S.minutes_after_open, "No entry in this many minutes after the open.")
    minutes_before_close: Minutes = doc(
        _S.minutes_before_close, "No entry in the last minutes before the close."
    )
    trade_half_days: bool = doc(_S.trade_half_days, "false: no entries on days that close at 13:00.")
    exit_minutes_before_close: SessionMinutes = doc(
        _S.exit_minutes_before_close, "Scalp positions are closed this long before the close."
    )
    expiry_cutoff_minutes: SessionMinutes = doc(
        _S.expiry_cutoff_minutes, "On an option's last day it is sold this long before the close."
    )
    blackouts: Blackouts = doc(
        (),
        "No entries around these events, times in New York: as '2026-12-09 14:00 FOMC', '2027-01-13 08:30 CPI', or for "
        "one symbol and the whole day '2027-01-28 @AAPL earnings'.",
    )
    blackout_before_minutes: Minutes = doc(
        _S.blackout_before_minutes, "From this long before such an event …"
    )
    blackout_after_minutes: Minutes = doc(_S.blackout_after_minutes, "… until this long after it.")
    min_holding_minutes: Minutes = doc(
        _S.min_holding_minutes, "No entry that would have to be closed sooner."
    )


class EmbargoSection(Section):
    """One time at which nothing new may be risked."""

    at: TimeOfDay | None = doc(None, "HH:MM in quotes; null: no such window.")
    weekday: Annotated[Weekday, Lower] | None = doc(None, "null: every day.")
    lead_minutes: Minutes = doc(15, "The window begins this long before …")
    lasts_minutes: Minutes = doc(15, "… and ends this long after.")


class EmbargoesSection(Section):
    """Restarts and resets that are known in advance. IB moves them: see its system status page (looked up in 2026)."""

    gateway_restart: EmbargoSection = doc(
        EmbargoSection(at=time(23, 45)), "The gateway's own daily restart, in the zone of `timezone`."
    )
    server_reset: EmbargoSection = doc(
        EmbargoSection(at=time(0, 15), lasts_minutes=90), "IB's nightly reset, in New York's time."
    )
    token_expiry: EmbargoSection = doc(
        EmbargoSection(at=time(1, 0), weekday="sunday", lead_minutes=60, lasts_minutes=60),
        "The weekly end of the log-in, in New York's time; the gateway then needs its second factor.",
    )


class ExecutionSection(Section):
    """How orders are worked and protection is looked after."""

    entry_timeout_s: WholeSeconds = doc(
        _R.entry_timeout_s, "Cancel the unfilled part of an entry after this time."
    )
    entry_grace_s: Seconds = doc(
        _X.entry_grace_s,
        "So long after that the broker ends it by itself: an entry does not outlive the bot.",
    )
    entry_offset_ticks: CountOrNone = doc(_R.entry_offset_ticks, "Ticks above the ask that an entry may pay.")
    answer_s: Seconds = doc(
        _X.answer_s, "After this time an order or cancel without an answer is looked up at the broker."
    )
    settle_s: Seconds = doc(
        _X.settle_s, "An order missing from a snapshot taken this much later never arrived."
    )
    snapshot_every_s: Seconds = doc(
        _X.snapshot_every_s, "How often the broker's books are fetched as a matter of routine."
    )
    stop_trigger: Annotated[StopTrigger, Lower] = doc(
        "default",
        "What sets a stop off: default (IB's own for the contract), double_bid_ask, last, double_last, bid_ask, "
        "last_or_bid_ask, or midpoint.",
    )
    stop_type: Annotated[Literal["stop", "stop_limit"], Lower] = doc(
        "stop",
        "stop: sells at the market. stop_limit: at a limit, and at the market where that does not fill; less in a bad book, "
        "later in a falling one.",
    )
    stop_limit_pct: Annotated[Decimal, Field(gt=0, le=Decimal("0.5"))] = doc(
        Decimal("0.10"), "How far below its trigger that limit lies, as part of it."
    )
    stop_limit_wait_s: Seconds = doc(
        _W.stop_limit_wait_s, "The market beyond that limit for so long: sold at the market."
    )
    ticks_per_rung: FewTimes = doc(_X.ticks_per_rung, "How far each step of an exit goes below the bid.")
    market_rung: FewTimes = doc(_X.market_rung, "From this step on a market order closes the position.")
    max_slip_pct: Annotated[float, Field(gt=0, le=0.2)] = doc(
        _X.max_slip, "An exit's limit is never further below the bid; IB's collar is 0.2."
    )
    rung_s: Seconds = doc(_W.rung_s, "Time given to each step of an exit.")
    repair_grace_s: Seconds = doc(
        _W.repair_grace_s,
        "A stop must be missing for this long, and from a snapshot, before it is replaced.",
    )
    repair_wait_s: Seconds = doc(_W.repair_wait_s, "Time given to each replacement.")
    max_repairs: FewTimes = doc(_W.max_repairs, "Replacements before the position is closed instead.")
    repair_limit_s: Seconds = doc(_W.repair_limit_s, "A position without protection for this long is closed.")
    commission_wait_s: Seconds = doc(
        _W.commission_wait_s, "How long a closed trade waits for its commission reports."
    )
