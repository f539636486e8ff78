"""Do the lines of an inventory make sense? inventory_lines.py, the hosts' lines as JSON on standard input, complaints out.

Rule: it contacts nobody and prints a JSON list of sentences. Each names the line, what is wrong and the remedy; a secret is
looked at and never repeated. Lines that are not filled in yet (CHANGE_ME) are the business of preflight.yml.
"""

from __future__ import annotations

import ipaddress
import json
import re
import sys
import zoneinfo
from collections.abc import Callable, Iterator
from typing import Any

Lines = dict[str, Any]
Complaint = tuple[str, str]
# A name becomes a certificate's (RFC 5280: 64 characters), a file's, a label's and a part of systemd units.
NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
CHECKSUM = re.compile(r"sha256:[0-9a-f]{64}")
ACCOUNT = re.compile(r"[A-Z]+[0-9]+")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
ADDRESS_OF_A_PAGE = re.compile(r"https?://[^\s/]+(/\S*)?")
# Debian 13 has these only in tzdata-legacy, which nobody installs by himself.
OLD_ZONES = ("US/", "Canada/", "Mexico/", "Brazil/", "Chile/")


def is_filled(value: object) -> bool:
    """Whether a line was filled in at all."""
    return value not in (None, "", [], {}) and "CHANGE_ME" not in str(value)


def names(hosts: dict[str, Lines], groups: dict[str, list[str]]) -> Iterator[Complaint]:
    """Names of machines."""
    seen: dict[str, str] = {}
    for name in hosts:
        if is_address(name):
            yield (
                name,
                f"an address is no name: write `pi: {{ansible_host: {name}}}`, with a name of your choice",
            )
        elif not NAME.fullmatch(name):
            yield name, "as a name take letters, digits, '-', '_' and '.', at most 63 of them"
        elif name.lower() in ("ca", "localhost"):
            yield name, "this name has a meaning of its own here: take another one"
        elif name in groups and name not in groups[name]:
            yield (
                name,
                f"a group has this name, too, and this machine is not in it: take another one, such as {name}1",
            )
        if name.lower() in seen:
            yield name, f"differs from {seen[name.lower()]} in upper case only: take another name"
        seen[name.lower()] = name


def is_address(text: str) -> bool:
    """Whether this is an address of a machine."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def addresses(hosts: dict[str, Lines]) -> Iterator[Complaint]:
    """How machines reach one another: what the firewall admits must be an address, and each its own."""
    if len(hosts) == 1:
        return
    seen: dict[str, str] = {}
    for name, lines in hosts.items():
        given = lines.get("address")
        if not is_filled(given):
            continue
        text = str(given)
        if not is_address(text):
            yield (
                name,
                (
                    f"ansible_host is {text!r}, and the firewalls of the other machines need an address such as 192.168.1.21;"
                    " to keep the name for SSH, add `appliance_address: 192.168.1.21` beside it"
                ),
            )
            continue
        address = ipaddress.ip_address(text)
        if address.version == 6:
            yield (
                name,
                f"{text}: between themselves the machines speak IPv4; add its IPv4 address as appliance_address",
            )
        elif address.is_loopback or address.is_unspecified:
            yield name, f"{text} is no address at which another machine finds it"
        if text in seen:
            yield (
                name,
                (
                    f"{text} is the address of {seen[text]}, too: one machine is named once, in each of its groups"
                    " (docs/appliance/README.md: One machine)"
                ),
            )
        seen[text] = name


def networks(lines: Lines) -> Iterator[str]:
    """Who may use SSH."""
    given = lines.get("networks")
    if isinstance(given, str) and is_filled(given):
        yield f"appliance_admin_networks is a list: write it as `[{given}]`"
        return
    for one in given or []:
        if is_filled(one):
            try:
                ipaddress.ip_network(str(one), strict=False)
            except ValueError:
                yield f"appliance_admin_networks: {one!r} is neither an address nor a network such as 192.168.1.0/24"


def zone(lines: Lines) -> Iterator[str]:
    """The house's time zone."""
    given, known = lines.get("timezone"), zoneinfo.available_timezones()
    if not is_filled(given):
        return
    if str(given).startswith(OLD_ZONES):
        yield f"appliance_timezone: Debian no longer knows {given}; write it as America/New_York or America/Chicago are"
    elif known and given not in known:
        yield f"appliance_timezone: {given!r} is none (`timedatectl list-timezones` lists them, such as Europe/Paris)"


def choices(lines: Lines) -> Iterator[str]:
    """Lines that take one of few words, and hours of a day."""
    for name, words in {
        "appliance_trading_mode": ("paper", "live"),
        "ib_gateway_channel": ("stable", "latest"),
    }.items():
        if name in lines and lines[name] not in words:
            yield f"{name} is {lines[name]!r}: write {' or '.join(words)}"
    for name in ("appliance_daily_restart", "ib_gateway_cold_restart_time"):
        if name in lines and not (isinstance(lines[name], str) and CLOCK.fullmatch(lines[name])):
            yield f'{name} is {lines[name]!r}: write the hour in quotes, as "23:45"'


def login(lines: Lines) -> Iterator[str]:
    """The user of SSH."""
    user = lines.get("user")
    if is_filled(user) and re.search(r"\s|^-|@[0-9.]+$", str(user)):
        yield f"ansible_user is {user!r}: only the user's name, without an address"


def programs(lines: Lines) -> Iterator[str]:
    """Checksums and the account: what the real gateway needs, and the simulated one does not."""
    for name in ("ib_gateway_installer_checksum", "ib_gateway_ibc_checksum"):
        if is_filled(lines.get(name)) and not CHECKSUM.fullmatch(str(lines[name])):
            yield f"{name}: write sha256: and the 64 digits of `sha256sum`, in lower case"
    account = lines.get("account")
    if not is_filled(account):
        return
    if not ACCOUNT.fullmatch(str(account)):
        yield "vault_ibkr_account: write the whole number with its letters in capitals, such as DU1234567"
    elif lines.get("appliance_trading_mode") in ("paper", "live"):
        is_paper = str(account).startswith("D")
        if is_paper != (lines["appliance_trading_mode"] == "paper"):
            yield (
                f"appliance_trading_mode is {lines['appliance_trading_mode']}, and vault_ibkr_account is a"
                f" {'paper' if is_paper else 'live'} account (paper ones begin with D): docs/appliance/going-live.md"
            )


def secrets(lines: Lines) -> Iterator[str]:
    """What came from the vault: what no keyboard types, numbers without quotes, halves of a pair, no addresses."""
    vault: dict[str, Any] = {
        name: value for name, value in lines.get("secrets", {}).items() if is_filled(value)
    }
    for name, value in vault.items():
        if isinstance(value, str) and CONTROL.search(value):
            yield (
                f"{name} holds a control character (a line's end, a tab, a backspace), as copying from elsewhere brings;"
                " no form takes it: type it again"
            )
        if name.endswith(("_password", "_username")) and not isinstance(value, str):
            yield f"{name} must stand in quotes: it looks like a number"
        if name.endswith("_url") and not ADDRESS_OF_A_PAGE.fullmatch(str(value)):
            yield f"{name} is no address of a page: it begins with https://"
    for left, right in (
        ("vault_telegram_bot_token", "vault_telegram_chat_id"),
        ("vault_pushover_user_key", "vault_pushover_api_token"),
    ):
        if (left in vault) != (right in vault):
            yield f"{left} and {right} go together: {right if left in vault else left} is missing"
    if not re.fullmatch(r"-?[0-9]+", str(vault.get("vault_telegram_chat_id", 0))):
        yield "vault_telegram_chat_id is a number, with its minus sign for a group"
    if len(str(vault.get("vault_grafana_password", "long enough"))) < 10:
        yield "vault_grafana_password has fewer than 10 characters"


def sums(vault: str) -> list[str]:
    """Values of the vault that Ansible would take for templates of its own, unless marked, or nothing but a template."""
    values = re.finditer(r"^(\w+):(?![ \t]+!)[ \t]*([^\n]*?(\{[{%#])[^\n]*)", vault, re.MULTILINE)
    return [
        f"{found[1]} holds {found[3]}, which Ansible takes for a sum of its own: write it as !unsafe '...'"
        for found in values
        if not re.fullmatch(r"""(["'])\{\{.*\}\}\1\s*""", found[2])
    ]


CHECKS: tuple[Callable[[Lines], Iterator[str]], ...] = (networks, zone, choices, login, programs, secrets)


def complaints(hosts: dict[str, Lines], groups: dict[str, list[str]]) -> list[str]:
    """Every complaint, the machines it holds for before it."""
    found: dict[str, list[str]] = {}
    for name, said in (*names(hosts, groups), *addresses(hosts)):
        found.setdefault(said, []).append(name)
    for name, lines in hosts.items():
        for check in CHECKS:
            for said in check(lines):
                found.setdefault(said, []).append(name)
    return [f"{', '.join(dict.fromkeys(whom))}: {said}." for said, whom in found.items()]


if __name__ == "__main__":
    told = json.load(sys.stdin)
    found = sums(told["vault"]) if "vault" in told else complaints(told["hosts"], told["groups"])
    json.dump(found, sys.stdout)
