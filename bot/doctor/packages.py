"""Whether the packages that run are those of the release: its bill of materials against what is installed.

Rule: the bill lies beside the virtual environment (``sbom.json``, CycloneDX 1.5); a source tree has none.
"""

from __future__ import annotations

import json
import re
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from bot.doctor.findings import Finding, fail, ok, skip

_OWN = {"ibkr-options-bot", "pip", "setuptools"}  # the release itself, and what venv puts in
_REMEDY = "something was installed or changed by hand: make redeploy builds the release again"


def packages_of(environment: Path) -> Finding:
    """Compare the environment's packages with the bill beside it."""
    bill = environment.parent / "sbom.json"
    try:
        components: list[dict[str, Any]] = json.loads(bill.read_text(encoding="utf-8"))["components"]
    except FileNotFoundError:
        return skip("packages", "no bill of materials: this is no release")
    except (OSError, ValueError, KeyError, TypeError):
        return fail("packages", f"{bill} cannot be read", _REMEDY)
    installed = {_name(d.metadata["Name"]): d.version for d in distributions(path=_paths(environment))}
    wrong = unlisted(components, {name: v for name, v in installed.items() if name not in _OWN})
    if wrong:
        return fail("packages", "; ".join(wrong[:5]), _REMEDY)
    return ok("packages", f"{len(installed)} installed, each of the version in {bill.name}")


def unlisted(components: list[dict[str, Any]], installed: dict[str, str]) -> list[str]:
    """What differs, in words. A package for other machines only (it has a marker) may be missing."""
    versions: dict[str, set[str]] = {}
    for part in components:
        versions.setdefault(_name(part["name"]), set()).add(part["version"])
    optional = {_name(part["name"]) for part in components if part.get("properties")}
    strange = [
        f"{name} {v} is not in it" for name, v in sorted(installed.items()) if v not in versions.get(name, ())
    ]
    missing = [
        f"{name} is missing" for name in sorted(versions) if name not in installed and name not in optional
    ]
    return strange + missing


def _name(text: str) -> str:
    return re.sub(r"[-_.]+", "-", text).lower()  # PEP 503


def _paths(environment: Path) -> list[str]:
    return [str(path) for path in environment.glob("lib/python3*/site-packages")]
