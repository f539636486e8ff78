"""Bad settings: one readable line each, with the key, the value, its origin and the fix."""

from __future__ import annotations

import pytest

from bot.config import load_settings
from bot.domain.errors import FixTheConfiguration
from tests.config.desk import Desk

CASES = [
    (
        "risk: {max_risk_pct_per_trade: 80}",
        "risk.max_risk_pct_per_trade: 80 (from settings.yaml) must be at most 1; percentages are fractions: did you mean 0.8?",
    ),
    (
        "risk: {stop_loss_pct: 20}",
        "risk.stop_loss_pct: 20 (from settings.yaml) must be less than 1; percentages are fractions: did you mean 0.2?",
    ),
    (
        "risk: {max_daily_loss_pct: 5%}",
        "risk.max_daily_loss_pct: 5% (from settings.yaml) is no number; did you mean 0.05?",
    ),
    (
        "risk: {max_daily_loss_pct: .nan}",
        "risk.max_daily_loss_pct: nan (from settings.yaml) is no finite number",
    ),
    (
        "risk: {max_daly_loss_pct: 0.1}",
        "risk.max_daly_loss_pct (from settings.yaml): there is no such setting; did you mean risk.max_daily_loss_pct?",
    ),
    (
        "risc: {pdt_guard: true}",
        "risc (from settings.yaml): there is no such setting; did you mean risk?",
    ),
    (
        "stop_loss_pct: 0.2",
        "stop_loss_pct (from settings.yaml): there is no such setting; did you mean risk.stop_loss_pct?",
    ),
    (
        "colour: green",
        "colour (from settings.yaml): there is no such setting; remove it; `ibkr-bot config show` lists every key",
    ),
    ("broker: {port: gateway}", "broker.port: gateway (from settings.yaml) is no whole number"),
    ("broker: {port: 70000}", "broker.port: 70000 (from settings.yaml) must be at most 65535"),
    (
        "broker: {trading: demo}",
        "broker.trading: demo (from settings.yaml) is none of 'simulated', 'paper' or 'live'",
    ),
    ("dry_run: maybe", "dry_run: maybe (from settings.yaml) is neither true nor false"),
    ("mode: null", "mode: null (from settings.yaml) is none of 'growth' or 'hybrid'"),
    ("symbols: []", "symbols: [] (from settings.yaml) is empty; name at least one"),
    (
        "symbols: [SPY, spy]",
        "symbols: ['SPY', 'spy'] (from settings.yaml) names something twice; name it once",
    ),
    ("symbols: [ON]", "symbols: [True] (from settings.yaml) is no text; put it in quotes"),
    ("symbols: ['S!Y']", "symbols: ['S!Y'] (from settings.yaml) is no ticker; write it as in SPY"),
    (
        "timezone: Mars",
        "timezone: Mars (from settings.yaml) is no time zone; write it as in America/New_York",
    ),
    ("risk: 5", "risk: 5 (from settings.yaml) is a section: write its keys below it, indented"),
    (
        "embargo: {server_reset: {at: 25:99}}",
        'embargo.server_reset.at: 25:99 (from settings.yaml) is no time of day; write it in quotes, as in "23:45"',
    ),
    (
        "a: [",
        "settings.yaml: line 1: expected the node content, but found '<stream end>'; correct the file's syntax",
    ),
    ("mode: growth\nmode: hybrid", "settings.yaml: line 2: mode is written twice; correct the file's syntax"),
    ("- SPY", "settings.yaml: holds no settings; write them as `key: value`"),
    ("broker: {password: 17}", "broker.password: (hidden) (from settings.yaml) is no text; put it in quotes"),
]


@pytest.mark.parametrize(("text", "line"), CASES, ids=[text.splitlines()[0] for text, _ in CASES])
def test_a_mistake_is_told_in_one_line(desk: Desk, text: str, line: str) -> None:
    assert desk.refused(text) == [line]


def test_all_mistakes_are_told_at_once(desk: Desk) -> None:
    lines = desk.refused("mode: groth\nrisk: {pdt_guard: perhaps, max_orders_per_day: 0}", {"IBKR_PORT": "x"})

    assert [line.partition(":")[0] for line in lines] == [
        "mode",
        "broker.port",
        "risk.max_orders_per_day",
        "risk.pdt_guard",
    ]
    assert "(from environment: IBKR_PORT)" in lines[1]


def test_a_typo_in_a_sections_variable_is_noticed(desk: Desk) -> None:
    (line,) = desk.refused(variables={"RISK__MAX_DALY_LOSS_PCT": "0.1"})

    assert line == (
        "risk.max_daly_loss_pct (from environment: RISK__MAX_DALY_LOSS_PCT): there is no such setting; "
        "did you mean risk.max_daily_loss_pct?"
    )


def test_a_typo_in_dotenv_is_noticed(desk: Desk) -> None:
    (line,) = desk.refused(dotenv="IBKR_HST=gateway")

    assert line == "IBKR_HST (from .env): there is no such setting; did you mean IBKR_HOST?"


def test_a_wrong_secret_is_not_repeated(desk: Desk) -> None:
    lines = desk.refused("monitoring: {slack_webhook_url: [hunter2], telegram_bot_tken: hunter3}")

    assert not any("hunter" in line for line in lines)


def test_a_file_that_is_no_text_is_named(desk: Desk) -> None:
    desk.file.write_bytes(b"\xff\xfe\x00mode")

    with pytest.raises(FixTheConfiguration, match="cannot be read as UTF-8 text"):
        load_settings(desk.file, {}, desk.dotenv)
