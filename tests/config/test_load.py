"""Layers: which one wins, what each may say, and that every value knows its origin."""

from __future__ import annotations

from decimal import Decimal
from operator import attrgetter
from pathlib import Path

import pytest

from bot.config import Settings, load_settings
from bot.domain.errors import FixTheConfiguration
from tests.config.desk import Desk

PASSWORD, HOOK, TOKEN = "correct-horse", "https://hooks.example/T0/B0/xyz", "110201543:AAHdq"


def test_without_any_layer_the_defaults_are_safe(desk: Desk) -> None:
    settings = desk.load()

    assert settings.symbols == ("SPY",)
    assert settings.broker.trading == "simulated"
    assert settings.dry_run is False
    assert settings.risk.max_risk_pct_per_trade == Decimal("0.01")


@pytest.mark.parametrize("trading", ["paper", "live"])
def test_anything_that_is_not_simulated_is_a_dry_run_unless_told_otherwise(desk: Desk, trading: str) -> None:
    port = 4001 if trading == "live" else 4002

    assert desk.load(f"broker: {{trading: {trading}, port: {port}}}").dry_run is True
    assert desk.load(f"broker: {{trading: {trading}, port: {port}}}\ndry_run: auto").dry_run is True


def test_a_paper_account_trades_once_dry_run_is_set_false(desk: Desk) -> None:
    assert desk.load("broker: {trading: paper}\ndry_run: false").dry_run is False


def test_the_environment_wins_over_dotenv_and_dotenv_over_the_file(desk: Desk) -> None:
    text = "risk: {max_open_positions: 1, max_loss_streak: 3, max_orders_per_day: 7}"
    dotenv = "RISK__MAX_OPEN_POSITIONS=2\nRISK__MAX_LOSS_STREAK=4\n"

    settings = desk.load(text, {"RISK__MAX_OPEN_POSITIONS": "5"}, dotenv)

    risk, origins = settings.risk, settings.provenance()
    assert (risk.max_open_positions, risk.max_loss_streak, risk.max_orders_per_day) == (5, 4, 7)
    assert origins["risk.max_open_positions"] == "environment: RISK__MAX_OPEN_POSITIONS"
    assert origins["risk.max_loss_streak"] == f"{desk.dotenv}: RISK__MAX_LOSS_STREAK"
    assert origins["risk.max_orders_per_day"] == str(desk.file)
    assert origins["risk.day_trade_rule"] == "default"


def test_the_old_names_still_work_and_the_new_ones_win_over_them(desk: Desk) -> None:
    old = {"IBKR_HOST": "10.0.0.2", "IBKR_PORT": "7497", "IBKR_CLIENT_ID": "7", "TZ": "Europe/Berlin"}

    settings = desk.load(
        "", {**old, "BROKER__CLIENT_ID": "9"}, f"IBKR_USERNAME=me\nIBKR_PASSWORD={PASSWORD}\n"
    )

    broker = settings.broker
    assert (broker.host, broker.port, broker.client_id) == ("10.0.0.2", 7497, 9)
    assert settings.timezone == "Europe/Berlin"
    assert set(settings.secrets()) == {"me", PASSWORD}


def test_lists_may_be_written_with_commas_and_tickers_small(desk: Desk) -> None:
    assert desk.load("symbols: [spy, QQQ]").symbols == ("SPY", "QQQ")
    assert desk.load("", {"SYMBOLS": "spy, qqq"}).symbols == ("SPY", "QQQ")


@pytest.mark.parametrize(
    ("name", "text", "key", "value"),
    [
        ("STRATEGIES__SCALP__BULLISH_RSI", "[40, 75]", "strategies.scalp.bullish_rsi", (40.0, 75.0)),
        ("RISK__CANARY_CONTRACTS", "[1, 3]", "risk.canary_contracts", (1, 3)),
        ("RISK__CANARY_CONTRACTS", "[]", "risk.canary_contracts", ()),
        ("SYMBOLS", "[SPY, QQQ]", "symbols", ("SPY", "QQQ")),
        ("SESSION__BLACKOUTS", "[2026-12-09 14:00 FOMC]", "session.blackouts", ("2026-12-09 14:00 FOMC",)),
        ("RISK__STALE_HALT_MINUTES", "null", "risk.stale_halt_minutes", None),
        ("EMBARGO__SERVER_RESET__AT", "null", "embargo.server_reset.at", None),
        ("STRATEGIES__SCALP__TIME_STOP_MINUTES", "~", "strategies.scalp.time_stop_minutes", None),
    ],
)
def test_a_variable_says_lists_and_nothing_as_the_file_does(
    desk: Desk, name: str, text: str, key: str, value: object
) -> None:
    assert attrgetter(key)(desk.load("", {name: text})) == value
    assert attrgetter(key)(desk.load("", {}, f"{name}='{text}'\n")) == value


def test_a_secret_is_what_is_written_whatever_it_looks_like(desk: Desk) -> None:
    password = desk.load("", {"BROKER__PASSWORD": "[null]", "BROKER__USERNAME": "null"}).broker.password

    assert password is not None
    assert password.get_secret_value() == "[null]"


def test_an_empty_variable_and_an_empty_section_count_as_not_written(desk: Desk) -> None:
    settings = desk.load("risk:\nbroker:\n", {"IBKR_PORT": ""}, "IBKR_PASSWORD=\n")

    assert settings.broker.port == 4002
    assert settings.secrets() == ()


def test_other_peoples_variables_are_none_of_our_business(desk: Desk) -> None:
    strange = {
        "PATH": "/bin",
        "TZ": ":/etc/localtime",
        "RISKY__BUSINESS": "1",
        "FOO__BAR": "x",
        "IBKR_BOT_CONFIG": "x",
    }

    assert desk.load("", strange).timezone == "America/New_York"


def test_a_clock_without_quotes_is_understood(desk: Desk) -> None:
    settings = desk.load("embargo: {gateway_restart: {at: 23:50}}")

    at = settings.embargo.gateway_restart.at
    assert at is not None
    assert (at.hour, at.minute) == (23, 50)


def test_a_secret_may_be_in_a_file_of_its_own(desk: Desk) -> None:
    held = desk.folder / "hook"
    held.write_text(f"{HOOK}\n")

    settings = desk.load(f"monitoring: {{discord_webhook_url_file: {held}}}")

    assert settings.secrets() == (HOOK,)
    assert settings.provenance()["monitoring.discord_webhook_url"] == f"{held}, which {desk.file} names"


def test_a_secret_may_come_as_a_credential_of_systemd(desk: Desk) -> None:
    (desk.folder / "telegram_bot_token").write_text(TOKEN)
    variables = {"CREDENTIALS_DIRECTORY": str(desk.folder), "MONITORING__TELEGRAM_CHAT_ID": "42"}

    settings = desk.load("", variables)

    assert settings.secrets() == (TOKEN,)
    assert settings.provenance()["monitoring.telegram_bot_token"] == "credential telegram_bot_token"


def test_a_secret_file_that_is_not_there_is_named(desk: Desk) -> None:
    (line,) = desk.refused("broker: {password_file: /nowhere/at/all}")

    assert line.startswith("/nowhere/at/all: ")


def test_every_secret_is_listed_and_none_is_printed(desk: Desk) -> None:
    lines = (
        f"IBKR_PASSWORD={PASSWORD}",
        f"MONITORING__SLACK_WEBHOOK_URL={HOOK}",
        f"MONITORING__APPRISE_URLS=json://{TOKEN},mailto://a:b@c",
    )

    settings = desk.load(dotenv="\n".join(lines))

    assert set(settings.secrets()) == {PASSWORD, HOOK, f"json://{TOKEN}", "mailto://a:b@c"}
    for text in (repr(settings), str(settings), settings.model_dump_json()):
        assert not any(secret in text for secret in settings.secrets())


def test_settings_do_not_change(desk: Desk) -> None:
    settings = desk.load()

    with pytest.raises(ValueError, match="frozen"):
        settings.mode = "hybrid"


def test_another_state_directory_and_gateway_make_other_settings(desk: Desk) -> None:
    settings = desk.load("journal: {log_level: debug}")

    other = settings.with_state(Path("/var/x")).with_gateway("10.1.1.1", 4010)

    assert (other.journal.directory, other.journal.log_directory) == (Path("/var/x"), Path("/var/x/logs"))
    assert (other.broker.host, other.broker.port, other.journal.log_level) == ("10.1.1.1", 4010, "DEBUG")
    assert other.provenance()["broker.port"] == "command line"
    assert other.provenance()["journal.log_level"] == str(desk.file)
    assert settings.broker.port == 4002
    assert "broker.port" not in {k for k, v in settings.provenance().items() if v == "command line"}


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(FixTheConfiguration, match="there is no such file; give another with --config"):
        load_settings(tmp_path / "absent.yaml", {}, tmp_path / ".env")


def test_the_file_may_be_named_by_the_environment(desk: Desk) -> None:
    desk.file.write_text("mode: hybrid")

    assert load_settings(None, {"IBKR_BOT_CONFIG": str(desk.file)}, desk.dotenv).mode == "hybrid"


def test_settings_by_themselves_read_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODE", "hybrid")

    assert Settings().mode == "growth"
