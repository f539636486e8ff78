"""A newcomer's inventory: unfinished lines stop everything with one message, a finished one is accepted."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from .conftest import ROOT, ansible

pytestmark = pytest.mark.slow


def preflight(inventory: Path) -> subprocess.CompletedProcess[str]:
    command = [ansible("ansible-playbook"), "-i", str(inventory), str(ROOT / "ansible" / "preflight.yml")]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """The example inventory with every CHANGE_ME replaced, vault included."""
    inventory = tmp_path / "inventory"
    shutil.copytree(ROOT / "inventory", inventory, ignore=shutil.ignore_patterns("lab", "vault.yml"))
    example = inventory / "group_vars" / "all" / "vault.yml.example"
    example.rename(example.with_name("vault.yml"))
    for path in inventory.rglob("*.yml"):
        path.write_text(path.read_text().replace("CHANGE_ME", "192.0.2.7"))
    return inventory


def test_the_example_as_it_is_stops_with_one_message_that_names_every_line() -> None:
    done = preflight(ROOT / "inventory")

    assert done.returncode != 0
    assert done.stdout.count("fatal:") == 1
    assert "Nothing was changed." in done.stdout
    for line in ("your time zone", "vault_ibkr_password", "ansible_host", "your own computers' network"):
        assert line in done.stdout


def test_a_finished_inventory_is_accepted(finished: Path) -> None:
    done = preflight(finished)

    assert done.returncode == 0, done.stdout


def test_one_forgotten_line_is_named_alone(finished: Path) -> None:
    vault = finished / "group_vars" / "all" / "vault.yml"
    vault.write_text(
        vault.read_text().replace("vault_ibkr_account: 192.0.2.7", "vault_ibkr_account: CHANGE_ME")
    )

    done = preflight(finished)

    assert done.returncode != 0
    assert "vault_ibkr_account" in done.stdout
    assert "vault_ibkr_password" not in done.stdout


def test_two_bots_with_one_client_id_are_refused(finished: Path) -> None:
    hosts = yaml.safe_load((finished / "hosts.yml").read_text())
    hosts["bots"]["hosts"]["second"] = {"ansible_host": "192.0.2.8", "trading_bot_client_id": 1}
    (finished / "hosts.yml").write_text(yaml.safe_dump(hosts))

    done = preflight(finished)

    assert done.returncode != 0
    assert "same trading_bot_client_id" in done.stdout


def test_the_lab_never_joins_the_real_inventory() -> None:
    command = [ansible("ansible-inventory"), "-i", str(ROOT / "inventory"), "--list"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    assert "lab-pi" not in json.loads(done.stdout)["_meta"]["hostvars"]


def test_a_gateway_admits_the_bots_that_use_it_and_no_other(finished: Path) -> None:
    hosts = yaml.safe_load((finished / "hosts.yml").read_text())
    hosts["gateway"]["hosts"]["other"] = {"ansible_host": "192.0.2.9"}
    hosts["bots"]["hosts"]["second"] = {
        "ansible_host": "192.0.2.8",
        "trading_bot_client_id": 2,
        "appliance_gateway": "other",
    }
    (finished / "hosts.yml").write_text(yaml.safe_dump(hosts))

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
