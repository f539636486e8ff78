"""Alertmanager's configuration as the role would write it, and as an older Alertmanager can read it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from shutil import which
from typing import Any

import yaml
from jinja2 import Environment, StrictUndefined

from tests.monitoring.rule_files import ROOT

TEMPLATE = ROOT / "roles" / "alertmanager_server" / "templates" / "alertmanager.yml.j2"
MESSAGES = ROOT / "configs" / "alertmanager" / "ibbot.tmpl"
LOCAL = ROOT / "configs" / "alertmanager" / "local.yml"
PREFIX = "alertmanager_server_"
DEFAULTS = {
    f"{PREFIX}{name}": ""
    for name in (
        "discord_webhook_url",
        "slack_webhook_url",
        "slack_channel",
        "telegram_bot_token",
        "telegram_chat_id",
        "ntfy_url",
        "pushover_user_key",
        "pushover_api_token",
        "webhook_url",
        "watchdog_url",
    )
} | {f"{PREFIX}repeat_critical": "1h", f"{PREFIX}repeat_warning": "12h"}


def rendered(**variables: str) -> str:
    """The configuration with these of the role's variables, named without their prefix."""
    environment = Environment(trim_blocks=True, undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701  YAML, no HTML
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    mine = {f"{PREFIX}{name}": value for name, value in variables.items()}
    return template.render(ansible_managed="Made from the role alertmanager_server.", **DEFAULTS | mine)


def reads_secret_files() -> bool:
    """Alertmanager learned to read every secret from a file in 0.26 to 0.28."""
    said = subprocess.run(["amtool", "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"version (\d+)\.(\d+)", said.stdout + said.stderr)
    return found is not None and (int(found[1]), int(found[2])) >= (0, 28)


def readable(text: str) -> str:
    """The configuration for the Alertmanager that is installed: an old one gets its secrets inside."""
    if which("amtool") and reads_secret_files():
        return text
    config: dict[str, Any] = yaml.safe_load(text)
    for receiver in config["receivers"]:
        for kind, items in receiver.items():
            if kind != "name":
                receiver[kind] = [_inlined(item) for item in items]
    return yaml.safe_dump(config, sort_keys=False)


def _inlined(item: dict[str, Any]) -> dict[str, Any]:
    made = {}
    for key, value in item.items():
        made[key.removesuffix("_file")] = (
            Path(value).read_text(encoding="utf-8") if key.endswith("_file") else value
        )
    return made
