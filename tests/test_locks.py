"""What ``make lock`` wrote is what pyproject.toml asks for: a requirement that was added or raised without it is found here."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+?)(?:\s*;.*)?(?:\s*\\)?$", re.MULTILINE)


def locked(name: str) -> dict[str, set[str]]:
    """The versions of each package that a lock holds; several where they depend on the interpreter."""
    found: dict[str, set[str]] = {}
    for package, version in PINNED.findall(
        (ROOT / "requirements" / f"{name}.lock").read_text(encoding="utf-8")
    ):
        found.setdefault(canonicalize_name(package), set()).add(version)
    return found


def asked(extras: tuple[str, ...], groups: tuple[str, ...] = ()) -> Iterator[Requirement]:
    own = canonicalize_name(PROJECT["project"]["name"])
    lists = [
        PROJECT["project"]["dependencies"],
        *(PROJECT["project"]["optional-dependencies"][e] for e in extras),
    ]
    lists += [PROJECT["dependency-groups"][group] for group in groups]
    for one in (line for lines in lists for line in lines if isinstance(line, str)):
        requirement = Requirement(one)
        if canonicalize_name(requirement.name) != own:
            yield requirement


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("runtime", list(asked(("bot",)))),
        ("dev", list(asked(("bot", "research", "cluster", "search"), ("dev", "monitoring")))),
        ("build", [Requirement(one) for one in PROJECT["build-system"]["requires"]]),
    ],
)
def test_each_requirement_is_locked_within_its_bounds(name: str, wanted: list[Requirement]) -> None:
    held = locked(name)
    assert len(wanted) >= 1
    for requirement in wanted:
        versions = held.get(canonicalize_name(requirement.name), set())
        assert versions, (
            f"{requirement} is in pyproject.toml and not in requirements/{name}.lock: run make lock"
        )
        assert all(requirement.specifier.contains(one, prereleases=True) for one in versions), (
            f"{requirement} is locked at {versions}: run make lock"
        )


@pytest.mark.parametrize("name", ["runtime", "build"])
def test_what_is_deployed_is_what_was_tested(name: str) -> None:
    tested = locked("dev")
    differing = {
        package: (versions, tested.get(package))
        for package, versions in locked(name).items()
        if package in tested and versions != tested[package]
    }
    assert differing == {}
    if name == "runtime":
        assert set(locked("runtime")) <= set(tested)


@pytest.mark.parametrize("name", ["runtime", "dev", "build"])
def test_each_locked_version_has_its_checksums(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.lock").read_text(encoding="utf-8")
    starts = [match.start() for match in PINNED.finditer(text)]
    assert all("--hash=sha256:" in text[at : text.find("\n", at) + 200] for at in starts)
