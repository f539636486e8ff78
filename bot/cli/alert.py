"""``ibkr-bot alert``: test the alert channels."""

from __future__ import annotations

import typer

from bot.cli.options import ConfigOption
from bot.domain.errors import FixTheConfiguration


def send_test(config: ConfigOption = None) -> None:
    """Send one alert over every configured channel and say whether it arrived. Exit code 1 where one did not.

    Example: ibkr-bot alert test
    """
    from bot.build import build_id
    from bot.cli.options import settings_of
    from bot.config import hand_down
    from bot.ops.alerts.alert import Alert, Severity
    from bot.ops.alerts.channels import open_channels

    settings = settings_of(config)
    channels = open_channels(hand_down.alert_addresses(settings))
    if not channels:
        off = "" if settings.monitoring.alerts_enabled else " (monitoring.alerts_enabled is false)"
        raise FixTheConfiguration(
            f"monitoring: no alert channel is configured{off}; set discord_webhook_url, slack_webhook_url, "
            "telegram_bot_token with telegram_chat_id, or apprise_urls"
        )
    alert = Alert(
        "test", Severity.INFO, "Test alert", f"{settings.broker.trading}, build {build_id()}: this one works"
    )
    arrived = [(kind, deliver(alert)) for kind, deliver in channels]
    for kind, is_delivered in arrived:
        remedy = "FAILED: is the address still valid, and the service reachable from here?"
        typer.echo(f"{kind}: {'delivered' if is_delivered else remedy}")
    raise typer.Exit(0 if all(is_delivered for _, is_delivered in arrived) else 1)
