"""Who is told what, how often, and in which words: asked of amtool, and of a real Alertmanager."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import which
from typing import Any

import pytest
import yaml

from tests.monitoring.alertmanager_files import LOCAL, MESSAGES, readable, rendered
from tests.monitoring.processes import free_port, running
from tests.monitoring.receivers import Letter, Receivers
from tests.monitoring.rule_files import alerts

needs_alertmanager = pytest.mark.skipif(
    which("amtool") is None or which("prometheus-alertmanager") is None,
    reason="Alertmanager is not installed: apt install prometheus-alertmanager",
)
LOCAL_HEAD = "Alertmanager beside `make run` (`make monitor`): the role's own file without channels; look at http://127.0.0.1:9093"
EXPECTED = {"critical": "phone", "warning": "chat", "none": "nobody"}


def configuration(folder: Path, url: str) -> str:
    """All channels, their secrets in files, every one of them pointing at ``url``."""
    secrets = {
        "discord_webhook_url": f"{url}/discord/planted",
        "slack_webhook_url": f"{url}/slack/planted",
        "telegram_bot_token": "123:planted",
        "webhook_url": f"{url}/webhook/planted",
        "pushover_user_key": "planted-user",
        "pushover_api_token": "planted-token",
        "ntfy_critical_url": f"{url}/ntfy/planted?template=alertmanager&priority=5",
        "ntfy_warning_url": f"{url}/ntfy/planted?template=alertmanager&priority=2",
        "watchdog_url": f"{url}/watchdog/planted",
    }
    for name, text in secrets.items():
        (folder / name).write_text(text, encoding="utf-8")
    return readable(
        rendered(
            **dict.fromkeys(secrets, "set") | {"ntfy_url": "set"},
            telegram_chat_id="-100",
            telegram_api_url=f"{url}/telegram",
            secrets_dir=str(folder),
            templates=str(MESSAGES),
        )
    )


def test_the_local_file_is_the_roles_without_channels() -> None:
    made = rendered(templates="ibbot.tmpl").replace("Made from the role alertmanager_server.", LOCAL_HEAD)
    assert LOCAL.read_text(encoding="utf-8") == made


@needs_alertmanager
@pytest.mark.parametrize("channels", ["all", "none"])
def test_amtool_accepts_the_configuration(channels: str, tmp_path: Path) -> None:
    text = configuration(tmp_path, "http://127.0.0.1:1") if channels == "all" else rendered()
    path = tmp_path / "alertmanager.yml"
    path.write_text(text, encoding="utf-8")
    done = subprocess.run(["amtool", "check-config", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_alertmanager
def test_every_alert_reaches_the_receiver_of_its_severity() -> None:
    for alert in alerts():
        severity = alert["labels"]["severity"]
        labels = [f"alertname={alert['alert']}", f"severity={severity}", "host=pi"]
        said = subprocess.run(
            ["amtool", "config", "routes", "test", f"--config.file={LOCAL}", *labels],
            capture_output=True,
            text=True,
            check=True,
        )
        expected = "watchdog" if alert["alert"] == "Watchdog" else EXPECTED[severity]
        assert said.stdout.strip() == expected, alert["alert"]


def test_warnings_are_silent_on_the_phone_and_critical_ones_ring() -> None:
    config = yaml.safe_load(rendered(telegram_bot_token="x", telegram_chat_id="-100"))
    receivers = {receiver["name"]: receiver for receiver in config["receivers"]}
    assert receivers["chat"]["telegram_configs"][0]["disable_notifications"] is True
    assert receivers["phone"]["telegram_configs"][0]["disable_notifications"] is False


def test_every_channel_that_can_ring_does_so_for_what_is_critical_only() -> None:
    config = yaml.safe_load(
        rendered(
            pushover_user_key="x",
            pushover_api_token="x",
            ntfy_url="https://ntfy.example/x",
            slack_webhook_url="https://x",
        )
    )
    receivers = {receiver["name"]: receiver for receiver in config["receivers"]}
    phone, chat = receivers["phone"], receivers["chat"]

    assert (phone["pushover_configs"][0]["priority"], chat["pushover_configs"][0]["priority"]) == ("2", "-1")
    assert phone["webhook_configs"][0]["url_file"].endswith("ntfy_critical_url")
    assert chat["webhook_configs"][0]["url_file"].endswith("ntfy_warning_url")
    assert "<!channel>" in phone["slack_configs"][0]["pretext"]
    assert "pretext" not in chat["slack_configs"][0]


def test_inhibitions_name_alerts_that_exist_and_never_the_unprotected_position() -> None:
    names = {alert["alert"] for alert in alerts()}
    for rule in yaml.safe_load(rendered())["inhibit_rules"]:
        assert {matcher.partition("= ")[2] for matcher in rule["source_matchers"]} <= names
        for matcher in rule["target_matchers"]:
            label, operator, value = matcher.split(" ", 2)
            if label == "alertname":
                assert set(value.strip('"').split("|")) <= names
                assert ("PositionUnprotected" in value) is (operator == "!~")


def alert(name: str, severity: str, *, is_over: bool = False, **labels: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    ends = now if is_over else now + timedelta(minutes=10)
    found = next(rule for rule in alerts() if rule["alert"] == name)
    return {
        "labels": {"alertname": name, "severity": severity, "host": "pi", **labels},
        "annotations": found["annotations"],
        # As Prometheus says it. Of what began longer ago Alertmanager speaks at once, before it can be held back.
        "startsAt": now.isoformat(),
        "endsAt": ends.isoformat(),
    }


def post(address: str, *found: dict[str, Any]) -> None:
    request = urllib.request.Request(  # noqa: S310  the loopback
        f"{address}/api/v2/alerts", json.dumps(found).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=60).close()  # noqa: S310  the loopback


@needs_alertmanager
def test_a_real_alertmanager_delivers_the_trouble_and_its_end_on_every_channel_once(tmp_path: Path) -> None:
    channels = {"discord", "slack", "telegram", "webhook"}
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [
        "prometheus-alertmanager", f"--config.file={tmp_path}/alertmanager.yml", f"--storage.path={tmp_path}/data",
        f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
    ]  # fmt: skip
    with Receivers() as receivers:
        text = configuration(tmp_path, receivers.url)
        text = text.replace("group_wait: 10s", "group_wait: 1s").replace(
            "group_interval: 1m", "group_interval: 2s"
        )
        (tmp_path / "alertmanager.yml").write_text(text, encoding="utf-8")
        with running(command, f"{address}/-/ready", tmp_path / "alertmanager.log"):
            post(
                address,
                alert("GatewayDown", "critical"),
                alert("FeedStale", "critical"),
                alert("Watchdog", "none"),
            )
            letters = receivers.wait_for(lambda some: {x.channel for x in some} >= channels | {"watchdog"})
            firing = [letter for letter in letters if letter.channel in channels]
            post(
                address,
                alert("GatewayDown", "critical", is_over=True),
                alert("FeedStale", "critical", is_over=True),
            )
            letters = receivers.wait_for(
                lambda some: {x.channel for x in some if says_it_is_over(x)} >= channels
            )

    assert sorted(letter.channel for letter in firing) == sorted(channels)
    for letter in letters:
        assert "FeedStale" not in letter.text, "GatewayDown holds it back"
    for letter in firing:
        assert "docs/runbook.md#gatewaydown" in letter.text
        assert "CRITICAL: GatewayDown (pi)" in letter.text or letter.channel == "webhook"
    watchdogs = [letter for letter in letters if letter.channel == "watchdog"]
    assert all("Watchdog" in letter.text for letter in watchdogs)


def says_it_is_over(letter: Letter) -> bool:
    return "OK: GatewayDown" in letter.text or letter.body.get("status") == "resolved"
