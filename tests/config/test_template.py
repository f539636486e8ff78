"""The shipped file says what the models say, and the old way of writing settings still loads."""

from __future__ import annotations

from pathlib import Path

import yaml

from bot.config import Settings, load_settings
from bot.config.settings import walk
from bot.config.template import as_yaml, secret_keys, setting_keys
from tests.config.desk import Desk

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "configs" / "settings.yaml"


def test_the_shipped_file_is_current() -> None:
    assert SHIPPED.read_text(encoding="utf-8") == as_yaml()


def test_the_shipped_file_holds_the_defaults() -> None:
    shipped = dict(walk(load_settings(SHIPPED, {}, ROOT / "no.env")))
    defaults = dict(walk(Settings()))

    assert shipped == defaults


def test_every_key_is_in_the_file_and_has_a_meaning() -> None:
    text = SHIPPED.read_text(encoding="utf-8").splitlines()
    for key in setting_keys():
        name = key.rpartition(".")[2]
        at = [n for n, line in enumerate(text) if line.strip().removeprefix("# ").startswith(f"{name}:")]
        assert at, key
        assert all(text[n - 1].strip().startswith("# ") for n in at), key


def test_no_secret_has_a_value_in_the_file() -> None:
    written = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))

    assert not [
        key for key in secret_keys() if key.rpartition(".")[2] in written.get(key.partition(".")[0], {})
    ]


def test_the_example_of_dotenv_loads(desk: Desk) -> None:
    settings = desk.load(dotenv=(ROOT / ".env.example").read_text(encoding="utf-8"))

    assert settings.secrets() == ()
    assert settings.broker.port == 4002


def test_a_file_in_the_old_names_loads(desk: Desk) -> None:
    old = """
        broker: {host: 127.0.0.1, port: 4002, client_id: 101, read_only: false}
        symbols: [SPY, QQQ]
        mode: hybrid
        dry_run: true
        schedule: {interval_seconds: 300, max_concurrent_symbols: 2}
        risk:
          max_risk_pct_per_trade: 0.01
          max_daily_loss_pct: 0.15
          take_profit_pct: 0.3
          stop_loss_pct: 0.2
          whale_alloc_pct: 0.1
        options: {expiry: weekly, moneyness: atm, max_spread_pct: 0.05, min_volume: 100}
        monitoring:
          alerts_enabled: true
          heartbeat_url: https://hc.example/1
          discord_webhook_url: https://discord.example/2
          slack_webhook_url: https://slack.example/3
          telegram_bot_token: 1:a
          telegram_chat_id: "42"
    """

    settings = desk.load(old)

    assert settings.dry_run is True
    assert settings.schedule.interval_seconds == 300
    assert len(settings.secrets()) == 4
