"""From the monitoring section to where alerts go and who tells of what lasts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from bot.config import Settings, hand_down, load_settings

HOOKS = {
    "MONITORING__DISCORD_WEBHOOK_URL": "https://discord.com/api/webhooks/1/a",
    "MONITORING__SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T/A/x",
    "MONITORING__TELEGRAM_BOT_TOKEN": "123:abc",
    "MONITORING__TELEGRAM_CHAT_ID": "4711",
    "MONITORING__APPRISE_URLS": "json://one,json://two",
}


def settings(**variables: str) -> Settings:
    return load_settings(None, variables, Path("absent.env"))


def test_every_channel_that_is_set_becomes_an_address_with_its_setting() -> None:
    addresses = hand_down.alert_addresses(settings(**HOOKS))

    assert [address.setting.rpartition(".")[2] for address in addresses] == [
        "discord_webhook_url",
        "slack_webhook_url",
        "telegram_bot_token",
        "apprise_urls",
        "apprise_urls",
    ]
    assert addresses[2].url == "tgram://123:abc/4711/"


def test_alerts_that_are_off_go_nowhere() -> None:
    assert hand_down.alert_addresses(settings(**HOOKS, MONITORING__ALERTS_ENABLED="false")) == ()


def test_alertmanager_may_tell_of_what_lasts() -> None:
    assert hand_down.lasting_limits(settings(MONITORING__LASTING_CONDITIONS_BY="alertmanager")) is None


def test_nobody_is_reminded_of_a_simulation_s_log_in() -> None:
    simulated = hand_down.lasting_limits(settings())
    paper = hand_down.lasting_limits(settings(BROKER__TRADING="paper", MONITORING__LASTING_AFTER_MINUTES="7"))

    assert simulated is not None
    assert simulated.log_in is None
    assert paper is not None
    assert paper.log_in is not None
    assert paper.while_open == timedelta(minutes=7)
