"""The catalogue is whole: every name has its words, every test that is named exists, and every incident has an answer."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from tests.gauntlet.catalogue import INCIDENTS, PROOFS
from tests.gauntlet.regressions import ANSWERS, REGRESSIONS

ROOT = Path(__file__).parents[2]
NAMES = {**INCIDENTS, **REGRESSIONS}


def marked() -> set[str]:
    files = [*ROOT.glob("tests/gauntlet/test_*.py"), *ROOT.glob("tests/live_line/test_*.py")]
    marks = re.findall(r"mark\.gauntlet\(([^)]*)\)", "\n".join(f.read_text(encoding="utf-8") for f in files))
    return {name for mark in marks for name in re.findall(r'"(\w+)"', mark)}


def test_every_name_has_its_words() -> None:
    assert marked() | set(PROOFS) | set(ANSWERS) <= set(NAMES)


def test_every_incident_and_every_regression_is_answered_for() -> None:
    assert set(NAMES) - marked() - set(PROOFS) - set(ANSWERS) == set()


def test_every_test_that_is_named_exists() -> None:
    for node in {node for nodes in (*PROOFS.values(), *ANSWERS.values()) for node in nodes}:
        path, _, name = node.partition("::")
        assert f"def {name.partition('[')[0]}" in (ROOT / path).read_text(encoding="utf-8"), node


def test_the_python_versions_are_bounded() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == ">=3.11,<3.14"
