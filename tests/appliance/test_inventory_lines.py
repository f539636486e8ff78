"""An inventory's lines that make no sense are each named with their remedy, before any host is contacted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .conftest import ROOT, module

LINES = module(ROOT / "ansible" / "files" / "inventory_lines.py")
SUM = "sha256:" + "a1" * 32
PLANTED = "planted-password"


def house(**changed: Any) -> dict[str, dict[str, Any]]:
    """A gateway and a Pi that are as they should be, but for these lines of the gateway."""
    common: dict[str, Any] = {
        "user": "you",
        "timezone": "Europe/Paris",
        "networks": ["192.168.1.0/24", "2001:db8::/64", "10.0.0.3"],
        "appliance_trading_mode": "paper",
        "appliance_daily_restart": "23:45",
        "secrets": {"vault_grafana_password": PLANTED, "vault_ntfy_url": "https://ntfy.sh/x"},
    }
    gateway = common | {
        "address": "192.168.1.20",
        "ib_gateway_channel": "stable",
        "ib_gateway_cold_restart_time": "08:05",
        "ib_gateway_installer_checksum": SUM,
        "ib_gateway_ibc_checksum": SUM,
        "account": "DU1234567",
    }
    return {"ibgw": gateway | changed, "pi": common | {"address": "192.168.1.21"}}


def said(hosts: dict[str, dict[str, Any]], **groups: list[str]) -> list[str]:
    found: list[str] = LINES.complaints(hosts, groups)
    return found


def test_an_inventory_as_it_should_be_is_not_complained_of() -> None:
    assert said(house(), gateway=["ibgw"], bots=["pi"]) == []


@pytest.mark.parametrize(
    ("line", "value", "part"),
    [
        ("address", "ibgw.local", "add `appliance_address: 192.168.1.21` beside it"),
        ("address", "192.168.1.256", "need an address such as"),
        ("address", "192.168.1.20/24", "need an address such as"),
        ("address", "2001:db8::20", "speak IPv4"),
        ("address", "127.0.0.1", "no address at which another machine finds it"),
        ("address", "192.168.1.21", "one machine is named once"),
        ("networks", "192.168.1.0/24", "is a list"),
        ("networks", ["192.168.1.0/33"], "'192.168.1.0/33' is neither"),
        ("networks", ["home"], "'home' is neither"),
        ("timezone", "Paris", "'Paris' is none"),
        ("timezone", "europe/paris", "is none"),
        ("timezone", "US/Eastern", "America/New_York"),
        ("appliance_trading_mode", "Paper", "write paper or live"),
        ("appliance_trading_mode", "live", "is a paper account"),
        ("ib_gateway_channel", "beta", "write stable or latest"),
        ("appliance_daily_restart", 1425, "in quotes"),
        ("appliance_daily_restart", "25:00", "in quotes"),
        ("ib_gateway_cold_restart_time", 605, "in quotes"),
        ("user", "you@192.168.1.20", "only the user's name"),
        ("user", "you and me", "only the user's name"),
        ("ib_gateway_ibc_checksum", "a1" * 32, "ib_gateway_ibc_checksum: write sha256:"),
        ("ib_gateway_installer_checksum", SUM.upper(), "in lower case"),
        ("account", 1234567, "such as DU1234567"),
        ("account", "du1234567", "such as DU1234567"),
        ("account", "U1234567", "is a live account"),
    ],
)
def test_a_line_that_makes_no_sense_is_named_with_its_remedy(line: str, value: object, part: str) -> None:
    (one,) = said(house(**{line: value}), gateway=["ibgw"], bots=["pi"])

    assert part in one
    assert "ibgw" in one or "pi" in one


@pytest.mark.parametrize(
    ("secret", "value", "part"),
    [
        ("vault_ibkr_password", "zq9\x08", "control character"),
        ("vault_ibkr_password", "\tzq9", "control character"),
        ("vault_ibkr_username", "zq9\n", "control character"),
        ("vault_ntfy_url", "https://zq9.example/\n", "control character"),
        ("vault_grafana_password", 9999999999, "must stand in quotes"),
        ("vault_ibkr_username", 9999999999, "must stand in quotes"),
        ("vault_telegram_chat_id", "@zq9", "is a number"),
        ("vault_grafana_password", "zq9", "fewer than 10"),
        ("vault_ntfy_url", "zq9.example/x", "begins with https://"),
        ("vault_discord_webhook_url", "https:///zq9", "begins with https://"),
        ("vault_telegram_bot_token", "1:zq9", "vault_telegram_chat_id is missing"),
        ("vault_pushover_api_token", "zq9", "vault_pushover_user_key is missing"),
    ],
)
def test_a_secret_is_named_and_never_repeated(secret: str, value: object, part: str) -> None:
    found = said(house(secrets={secret: value}))

    assert any(secret in one and part in one for one in found), found
    assert not any(planted in " ".join(found) for planted in ("zq9", "9999999999"))


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=300).filter(
        lambda text: "CHANGE_ME" not in text
    )
)
def test_any_password_that_a_keyboard_types_is_taken(password: str) -> None:
    assert said(house(secrets={"vault_ibkr_password": password})) == []


VAULT = """\
# not {{ this
vault_a: 'zq9{{x'
vault_b: !unsafe 'zq9{{x'
vault_c: "zq9{%x"
vault_d: zq9{#x
vault_e: 'zq9 { { x } }'
vault_f: "{{ lookup('ansible.builtin.env', 'MINE') }}"
"""


def test_a_value_that_ansible_would_take_for_a_sum_is_named_unless_it_is_marked() -> None:
    found = LINES.sums(VAULT)

    assert [one.split()[0] for one in found] == ["vault_a", "vault_c", "vault_d"]
    assert "zq9" not in " ".join(found)


@pytest.mark.parametrize("name", ["pi", "Pi-1", "my_pi", "pi.home", "0", "x" * 63])
def test_odd_names_of_machines_are_taken(name: str) -> None:
    assert said({name: {}}) == []


@pytest.mark.parametrize(
    "name",
    ["my pi", "pi;x", "-pi", "pi.", "é", "x" * 64, "ca", "localhost", "192.168.1.2", "::1", "monitoring"],
)
def test_names_that_cannot_be_a_machines_are_refused(name: str) -> None:
    assert len(said({name: {}}, gateway=[name], monitoring=["other"])) == 1


def test_two_names_that_differ_in_upper_case_only_are_refused() -> None:
    assert "Pi: differs from pi in upper case only: take another name." in said({"pi": {}, "Pi": {}})


def test_a_machine_may_bear_its_own_groups_name() -> None:
    assert said({"gateway": {}}, gateway=["gateway"]) == []


def test_one_machine_is_found_by_itself_under_any_name() -> None:
    assert said({"box": house()["ibgw"] | {"address": "box.local"}}) == []


def test_what_holds_for_all_machines_is_said_once() -> None:
    hosts = {name: lines | {"timezone": "Paris"} for name, lines in house().items()}

    assert [one.split(":")[0] for one in said(hosts)] == ["ibgw, pi"]
