"""From settings to what each part understands. The one place that knows both names.

What it is given is read by attribute alone, so that a plain copy of the settings (``bot.config.plain``) will do.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.broker.connection.settings import BrokerSettings
from bot.config.strategy_rules import expiry_rules as expiry_rules
from bot.config.strategy_rules import most_strikes_each_side as most_strikes_each_side
from bot.config.strategy_rules import option_rules as option_rules
from bot.config.strategy_rules import risk_limits as risk_limits
from bot.config.strategy_rules import section_of as section_of
from bot.config.strategy_rules import selection_rules as selection_rules
from bot.config.strategy_rules import shared
from bot.config.strategy_rules import strategy_parameters as strategy_parameters
from bot.domain.market import BarSize
from bot.domain.session import NEW_YORK
from bot.domain.terms import StrategyTerms
from bot.execution.limits import ExecutionLimits, WatcherLimits
from bot.market_data.machine import MarketDataLimits
from bot.ops.alerts.address import DISCORD, SLACK, TELEGRAM, Address
from bot.ops.alerts.conditions import LastingLimits
from bot.risk.blackout import parse_blackout
from bot.risk.denials import DenialCode
from bot.risk.limits import AccountRule, EmbargoWindow, RiskLimits, SessionRules
from bot.strategies.entry_timing import Wait
from bot.strategies.registry import NAMES, STRATEGIES

if TYPE_CHECKING:
    from bot.config.settings import Settings
    from bot.config.trading_sections import EmbargoSection

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

TRIGGER_METHODS = {
    "default": 0,
    "double_bid_ask": 1,
    "last": 2,
    "double_last": 3,
    "bid_ask": 4,
    "last_or_bid_ask": 7,
    "midpoint": 8,
}
"""IB's numbers (TWS API, Order.TriggerMethod; 5 and 6 are not used)."""

DERIVED: dict[type, dict[str, str]] = {
    RiskLimits: {
        "strategies": "strategies.<name>, each with risk's as its default",
        "max_spread_pct": "options.max_spread_pct",
        "is_live": "broker.trading",
        "what_if": "risk.what_if_margin, never in a dry run",
        "is_cash_account": "risk.account_type",
        "entry_offset_ticks": "execution.entry_offset_ticks",
        "entry_timeout_s": "execution.entry_timeout_s",
    },
    StrategyTerms: {
        "alloc_pct": "strategies.<name>.alloc_pct",
        "time_stop_minutes": "strategies.<name>.time_stop_minutes",
        "flat_by_session_end": "strategies.<name>.flat_by_session_end",
        "max_spread_pct": "strategies.<name>.options.max_spread_pct",
    },
    SessionRules: {"embargoes": "embargo"},
    ExecutionLimits: {
        "max_slip": "execution.max_slip_pct",
        "symbols": "symbols",
        "fill_wait_s": "shorter than answer_s: a status and its execution leave the gateway together",
        "snapshot_retry_s": "a snapshot's own deadline in the adapter",
        "snapshot_gap_s": "the adapter's pacing",
        "backoff_max_s": "the adapter's pacing",
        "inactive_wait_s": "answer_s, for an order that IB calls inactive",
        "market_rests_s": "shorter than overdue_s: when a person is told, the limit waits already",
        "forced_step": "market_rung, and the steps that a moved limit gets",
    },
    WatcherLimits: {
        "blind_s": "twice repair_limit_s: no snapshot for so long is evidence of its own",
        "look_s": "longer than a snapshot takes",
        "last_step": "market_rung: what lies beyond repeats itself",
        "passed_step": "the order manager's forced_step: an order at the market beside the stop",
        "quote_fresh_s": "risk.max_quote_age_s, which judges entries by the same age",
        "sibling_grace_s": "what IB takes to end an OCA group",
        "cancel_retry_s": "longer than answer_s",
        "clock_tolerance_s": "as risk.max_clock_skew_s, which halts",
        "early_close_s": "as session.exit_minutes_before_close by default: 10 minutes",
        "overdue_s": "a minute: by then a person must know that nobody buys",
        "shut_retry_s": "half an hour: what IB refuses at night it takes, if at all, much later",
        "snapshot_retry_s": "as for the order manager",
        "snapshot_gap_s": "as for the order manager",
        "backoff_max_s": "as for the order manager",
    },
    LastingLimits: {
        "while_open": "monitoring.lasting_after_minutes",
        "while_closed": "longer than the nightly restarts of gateway and IB",
        "log_in": "embargo.token_expiry",
    },
}
"""The limits that have no setting of the same name, and what each is made from or why it is what it is."""


def session_rules(settings: Settings) -> SessionRules:
    embargo = settings.embargo
    # A gateway that lives only as long as one run has no daily restart.
    restarts = not (settings.broker.trading == "simulated" and settings.broker.embedded_gateway)
    windows = (
        restarts
        and _window(embargo.gateway_restart, DenialCode.EMBARGO_GATEWAY_RESTART, ZoneInfo(settings.timezone)),
        _window(embargo.server_reset, DenialCode.EMBARGO_SERVER_RESET, NEW_YORK),
        _window(embargo.token_expiry, DenialCode.EMBARGO_TOKEN_EXPIRY, NEW_YORK),
    )
    return SessionRules(
        **shared(settings.session, SessionRules, but=("blackouts",)),
        blackouts=tuple(parse_blackout(text) for text in settings.session.blackouts),
        embargoes=tuple(window for window in windows if window),
    )


def _window(section: EmbargoSection, code: DenialCode, zone: ZoneInfo) -> EmbargoWindow | None:
    if section.at is None:
        return None
    return EmbargoWindow(
        code=code,
        starts=time(section.at.hour, section.at.minute),
        lasts_minutes=section.lasts_minutes,
        lead_minutes=section.lead_minutes,
        weekday=None if section.weekday is None else WEEKDAYS.index(section.weekday),
        zone=zone,
    )


def account_rule(settings: Settings) -> AccountRule:
    must_be_paper = {"simulated": None, "paper": True, "live": False}[settings.broker.trading]
    return AccountRule(account_id=settings.broker.account, must_be_paper=must_be_paper)


def entry_waits(settings: Settings) -> dict[str, Wait]:
    """How long each strategy's signal may wait for the entry window."""
    sections = {name: section_of(settings.strategies, name) for name in NAMES}
    return {
        name: Wait(minutes=one.wait_minutes, max_gap_pct=one.max_gap_pct) for name, one in sections.items()
    }


def market_data_limits(settings: Settings) -> MarketDataLimits:
    limits = MarketDataLimits(**shared(settings.market_data, MarketDataLimits))
    return replace(
        limits,
        strikes_each_side=min(limits.strikes_each_side, most_strikes_each_side(settings)),
        m1_sessions=max(limits.m1_sessions, sessions_needed(settings, BarSize.M1)),
        m60_sessions=max(limits.m60_sessions, sessions_needed(settings, BarSize.M60)),
    )


def sessions_needed(settings: Settings, size: BarSize) -> int:
    """The sessions of bars that the strategies must be given, today's counted; before the open it is one more to see."""
    parameters = strategy_parameters(settings)
    earlier = [spec.history_sessions(parameters[spec.name]) for spec in STRATEGIES if spec.bar_size is size]
    return max(earlier, default=0) + 1


def execution_limits(settings: Settings) -> ExecutionLimits:
    execution = settings.execution
    return ExecutionLimits(
        **shared(execution, ExecutionLimits, but=("stop_trigger", "stop_limit_pct")),
        stop_trigger=TRIGGER_METHODS[execution.stop_trigger],
        stop_limit_pct=execution.stop_limit_pct if execution.stop_type == "stop_limit" else None,
        max_slip=execution.max_slip_pct,
        symbols=frozenset(settings.symbols),
    )


def watcher_limits(settings: Settings) -> WatcherLimits:
    return WatcherLimits(**shared(settings.execution, WatcherLimits))


def broker_settings(settings: Settings) -> BrokerSettings:
    broker = settings.broker
    known = shared(broker, BrokerSettings) | {"account": broker.account or None}
    return BrokerSettings(**known, dry_run=settings.dry_run, connect_timeout_wall_s=broker.connect_timeout_s)


def alert_addresses(settings: Settings) -> tuple[Address, ...]:
    """Where alerts go, in Apprise's forms; nothing where alerts are off."""
    monitoring = settings.monitoring
    if not monitoring.alerts_enabled:
        return ()
    found = []
    if monitoring.discord_webhook_url is not None:
        url = monitoring.discord_webhook_url.get_secret_value()
        found.append(Address("monitoring.discord_webhook_url", url, DISCORD))
    if monitoring.slack_webhook_url is not None:
        url = monitoring.slack_webhook_url.get_secret_value()
        found.append(Address("monitoring.slack_webhook_url", url, SLACK))
    if monitoring.telegram_bot_token is not None:
        url = f"tgram://{monitoring.telegram_bot_token.get_secret_value()}/{monitoring.telegram_chat_id}/"
        found.append(Address("monitoring.telegram_bot_token", url, TELEGRAM))
    others = (url.get_secret_value() for url in monitoring.apprise_urls)
    return (*found, *(Address("monitoring.apprise_urls", url) for url in others))


def lasting_limits(settings: Settings) -> LastingLimits | None:
    """None where Alertmanager tells of lasting conditions. Nobody logs in to a simulated gateway."""
    if settings.monitoring.lasting_conditions_by != "bot":
        return None
    is_real = settings.broker.trading != "simulated"
    log_in = _window(settings.embargo.token_expiry, DenialCode.EMBARGO_TOKEN_EXPIRY, NEW_YORK)
    return LastingLimits(
        while_open=timedelta(minutes=settings.monitoring.lasting_after_minutes),
        log_in=log_in if is_real else None,
    )
