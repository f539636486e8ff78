"""The playbooks say what they do: every role exists, explains its variables and bears no folder's name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import ROOT, Tool, module

ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())
READMES = module(ROOT / "docs" / "role_readmes.py")
VERSIONS = module(ROOT / "ansible" / "versions.py")
ASKED_BEFORE = {
    "switch.yml": "redeploy asks before it",
    "health.yml": "a gateway with the wrong account is stopped at once",
}


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def roles_of(playbook: Path) -> set[str]:
    """Every role a playbook names in its plays' ``roles``."""
    found: set[str] = set()
    for play in load(playbook):
        for entry in play.get("roles", []):
            found.add(entry["role"])
    return found


def test_every_role_a_playbook_names_exists() -> None:
    named = set().union(*(roles_of(path) for path in (ROOT / "ansible").glob("*.yml")))

    assert named <= set(ROLES)
    assert all((ROOT / "roles" / name / "tasks" / "main.yml").exists() for name in named)


def test_every_role_is_used_by_the_site() -> None:
    used: set[str] = set()
    for entry in load(ROOT / "site.yml"):
        used |= roles_of(ROOT / entry["import_playbook"])

    assert used == set(ROLES)


def test_no_role_bears_the_name_of_a_folder() -> None:
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()}

    assert not folders & set(ROLES)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_specifies_every_variable_it_has_a_default_for(role: str) -> None:
    defaults = load(ROOT / "roles" / role / "defaults" / "main.yml")
    specified = load(ROOT / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"]["main"][
        "options"
    ]

    assert set(defaults) <= set(specified)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_checks_before_it_changes(role: str) -> None:
    first = load(ROOT / "roles" / role / "tasks" / "main.yml")[0]

    assert first["ansible.builtin.include_tasks"]["file"] == "preflight.yml"


@pytest.mark.parametrize("role", ROLES)
def test_a_variable_that_holds_a_secret_is_never_logged(role: str) -> None:
    options = load(ROOT / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]
    secret = [
        name for name in options if name.endswith(("_password", "_token", "_webhook_url", "_watchdog_url"))
    ]

    assert all(options[name].get("no_log") is True for name in secret)


def test_no_download_goes_without_a_checksum() -> None:
    for path in (ROOT / "roles").rglob("tasks/*.yml"):
        for text in path.read_text().split("- name: ")[1:]:
            if "ansible.builtin.get_url" in text and "key_url" not in text:
                assert "checksum:" in text, f"{path}: {text.splitlines()[0]}"


def test_the_image_is_built_of_nothing_without_a_checksum_its_build_tools_included() -> None:
    steps = (ROOT / "Containerfile").read_text().replace("\\\n", " ").splitlines()
    installs = [part for step in steps for part in step.split("&&") if "pip install" in part]
    locks = {found for part in installs for found in re.findall(r"-r (\S+)", part)}

    assert all("--require-hashes" in part or "--no-index" in part for part in installs)
    assert locks == {"runtime.lock", "requirements/build.lock"}
    assert "hatchling==" in (ROOT / "requirements" / "build.lock").read_text()


def test_what_may_write_no_bytecode_is_installed_with_it() -> None:
    """A service that finds none compiles its imports at each start, which takes a Pi seconds."""
    release = (ROOT / "roles" / "trading_bot" / "tasks" / "release.yml").read_text()
    image = (ROOT / "Containerfile").read_text().replace("\\\n", " ")
    steps = [text.replace(",", "") for text in release.split("- name: ") if "/pip" in text]
    steps += [part for part in image.split("&&") if "/opt/ibkr-bot/bin/pip" in part]

    assert len(steps) == 4
    assert all("--compile" in step.split() for step in steps), steps


@pytest.mark.parametrize("role", ROLES)
def test_a_roles_readme_is_what_its_argument_specs_say(role: str) -> None:
    made = READMES.readme(ROOT / "roles" / role)

    assert (ROOT / "roles" / role / "README.md").read_text(encoding="utf-8") == made


def test_versions_stand_in_one_file_and_are_compared_with_what_their_makers_tell() -> None:
    pages = {
        "https://api.github.com/repos/IbcAlpha/IBC/releases/latest": '{"tag_name": "99.1.0"}',
        "https://api.github.com/repos/gnzsnz/ib-gateway-docker/releases?per_page=30": (
            '[{"tag_name": "ibgateway-stable@10.45.1b"}, {"tag_name": "ibgateway-latest@10.51.1a"}]'
        ),
    }

    found = {
        one.name: one for one in VERSIONS.look(VERSIONS.FILE.read_text(), lambda page: pages.get(page, ""))
    }

    assert all(found[program.name].here for program in VERSIONS.PROGRAMS)
    assert found["IBC"].verdict == "99.1.0 is there"
    assert found["IB Gateway, stable"].verdict == "newest"
    assert found["IB Gateway, latest"].verdict == "10.51.1a is there"
    assert found["Grafana"].verdict == "cannot be seen from here (api.github.com tells nothing)"


def test_the_tools_of_this_computer_are_compared_with_the_python_index() -> None:
    page = '{"info": {"version": "99.1.0"}, "releases": {"99.1.0rc1": [], "1.0": []}}'

    found = {one.name: one for one in VERSIONS.look(VERSIONS.FILE.read_text(), lambda _: page)}

    assert {found[name].newest for name in VERSIONS.TOOLS} == {"99.1.0"}


def test_a_program_that_the_file_no_longer_names_is_said(tmp_path: Path, tool: Tool) -> None:
    (tmp_path / "ansible").mkdir()
    copied = tmp_path / "ansible" / "versions.py"
    copied.write_text((ROOT / "ansible" / "versions.py").read_text())
    file = tmp_path / "inventory" / "group_vars" / "all" / "versions.yml"
    absent = tool("python3", str(copied))
    file.parent.mkdir(parents=True)
    file.write_text(VERSIONS.FILE.read_text().replace("grafana_server_version", "grafana"))

    done = tool("python3", str(copied))

    assert absent.returncode == done.returncode == 78
    assert "names no version of Grafana" in done.stderr
    assert "No such file" in absent.stderr


def test_whatever_stops_the_bot_or_the_gateway_asks_first() -> None:
    for path in [*(ROOT / "roles").rglob("*.yml"), *(ROOT / "ansible" / "tasks").glob("*.yml")]:
        for text in path.read_text().split("- name: ")[1:]:
            stops = re.search(r"state: (restarted|stopped)", text) and re.search(
                r"name: (ibkr-bot|ibgateway|gateway-tunnel)\.service", text
            )
            assert not stops or path.name in ASKED_BEFORE, f"{path}: {text.splitlines()[0]}"
