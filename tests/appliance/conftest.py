"""What the appliance's checks share: the repository, its tools, and the rendered templates.

Rule: these tests read and render; they change no host. What needs a host is in ansible/molecule. A tool that is missing
skips its test by name, so that the suite also runs where only Python is; with APPLIANCE_COMPLETE set, as in CI, it fails.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import pytest
import yaml

from .renderings import RENDERINGS

ROOT = Path(__file__).resolve().parents[2]
# The lab brings the checkers of the hosts' own Debian; they come before this machine's.
PLACES = (str(Path(os.environ.get("LAB", ROOT / ".lab")) / "tools"), os.environ["PATH"], "/usr/sbin:/sbin")
Tool = Callable[..., "subprocess.CompletedProcess[str]"]


def missing(name: str, remedy: str = "") -> NoReturn:
    """Skip for want of a tool, or fail where every tool is promised."""
    reason = f"{name} is not installed{remedy}"
    if os.environ.get("APPLIANCE_COMPLETE"):
        pytest.fail(reason)
    pytest.skip(reason)


def module(path: Path) -> ModuleType:
    """A program of the roles, loaded without being run."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = loaded
    spec.loader.exec_module(loaded)
    return loaded


def ansible(name: str) -> str:
    """Where a command of the appliance's environment is; skips when it is not installed."""
    here = Path(os.environ.get("APPLIANCE_VENV", ROOT / ".venv-appliance")) / "bin" / name
    found = str(here) if here.exists() else shutil.which(name)
    if found is None:
        missing(name, ": make appliance-venv")
    return found


@pytest.fixture
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture
def tool() -> Tool:
    """Run a command that must be installed; skips by its name when it is not."""

    def run(name: str, *arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
        found = shutil.which(name, path=os.pathsep.join(PLACES))
        if found is None:
            missing(name)
        return subprocess.run([found, *arguments], cwd=cwd, capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="session")
def renderings() -> dict[str, str]:
    """Every rendering of the table below, made in one run of Ansible because a run costs seconds."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        tasks = [_task(out, name, *entry) for name, entry in RENDERINGS.items()]
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}
        (out / "plays.yml").write_text(yaml.safe_dump([play]))
        command = [ansible("ansible-playbook"), "-i", "localhost,", str(out / "plays.yml")]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return {name: (out / name).read_text() for name in RENDERINGS}


def _task(out: Path, name: str, role: str, template: str, variables: dict[str, Any]) -> dict[str, Any]:
    """A task that renders one template with the role's defaults under the given variables."""
    folder = ROOT / "roles" / role
    defaults: dict[str, Any] = {}
    for path in (folder / "defaults" / "main.yml", folder / "vars" / "main.yml"):
        defaults |= yaml.safe_load(path.read_text()) if path.exists() else {}
    source = {"src": str(folder / "templates" / template), "dest": str(out / name), "mode": "0600"}
    return {
        "name": f"Render {name}",
        "ansible.builtin.template": source,
        "vars": {**defaults, "role_path": str(folder), "ansible_managed": "managed", **variables},
    }
