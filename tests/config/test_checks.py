"""Settings that contradict each other, ceilings, and the locks before real money."""

from __future__ import annotations

import pytest

from bot.config.checks import CEILINGS
from tests.config.desk import Desk

LIVE = (
    "broker: {trading: live, port: 4001, account: U1234567, live_trading_confirmed: true}\ndry_run: false\n"
)


@pytest.mark.parametrize(
    ("trading", "port", "fix"),
    [
        ("paper", 4001, 4002),
        ("paper", 7496, 7497),
        ("simulated", 4001, 4002),
        ("live", 4002, 4001),
        ("live", 7497, 7496),
    ],
)
def test_a_port_of_the_other_kind_is_refused(desk: Desk, trading: str, port: int, fix: int) -> None:
    (line,) = desk.refused(f"broker: {{trading: {trading}, port: {port}}}")

    assert line.startswith(f"broker.port: {port} (from settings.yaml) is the ")
    assert f"use {fix}, or set broker.trading" in line


def test_a_tunnels_own_port_is_allowed_to_everybody(desk: Desk) -> None:
    for trading in ("simulated", "paper", "live"):
        assert desk.load(f"broker: {{trading: {trading}, port: 4012}}").broker.port == 4012


def test_real_money_needs_every_lock_open(desk: Desk) -> None:
    assert desk.load(LIVE).dry_run is False


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (("account: U1234567, ", ""), "broker.account"),
        (("U1234567", "DU1234567"), "broker.account"),
        ((", live_trading_confirmed: true", ""), "broker.live_trading_confirmed"),
        (("dry_run: false", "dry_run: false\nrisk: {require_live_data: false}"), "risk.require_live_data"),
        (("live, port: 4001", "paper, port: 4002"), "broker.account"),
    ],
)
def test_with_one_lock_shut_there_is_no_real_money(desk: Desk, change: tuple[str, str], key: str) -> None:
    lines = desk.refused(LIVE.replace(*change))

    assert lines[0].startswith(f"{key}: ")


def test_live_data_without_orders_need_no_confirmation(desk: Desk) -> None:
    assert desk.load("broker: {trading: live, port: 4001}").dry_run is True


@pytest.mark.parametrize("name", CEILINGS)
def test_above_a_ceiling_more_risk_must_be_accepted(desk: Desk, name: str) -> None:
    above = float(CEILINGS[name]) + 0.01
    wide = "" if name == "max_daily_loss_pct" else ", max_daily_loss_pct: 0.2"
    risk = f"risk: {{{name}: {above}{wide}}}"

    (line,) = desk.refused(risk)
    accepted = desk.load(risk.replace("}", ", i_accept_more_risk: true}"))

    assert line.endswith("lower it, or set risk.i_accept_more_risk: true")
    assert float(getattr(accepted.risk, name)) == above


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("risk: {max_risk_pct_per_trade: 0.04, max_daily_loss_pct: 0.03}", "risk.max_risk_pct_per_trade"),
        ("symbols: [A, B, C, D, E]", "symbols"),
        ("options: {expiry: monthly}", "options.expiry"),
        ("broker: {line_budget: 7}", "broker.line_budget"),
        ("options: {moneyness: 'delta:2'}", "options.moneyness"),
        ("strategies: {whale: {options: {expiry: monthly}}}", "strategies.whale.options.expiry"),
        ("strategies: {scalp: {options: {moneyness: deep}}}", "strategies.scalp.options.moneyness"),
        ("strategies: {scalp: {stop_loss_pct: 0.7}}", "strategies.scalp.stop_loss_pct"),
        ("strategies: {whale: {alloc_pct: 0.6}}", "strategies.whale.alloc_pct"),
        ("strategies: {scalp: {fast_ema: 21}}", "strategies.scalp.fast_ema"),
        ("strategies: {scalp: {bullish_rsi: [70, 45]}}", "strategies.scalp.bullish_rsi"),
        ("strategies: {scalp: {relative_volume_sessions: 1000}}", "strategies.scalp"),
        ("strategies: {whale: {history_bars: 1000000}}", "strategies.whale"),
        ("market_data: {m1_sessions: 366}", "market_data.m1_sessions"),
        ("broker: {simulated_speed: 5001}", "broker.simulated_speed"),
        ("session: {exit_minutes_before_close: 30}", "session.exit_minutes_before_close"),
        ("session: {minutes_after_open: 120, minutes_before_close: 100}", "session.minutes_before_close"),
        ("session: {min_holding_minutes: 61}", "strategies.scalp.time_stop_minutes"),
        ("strategies: {whale: {time_stop_minutes: 4}}", "strategies.whale.time_stop_minutes"),
        ("broker: {simulated_session: 2011-01-08}", "broker.simulated_session"),
        ("broker: {simulated_session: tomorrow}", "broker.simulated_session"),
        ("broker: {simulated_clock: noon}", "broker.simulated_clock"),
        ("broker: {simulated_clock: '2011-01-26T10:00:00-05:00@nanxinf'}", "broker.simulated_clock"),
        (
            "broker: {simulated_clock: '2011-01-26T10:00:00-05:00@1795815031.7x1e300'}",
            "broker.simulated_clock",
        ),
        (
            "broker: {trading: paper, simulated_clock: '2011-01-26T10:00:00-05:00@1795815031.7x1000'}",
            "broker.simulated_clock",
        ),
        (
            LIVE.replace("4001,", "4001, simulated_clock: '2011-01-26T10:00:00-05:00@1795815031.7x1',"),
            "broker.simulated_clock",
        ),
        ("monitoring: {telegram_chat_id: '42'}", "monitoring.telegram_chat_id"),
    ],
)
def test_a_contradiction_is_named(desk: Desk, text: str, key: str) -> None:
    lines = desk.refused(text)

    assert [line.partition(":")[0] for line in lines] == [key]
