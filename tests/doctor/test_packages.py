"""The release's bill of materials, as it is written and as the doctor compares it."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bot.doctor.findings import Verdict
from bot.doctor.packages import packages_of, unlisted

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_release", ROOT / "ansible" / "build_release.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def bill(builder: ModuleType, tmp_path: Path) -> dict[str, Any]:
    wheel = tmp_path / "bot.whl"
    wheel.write_bytes(b"a wheel")
    found: dict[str, Any] = builder.bill_of_materials(ROOT / "requirements/runtime.lock", "abc", wheel)
    return found


def test_the_bill_names_every_locked_package_with_its_checksums(bill: dict[str, Any]) -> None:
    lock = (ROOT / "requirements/runtime.lock").read_text(encoding="utf-8")
    parts = bill["components"]
    assert len(parts) == sum("==" in line and not line.startswith((" ", "#")) for line in lock.splitlines())
    assert sum(len(part["hashes"]) for part in parts) == lock.count("--hash=sha256:")
    (apprise,) = [part for part in parts if part["name"] == "apprise"]
    assert apprise["purl"] == f"pkg:pypi/apprise@{apprise['version']}"
    assert bill["metadata"]["component"]["version"] == "abc"


def test_a_changed_a_strange_and_a_missing_package_are_named(bill: dict[str, Any]) -> None:
    needed = [part for part in bill["components"] if not part.get("properties")]
    installed = {part["name"].lower().replace("_", "-").replace(".", "-"): part["version"] for part in needed}
    assert unlisted(bill["components"], installed) == []
    installed["apprise"] = "0"
    installed["left-pad"] = "1"
    del installed["msgspec"]
    assert unlisted(bill["components"], installed) == [
        "apprise 0 is not in it",
        "left-pad 1 is not in it",
        "msgspec is missing",
    ]


def test_a_source_tree_has_no_bill_and_an_unreadable_one_fails(tmp_path: Path) -> None:
    assert packages_of(tmp_path / "venv").verdict is Verdict.SKIP
    (tmp_path / "sbom.json").write_text("{")
    assert packages_of(tmp_path / "venv").verdict is Verdict.FAIL


def test_an_environment_is_compared_with_the_bill_beside_it(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    site = venv / f"lib/python3.{sys.version_info.minor}/site-packages"
    info = site / "apprise-2.2.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: apprise\nVersion: 2.2.0\n")
    (tmp_path / "sbom.json").write_text(json.dumps({"components": [{"name": "Apprise", "version": "2.2.0"}]}))
    assert packages_of(venv).verdict is Verdict.OK
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: apprise\nVersion: 2.3.0\n")
    assert packages_of(venv).found == "apprise 2.3.0 is not in it"
