"""No release takes another's place unless each can read the journal that the other writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import ROOT, ansible

pytestmark = pytest.mark.slow

# Stands for a release: it writes one kind of row for each letter, and reads those.
RELEASE = """\
#!{python}
import json, sys
if {kinds!r} == "-":
    sys.exit(2)
if "--check" not in sys.argv:
    print(json.dumps({kinds!r}))
    sys.exit(0)
unknown = sorted(set(json.load(sys.stdin)) - set({kinds!r}))
print(*(f"{{kind}}: an unknown kind of row" for kind in unknown), sep="\\n")
sys.exit(1 if unknown else 0)
"""
FROM_BEFORE_THE_QUESTION = "-"
# Each case is a host of one run of Ansible, because a run costs seconds: what runs there, what is new, what is given.
CASES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "alike": ("ab", "ab", {}),
    "one_way": ("ab", "abc", {}),
    "one_way_insisted": ("ab", "abc", {"redeploy_one_way": True}),
    "roll_back": ("abc", "ab", {"redeploy_one_way": True}),
    "old_runs": (FROM_BEFORE_THE_QUESTION, "ab", {}),
    "old_is_new": ("ab", FROM_BEFORE_THE_QUESTION, {}),
}


def host(folder: Path, running: str, new: str, given: dict[str, Any]) -> dict[str, Any]:
    """Put two such releases there; the variables that the redeploy would have."""
    for name, kinds in {"running": running, "new": new}.items():
        program = folder / "releases" / name / "venv" / "bin" / "ibkr-bot"
        program.parent.mkdir(parents=True)
        program.write_text(RELEASE.format(python=sys.executable, kinds=kinds))
        program.chmod(0o755)
    names = {"redeploy_old": {"stdout": "releases/running"}, "trading_bot_release": {"build": "new"}}
    return {"ansible_connection": "local", "redeploy_root": str(folder), **names, **given}


@pytest.fixture(scope="module")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each case was refused with; empty where it was not."""
    folder = tmp_path_factory.mktemp("way-back")
    hosts = {name: host(folder / name, *case) for name, case in CASES.items()}
    question = str(ROOT / "ansible" / "tasks" / "way-back.yml")
    tasks = [{"name": "Ask", "ansible.builtin.include_tasks": question}]
    (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    (folder / "play.yml").write_text(
        yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": tasks}])
    )
    command = [ansible("ansible-playbook"), "-i", str(folder / "hosts.yml"), str(folder / "play.yml")]
    environment = {**os.environ, "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment, check=False)
    told = json.loads(done.stdout)
    last = dict.fromkeys(CASES, "")
    for task in told["plays"][0]["tasks"]:
        last |= {name: said["msg"] for name, said in task["hosts"].items() if said.get("failed")}
    assert {name for name, count in told["stats"].items() if count["ok"] == 0} == set(), done.stdout
    return last


def test_a_release_whose_journal_the_running_one_could_not_read_is_refused(refusals: dict[str, str]) -> None:
    assert refusals["one_way"].startswith(
        "running could not read the journal that new writes: c: an unknown kind of row."
    )
    assert "nothing was switched" in refusals["one_way"]


def test_a_roll_back_onto_a_journal_it_cannot_read_is_refused_even_when_forced(
    refusals: dict[str, str],
) -> None:
    assert refusals["roll_back"].startswith(
        "new cannot read the journal that running has written here: c: an unknown kind of row."
    )
    assert "nothing was switched" in refusals["roll_back"]


def test_whatever_else_may_be_switched(refusals: dict[str, str]) -> None:
    """Releases that read each other, a way that its owner goes without return, and where nobody can say."""
    assert {name for name, why in refusals.items() if why} == {"one_way", "roll_back"}


def test_it_is_asked_before_anything_is_switched() -> None:
    switch = yaml.safe_load((ROOT / "ansible" / "tasks" / "switch.yml").read_text())

    assert switch[0]["ansible.builtin.include_tasks"] == "way-back.yml"
