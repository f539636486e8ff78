"""What the roles write is what the programs that read it accept: nft, promtool, amtool, systemd-analyze."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.guard.limits_file import read_limits

from .conftest import Tool, missing
from .renderings import RENDERINGS

pytestmark = pytest.mark.xdist_group("rendered once")
UNITS = [name for name in RENDERINGS if name.endswith((".service", ".timer"))]
ROUTES = [name for name in RENDERINGS if name.startswith("alertmanager")]
SCRIPTS = ["pi-throttled", "gateway-tunnel-expiry", "ibkr-bot", "ibgateway-command", "ibkr-guard-phone"]


def written(renderings: dict[str, str], name: str, tmp_path: Path) -> Path:
    path = tmp_path / name
    path.write_text(renderings[name])
    return path


@pytest.mark.parametrize("name", UNITS)
def test_systemd_knows_every_word_of_a_unit(
    renderings: dict[str, str], tool: Tool, tmp_path: Path, name: str
) -> None:
    unit = tmp_path / name
    # Programs that exist here, so that only the unit's own words are judged.
    unit.write_text(re.sub(r"^(Exec\w+=)(-?)/\S+", r"\1\2/bin/true", renderings[name], flags=re.MULTILINE))

    done = tool("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(unit))

    assert not [line for line in done.stderr.splitlines() if name in line and "Unknown" in line], done.stderr


def test_the_bot_is_as_confined_as_systemd_can(
    renderings: dict[str, str], tool: Tool, tmp_path: Path
) -> None:
    unit = written(renderings, "ibkr-bot.service", tmp_path)

    done = tool("systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", str(unit))

    assert done.returncode == 0, done.stdout[-400:] + done.stderr


def test_the_guard_is_confined(renderings: dict[str, str], tool: Tool, tmp_path: Path) -> None:
    unit = written(renderings, "ibgateway-guard.service", tmp_path)

    done = tool("systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", str(unit))

    assert done.returncode == 0, done.stdout[-400:] + done.stderr


def test_the_guards_limits_are_the_examples_with_the_inventorys_in_their_place(
    renderings: dict[str, str], tmp_path: Path
) -> None:
    limits = read_limits(written(renderings, "guard-limits.yaml", tmp_path))

    assert (limits.clients.trade, limits.clients.guard, limits.round_trips) == ((1, 2), 999, 7)
    assert (limits.order.quantity, int(limits.order.value)) == (3, 2500)


def test_a_phones_key_runs_one_command_and_nothing_else(renderings: dict[str, str]) -> None:
    key = renderings["guard-keys"].splitlines()[-1]

    assert key == 'restrict,command="/usr/local/bin/ibkr-guard-phone" ssh-ed25519 AAAAPLANTED phone'
    assert "resume" not in renderings["ibkr-guard-phone"]


@pytest.mark.parametrize("name", [name for name in UNITS if name.endswith(".service")])
def test_what_is_started_again_by_itself_never_meets_a_start_limit(
    renderings: dict[str, str], name: str
) -> None:
    unit = renderings[name]

    assert "Restart=always" not in unit or "StartLimitIntervalSec=0" in unit.split("[Service]")[0]


def test_nft_accepts_the_table(renderings: dict[str, str], tool: Tool, tmp_path: Path) -> None:
    done = tool("nft", "-c", "-f", str(written(renderings, "appliance.nft", tmp_path)))

    assert done.returncode == 0, done.stderr


def test_a_rule_without_anybody_opens_nothing(renderings: dict[str, str]) -> None:
    assert "3000" not in renderings["appliance.nft"]


def test_the_api_is_dropped_before_anything_is_let_in(renderings: dict[str, str]) -> None:
    table = renderings["appliance.nft"]

    assert table.index("dport { 4001, 4002 }") < table.index("ct state established")


def test_promtool_accepts_the_configuration(renderings: dict[str, str], tool: Tool, tmp_path: Path) -> None:
    done = tool("promtool", "check", "config", str(written(renderings, "prometheus.yml", tmp_path)))

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ROUTES)
def test_amtool_accepts_the_routes(renderings: dict[str, str], tool: Tool, tmp_path: Path, name: str) -> None:
    done = tool("amtool", "check-config", str(written(renderings, name, tmp_path)))
    if "field" in done.stdout + done.stderr and "_file not found" in done.stdout + done.stderr:
        missing("an amtool as new as Debian 13's")

    assert done.returncode == 0, done.stdout + done.stderr


def test_no_secret_is_in_the_routes(renderings: dict[str, str]) -> None:
    text = renderings["alertmanager-all.yml"]

    assert not [
        value for value in RENDERINGS["alertmanager-all.yml"][2].values() if value in text and value != "-42"
    ]


@pytest.mark.parametrize("name", ["replay", "flex"])
def test_a_comparison_s_unit_asks_for_nothing_that_a_release_before_it_does_not_know(
    renderings: dict[str, str], name: str
) -> None:
    unit = renderings[f"ibkr-bot-{name}.service"]

    [command] = re.findall(r"^ExecStart=.*?[^\\]$", unit, re.DOTALL | re.MULTILINE)
    assert {x for x in command.split() if x.startswith("--")} <= {"--day", "--alert", "--config"}
    assert re.search(rf"^Environment=IBKR_BOT_TEXTFILE=/\S+/{name}\.prom$", unit, re.MULTILINE)


def test_no_secret_is_in_the_unit(renderings: dict[str, str]) -> None:
    assert "ping.example" not in renderings["ibkr-bot.service"] + renderings["ibkr-bot"]


def test_the_watchdog_goes_nowhere_else(renderings: dict[str, str], tool: Tool, tmp_path: Path) -> None:
    config = written(renderings, "alertmanager.yml", tmp_path)

    def receiver(*labels: str) -> str:
        return tool("amtool", "config", "routes", "test", f"--config.file={config}", *labels).stdout.strip()

    assert receiver("alertname=Watchdog", "severity=none") == "watchdog"
    assert receiver("alertname=BotDown", "severity=critical") == "phone"


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_are_sound(renderings: dict[str, str], tool: Tool, tmp_path: Path, name: str) -> None:
    done = tool("shellcheck", "--severity=warning", str(written(renderings, name, tmp_path)))

    assert done.returncode == 0, done.stdout


def test_debians_packages_update_themselves_pinned_ones_stay_and_nothing_reboots(
    renderings: dict[str, str], tool: Tool, tmp_path: Path
) -> None:
    done = tool("apt-config", "-c", str(written(renderings, "unattended-upgrades", tmp_path)), "dump")

    told = done.stdout.splitlines()
    origins = [line for line in told if line.startswith("Unattended-Upgrade::Origins-Pattern:: ")]
    assert [word for word in ("label=Debian", "-updates", "-security", "Raspberry Pi") if word in str(origins)] == [
        "label=Debian", "-updates", "-security", "Raspberry Pi",
    ]  # fmt: skip
    assert 'Unattended-Upgrade::Package-Blacklist:: "grafana";' in told
    assert 'Unattended-Upgrade::Automatic-Reboot "false";' in told
    assert 'APT::Periodic::Unattended-Upgrade "1";' in told
