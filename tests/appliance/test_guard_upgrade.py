"""The guard's limits may bring a key that its running release does not know: the release changes before them, and not at all
when nobody understands them."""

from __future__ import annotations

import atexit
import json
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import ROOT, ansible

pytestmark = pytest.mark.slow

# Stands for a release: it knows these keys and refuses every other one, as the guard does.
GUARD = """\
#!{python}
import pathlib, re, sys
if "check" not in sys.argv:
    sys.exit("it does not run here")
told = pathlib.Path(sys.argv[-1]).read_text()
unknown = set(re.findall(r"^(\\w+):", told, re.MULTILINE)) - set({keys!r})
if unknown:
    print(f"ibkr-guard: /dev/stdin: {{sorted(unknown)[0]}}: Extra inputs are not permitted", file=sys.stderr)
sys.exit(78 if unknown else 0)
"""
KEYS = sorted(yaml.safe_load((ROOT / "configs" / "guard.yaml").read_text(encoding="utf-8")))


# A bot's host that lets nobody in.
HOSTS = {
    "all": {
        "hosts": {
            "localhost": {"ansible_connection": "local"},
            "pi": {"ansible_host": "127.0.0.1", "ansible_port": 1},
        }
    }
}


@cache
def present_build() -> tuple[str, str]:
    """The release of this code, built once: the folder of releases and its id."""
    folder = tempfile.mkdtemp(prefix="ibkr-builds-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    python = Path(ansible("ansible-playbook")).with_name("python")  # its environment can build
    command = [str(python), str(ROOT / "ansible" / "build_release.py"), folder]
    built = subprocess.run(command, capture_output=True, text=True, check=True)
    return folder, json.loads(built.stdout)["build"]


class Host:
    """A gateway host's folders: the former release runs, the present one is installed beside it by the role."""

    def __init__(self, folder: Path, former: list[str], present: list[str]) -> None:
        self.root, self.folder = folder / "guard", folder
        self.limits = folder / "limits.yaml"
        self.limits.write_text("the former limits\n")
        self.builds, self.present = present_build()
        for name, keys in {"former": former, self.present: present}.items():
            self._release(name, keys)
        (self.root / "current").symlink_to("releases/former")

    def _release(self, name: str, keys: list[str]) -> None:
        program = self.root / "releases" / name / "venv" / "bin" / "ibkr-guard"
        program.parent.mkdir(parents=True)
        program.write_text(GUARD.format(python=sys.executable, keys=keys))
        program.chmod(0o755)
        (self.root / "releases" / name / "INSTALLED").write_text(name)

    @property
    def runs(self) -> str:
        """The release that the next start takes."""
        return (self.root / "current").readlink().name

    def upgrade(self, **variables: Any) -> str:
        """Run the role's own tasks here; returns what Ansible said, in one line."""
        given = {
            "ibgateway_guard_root": str(self.root),
            "ibgateway_guard_limits_file": str(self.limits),
            "trading_bot_builds_dir": self.builds,
            "ibgateway_guard_accounts": ["DU1234567"],
            **variables,
        }
        role = {"name": "ibgateway_guard", "tasks_from": "upgrade"}
        tasks = [{"name": "Upgrade", "ansible.builtin.include_role": role}]
        (self.folder / "play.yml").write_text(
            yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}])
        )
        (self.folder / "hosts.yml").write_text(yaml.safe_dump(HOSTS))
        command = [
            ansible("ansible-playbook"),
            "-i",
            str(self.folder / "hosts.yml"),
            str(self.folder / "play.yml"),
        ]
        command += ["--extra-vars", json.dumps(given)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        return " ".join((done.stdout + done.stderr).split())


def test_a_guard_that_does_not_know_a_new_key_is_replaced_before_its_limits_are(tmp_path: Path) -> None:
    host = Host(tmp_path, [key for key in KEYS if key != "sunday"], KEYS)

    said = host.upgrade()

    assert host.runs == host.present, said
    assert host.limits.read_text() == "the former limits\n", "they are written afterwards"
    assert (host.root / "releases" / "former" / "limits.yaml").read_text() == "the former limits\n"


def test_a_guard_that_understands_its_limits_is_left_alone(tmp_path: Path) -> None:
    host = Host(tmp_path, KEYS, KEYS)

    said = host.upgrade()

    assert host.runs == "former", said
    assert "failed=0" in said


def test_its_owner_may_want_the_present_one_even_so(tmp_path: Path) -> None:
    host = Host(tmp_path, KEYS, KEYS)

    said = host.upgrade(ibgateway_guard_replace=True)

    assert host.runs == host.present, said


def test_limits_that_nobody_understands_change_nothing_and_are_named(tmp_path: Path) -> None:
    host = Host(tmp_path, KEYS, KEYS)

    said = host.upgrade(ibgateway_guard_limits={"round_trip": 5})

    assert host.runs == "former"
    assert "it runs on with its old ones: ibkr-guard: round_trip: Extra inputs are not permitted" in said
    assert "ibgateway_guard_limits" in said


def test_nothing_is_switched_while_its_bots_may_not_be_interrupted(tmp_path: Path) -> None:
    host = Host(tmp_path, [key for key in KEYS if key != "sunday"], KEYS)

    said = host.upgrade(ibgateway_guard_bots=["pi"])

    assert host.runs == "former", said
    assert "nobody knows what its bot holds" in said
    assert "runs on as it was, with its old limits" in said
