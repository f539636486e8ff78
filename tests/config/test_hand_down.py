"""What each part gets: the settings' values in the part's own terms, and the part's own defaults by default."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from bot.broker.connection.settings import BrokerSettings
from bot.config import hand_down
from bot.domain.session import NEW_YORK
from bot.execution.limits import ExecutionLimits, WatcherLimits
from bot.market_data.machine import MarketDataLimits
from bot.risk.denials import DenialCode
from bot.risk.limits import AccountRule, DayTradeRule, RiskLimits
from bot.selection.choose import SelectionRules
from bot.selection.expiry import ExpiryRule
from bot.selection.strike import Moneyness, TargetDelta
from bot.strategies.registry import NAMES, STRATEGIES
from tests.config.desk import Desk
from tests.risk.house import TERMS

WHALE = replace(TERMS["whale"], take_profit_pct=Decimal("0.50"), stop_loss_pct=Decimal("0.25"))
"""The shipped whale has exits of its own."""


def test_by_default_every_part_gets_its_own_defaults(desk: Desk) -> None:
    settings = desk.load()

    limits = hand_down.risk_limits(settings)
    assert replace(limits, strategies={}) == RiskLimits()
    assert limits.strategies.items() >= (TERMS | {"whale": WHALE}).items()
    assert limits.strategies.keys() == set(NAMES)
    assert hand_down.strategy_parameters(settings) == {spec.name: spec.parameters() for spec in STRATEGIES}
    assert hand_down.selection_rules(settings) == SelectionRules()
    assert hand_down.market_data_limits(settings) == MarketDataLimits()
    assert hand_down.execution_limits(settings) == ExecutionLimits(symbols=frozenset({"SPY"}))
    assert hand_down.watcher_limits(settings) == WatcherLimits()
    assert hand_down.broker_settings(settings) == BrokerSettings()
    assert hand_down.account_rule(settings) == AccountRule()


def test_risk_takes_its_numbers_from_four_sections(desk: Desk) -> None:
    text = """
        risk: {max_risk_pct_per_trade: 0.02, stop_loss_pct: 0.25, whale_alloc_pct: 0.2}
        options: {max_spread_pct: 0.05}
        execution: {entry_timeout_s: 20, entry_offset_ticks: 1}
        strategies: {whale: {stop_loss_pct: 0.5, time_stop_minutes: null}}
    """

    limits = hand_down.risk_limits(desk.load(text))

    assert (limits.max_risk_pct_per_trade, limits.max_spread_pct) == (Decimal("0.02"), Decimal("0.05"))
    assert (limits.entry_timeout_s, limits.entry_offset_ticks) == (20, 1)
    scalp, whale = limits.terms("scalp"), limits.terms("whale")
    assert (scalp.stop_loss_pct, whale.stop_loss_pct) == (Decimal("0.25"), Decimal("0.5"))
    assert (whale.alloc_pct, whale.time_stop_minutes) == (Decimal("0.2"), None)
    assert scalp.flat_by_session_end
    assert not whale.flat_by_session_end


def test_a_dry_run_asks_no_what_if_and_lets_no_order_through(desk: Desk) -> None:
    settings = desk.load("broker: {trading: paper}")

    assert hand_down.risk_limits(settings).what_if is False
    assert hand_down.broker_settings(settings).orders_allowed is False


def test_embargoes_have_their_own_zones(desk: Desk) -> None:
    settings = desk.load(
        "timezone: Europe/Berlin\nbroker: {trading: paper}\nembargo: {server_reset: {at: null}}"
    )

    restart, token = hand_down.session_rules(settings).embargoes

    assert (restart.code, restart.zone) == (DenialCode.EMBARGO_GATEWAY_RESTART, ZoneInfo("Europe/Berlin"))
    assert (token.starts, token.weekday, token.zone) == (time(1, 0), 6, NEW_YORK)


def test_a_gateway_of_our_own_has_no_daily_restart(desk: Desk) -> None:
    codes = {window.code for window in hand_down.session_rules(desk.load()).embargoes}

    assert codes == {DenialCode.EMBARGO_SERVER_RESET, DenialCode.EMBARGO_TOKEN_EXPIRY}


def test_the_account_must_be_of_the_kind_that_is_traded(desk: Desk) -> None:
    paper = hand_down.account_rule(desk.load("broker: {trading: paper, account: DU1}"))
    live = hand_down.account_rule(desk.load("broker: {trading: live, port: 4001, account: U1}"))

    assert [bool(rule.fault("DU1")) for rule in (paper, live)] == [False, True]
    assert [bool(rule.fault("U1")) for rule in (paper, live)] == [True, False]


def test_options_are_read_into_rules(desk: Desk) -> None:
    rules = hand_down.selection_rules(
        desk.load("options: {expiry: 7-14, moneyness: 'Delta:0.40', min_volume: 0}")
    )

    assert rules.expiry == ExpiryRule(7, 14, weekly_only=False)
    assert rules.strike == TargetDelta(0.4)
    assert rules.liquidity.min_volume == 0
    assert hand_down.selection_rules(desk.load("options: {moneyness: OTMP1}")).strike is Moneyness.OTMP1


def test_the_brokers_patience_is_handed_down(desk: Desk) -> None:
    broker = hand_down.broker_settings(
        desk.load("broker: {connect_timeout_s: 3, heartbeat_s: 5, account: DU1}")
    )

    assert (broker.connect_timeout_wall_s, broker.heartbeat_s, broker.account) == (3.0, 5.0, "DU1")
    assert timedelta(seconds=broker.history_timeout_s) == timedelta(minutes=1)


def test_a_strategy_chooses_its_own_options_and_falls_back_to_the_general_ones(desk: Desk) -> None:
    settings = desk.load("""
        options: {expiry: 7-14, moneyness: itmp1, max_spread_pct: 0.05}
        strategies: {whale: {options: {expiry: 21-60, max_spread_pct: 0.08}}}
    """)

    rules = hand_down.option_rules(settings)

    assert rules["scalp"] == hand_down.selection_rules(settings)
    assert rules["whale"].expiry == ExpiryRule(21, 60, weekly_only=False)
    assert rules["whale"].strike is Moneyness.ITMP1
    assert rules["whale"].liquidity.max_spread_pct == Decimal("0.08")
    assert hand_down.risk_limits(settings).terms("whale").max_spread_pct == Decimal("0.08")


def test_an_allocation_of_a_strategys_own_is_stronger_than_the_whales_old_key(desk: Desk) -> None:
    settings = desk.load(
        "risk: {whale_alloc_pct: 0.2}\nstrategies: {whale: {alloc_pct: 0.3}, scalp: {alloc_pct: 0.05}}"
    )

    limits = hand_down.risk_limits(settings)

    assert [limits.terms(name).alloc_pct for name in ("whale", "scalp")] == [Decimal("0.3"), Decimal("0.05")]


def test_two_expiries_share_the_line_budget(desk: Desk) -> None:
    def general(*names: str) -> str:
        return f"strategies: {{{', '.join(f'{x}: {{options: {{expiry: null}}}}' for x in names)}}}\n"

    same, two = general(*NAMES), general(*(x for x in NAMES if x != "whale"))

    def each_side(text: str) -> int:
        return hand_down.market_data_limits(desk.load(text)).strikes_each_side

    assert each_side(same + "symbols: [SPY, QQQ, IWM, DIA]") == 5
    assert each_side(two) == 5
    assert each_side(two + "symbols: [SPY, QQQ, IWM, DIA]") == 2
    assert len(hand_down.expiry_rules(desk.load(two))) == 2
    assert len(hand_down.expiry_rules(desk.load(same))) == 1


def test_the_history_that_a_strategy_needs_is_fetched_whole_and_today_beside_it(desk: Desk) -> None:
    def sessions(text: str) -> tuple[int, int]:
        limits = hand_down.market_data_limits(desk.load(text))
        return limits.m1_sessions, limits.m60_sessions

    assert sessions("market_data: {m1_sessions: 3, m60_sessions: 5}") == (21, 23)
    short = "strategies: {scalp: {relative_volume_sessions: 5}, whale: {history_bars: 70}}\n"
    assert sessions(short + "market_data: {m1_sessions: 1, m60_sessions: 1}") == (6, 13)
    assert sessions("market_data: {m1_sessions: 40}") == (40, 30)


def test_what_sets_a_stop_off_is_handed_down_by_ibs_number(desk: Desk) -> None:
    assert hand_down.execution_limits(desk.load()).stop_trigger == 0
    assert hand_down.execution_limits(desk.load("execution: {stop_trigger: last}")).stop_trigger == 2


def test_the_old_name_of_the_day_trade_guard_still_decides(desk: Desk) -> None:
    def rule(text: str) -> DayTradeRule:
        return hand_down.risk_limits(desk.load(text)).day_trade_rule

    assert rule("") is DayTradeRule.INTRADAY_MARGIN
    assert rule("risk: {pdt_guard: true}") is DayTradeRule.PATTERN_DAY_TRADER
    assert rule("risk: {pdt_guard: false}") is DayTradeRule.NONE
    assert rule("risk: {day_trade_rule: none}") is DayTradeRule.NONE


def test_a_cash_account_and_its_blackouts_are_handed_down(desk: Desk) -> None:
    settings = desk.load(
        'risk: {account_type: cash}\nsession: {blackouts: ["2026-12-09 14:00 FOMC", "2027-01-28 @AAPL earnings"]}'
    )

    assert hand_down.risk_limits(settings).is_cash_account
    assert [one.name for one in hand_down.session_rules(settings).blackouts] == ["FOMC", "earnings"]
    assert "is no event; write it as" in desk.refused("session: {blackouts: [FOMC]}")[0]
