"""The playbooks say what they do: every role exists, explains its variables and bears no folder's name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())


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
