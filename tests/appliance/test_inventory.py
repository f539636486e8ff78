"""A newcomer's inventory: unfinished lines stop everything with one message, a finished one is accepted."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import ROOT, ansible

pytestmark = pytest.mark.slow

# What stands before each CHANGE_ME of hosts.yml, in its order, and what its owner wrote there.
FILLED_IN = {
    "ibgw:\n      ansible_host: ": "192.0.2.7",
    "pi:\n      ansible_host: ": "192.0.2.21",
    "ansible_user: ": "you",
    "appliance_timezone: ": "Europe/Paris",
    "      - ": "192.0.2.0/24",
    "ib_gateway_installer_checksum: ": "sha256:" + "1" * 64,
    "ib_gateway_ibc_checksum: ": "sha256:" + "2" * 64,
}


def preflight(inventory: Path) -> subprocess.CompletedProcess[str]:
    command = [ansible("ansible-playbook"), "-i", str(inventory), str(ROOT / "ansible" / "preflight.yml")]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The inventory after the two copies that its owner makes."""
    inventory = tmp_path / "inventory"
    shutil.copytree(
        ROOT / "inventory", inventory, ignore=shutil.ignore_patterns("lab", "vault.yml", "hosts.yml")
    )
    shutil.copy(inventory / "example.yml", inventory / "hosts.yml")
    shutil.copy(inventory / "group_vars/all/vault.yml.example", inventory / "group_vars/all/vault.yml")
    return inventory


@pytest.fixture
def finished(copied: Path) -> Path:
    """The same with every CHANGE_ME replaced and one channel for alerts."""
    path = copied / "hosts.yml"
    text = path.read_text()
    for line, value in FILLED_IN.items():
        assert f"{line}CHANGE_ME" in text, line
        text = text.replace(f"{line}CHANGE_ME", f"{line}{value}", 1)
    path.write_text(text)
    vault = copied / "group_vars" / "all" / "vault.yml"
    text = vault.read_text().replace('vault_ntfy_url: ""', "vault_ntfy_url: https://ntfy.example/x")
    text = text.replace("vault_ibkr_account: CHANGE_ME", "vault_ibkr_account: DU1234567")
    vault.write_text(text.replace("CHANGE_ME", "a-password-of-mine"))
    return copied


def hosts(inventory: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((inventory / "hosts.yml").read_text())
    return found


def test_without_an_inventory_the_run_stops_and_says_how_to_begin(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text("all: {}\n")

    done = preflight(tmp_path)

    assert done.returncode != 0
    assert "cp inventory/example.yml inventory/hosts.yml" in " ".join(done.stdout.split())


def test_the_example_as_it_is_stops_with_one_message_that_names_every_line(copied: Path) -> None:
    done = preflight(copied)

    assert done.returncode != 0
    assert done.stdout.count("fatal:") == 1
    assert "Nothing was changed." in done.stdout
    for line in (
        "your time zone",
        "vault_ibkr_password",
        "the host's address",
        "your own computers' network",
    ):
        assert line in done.stdout


def test_a_finished_inventory_is_accepted(finished: Path) -> None:
    done = preflight(finished)

    assert done.returncode == 0, done.stdout


def test_one_forgotten_line_is_named_alone(finished: Path) -> None:
    vault = finished / "group_vars" / "all" / "vault.yml"
    vault.write_text(
        vault.read_text().replace("vault_ibkr_account: DU1234567", "vault_ibkr_account: CHANGE_ME")
    )

    done = preflight(finished)

    assert done.returncode != 0
    assert "vault_ibkr_account" in done.stdout
    assert "vault_ibkr_password" not in done.stdout


def test_two_bots_with_one_client_id_are_refused(finished: Path) -> None:
    named = hosts(finished)
    named["bots"]["hosts"]["second"] = {"ansible_host": "192.0.2.8", "trading_bot_client_id": 1}
    (finished / "hosts.yml").write_text(yaml.safe_dump(named))

    done = preflight(finished)

    assert done.returncode != 0
    assert "the same trading_bot_client_id as pi" in " ".join(done.stdout.split())


def test_bots_of_one_gateway_share_its_market_data_lines(finished: Path) -> None:
    named = hosts(finished)
    named["bots"]["hosts"]["second"] = {"ansible_host": "192.0.2.8", "trading_bot_client_id": 2}
    (finished / "hosts.yml").write_text(yaml.safe_dump(named))
    shared = variable(finished, "pi", "trading_bot_line_budget")

    named["bots"]["hosts"]["second"]["trading_bot_own_settings"] = {"broker": {"line_budget": 90}}
    (finished / "hosts.yml").write_text(yaml.safe_dump(named))
    done = preflight(finished)

    assert shared == 45
    assert done.returncode != 0
    assert "want 135 market data lines together" in " ".join(done.stdout.split())


def test_alerts_that_reach_nobody_are_refused_unless_that_is_meant(finished: Path) -> None:
    vault = finished / "group_vars" / "all" / "vault.yml"
    vault.write_text(vault.read_text().replace("https://ntfy.example/x", '""'))
    refused = preflight(finished)

    named = hosts(finished)
    named["house"]["vars"]["appliance_alerts_reach_nobody"] = True
    (finished / "hosts.yml").write_text(yaml.safe_dump(named))
    accepted = preflight(finished)

    assert refused.returncode != 0
    assert "No alert would reach you" in refused.stdout
    assert accepted.returncode == 0, accepted.stdout


def test_the_guard_speaks_where_the_alerts_go_unless_it_has_a_channel_of_its_own(finished: Path) -> None:
    given = {
        "vault_discord_webhook_url": "https://discord.com/api/webhooks/123456789012345678/" + "t" * 68,
        "vault_slack_webhook_url": "https://hooks.slack.com/services/T00000000/B00000000/" + "t" * 24,
        "vault_telegram_bot_token": "123456789:abcdefghijklmnopqrstuvwxyz",
        "vault_telegram_chat_id": -1001234,
        "vault_pushover_user_key": "u" * 30,
        "vault_pushover_api_token": "a" * 30,
    }
    laid_over = finished / "group_vars" / "all" / "z.yml"
    laid_over.write_text(yaml.safe_dump(given))
    shared: Any = variable(finished, "gateway", "ibgateway_guard_alert_urls")
    laid_over.write_text(yaml.safe_dump(given | {"vault_guard_alert_urls": ["ntfys://ntfy.example/mine"]}))
    own = variable(finished, "gateway", "ibgateway_guard_alert_urls")

    assert shared == [
        given["vault_discord_webhook_url"],
        given["vault_slack_webhook_url"],
        "ntfys://ntfy.example/x",
        "tgram://123456789:abcdefghijklmnopqrstuvwxyz/-1001234",
        f"pover://{'u' * 30}@{'a' * 30}",
    ]
    assert own == ["ntfys://ntfy.example/mine"]
    apprise = pytest.importorskip("apprise")
    assert all(apprise.Apprise().add(url) for url in shared)


@pytest.mark.parametrize(
    "cloned_from",
    ["git@code.example:me/bot.git", "ssh://git@code.example/me/bot.git", "https://code.example/me/bot"],
)
def test_the_links_of_alerts_lead_to_the_place_this_was_cloned_from(finished: Path, cloned_from: str) -> None:
    (finished / "group_vars" / "all" / "z.yml").write_text(
        yaml.safe_dump({"appliance_cloned_from": cloned_from})
    )

    assert (
        variable(finished, "gateway", "appliance_runbook_base_url") == "https://code.example/me/bot/blob/HEAD"
    )


def test_a_password_of_digits_must_stand_in_quotes(finished: Path) -> None:
    vault = finished / "group_vars" / "all" / "vault.yml"
    vault.write_text(
        vault.read_text().replace(
            "vault_ibkr_password: !unsafe 'a-password-of-mine'", "vault_ibkr_password: 0123"
        )
    )

    done = preflight(finished)

    assert done.returncode != 0
    assert "must stand in quotes" in " ".join(done.stdout.split())


ONE_MACHINE = """\
gateway: {hosts: {box: {ansible_host: 192.0.2.7}}}
bots: {hosts: {box: {trading_bot_client_id: 1}}}
monitoring: {hosts: {box: }}
"""


def test_one_machine_needs_no_tunnel_and_opens_nothing_but_ssh(finished: Path) -> None:
    house = hosts(finished)["house"]
    (finished / "hosts.yml").write_text(ONE_MACHINE + yaml.safe_dump({"house": house}))

    done = preflight(finished)
    rules = variable(finished, "box", "firewall_rules")

    assert done.returncode == 0, done.stdout
    assert isinstance(rules, list)
    assert [rule["port"] for rule in rules if rule["from"]] == []
    assert variable(finished, "box", "appliance_comes_by_tunnel") is False
    assert variable(finished, "box", "appliance_measured_on") == "127.0.0.1"


def test_the_lab_never_joins_the_real_inventory() -> None:
    command = [ansible("ansible-inventory"), "-i", str(ROOT / "inventory"), "--list"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    assert "lab-pi" not in json.loads(done.stdout)["_meta"]["hostvars"]


def test_a_gateway_admits_the_bots_that_use_it_and_no_other(finished: Path) -> None:
    named = hosts(finished)
    named["gateway"]["hosts"]["other"] = {"ansible_host": "192.0.2.9"}
    named["bots"]["hosts"]["second"] = {
        "ansible_host": "192.0.2.8",
        "trading_bot_client_id": 2,
        "appliance_gateway": "other",
    }
    (finished / "hosts.yml").write_text(yaml.safe_dump(named))

    peers = {name: variable(finished, name, "gateway_tunnel_peers") for name in ("ibgw", "other")}

    assert peers == {"ibgw": ["pi"], "other": ["second"]}


def variable(inventory: Path, host: str, name: str) -> object:
    """A variable as this host sees it, templated."""
    command = [
        ansible("ansible"), host, "-i", str(inventory), "-c", "local", "-m", "ansible.builtin.debug",
        "-a", f"var={name}",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    text = done.stdout.split("=>", 1)[1]
    return yaml.safe_load(text)[name]
