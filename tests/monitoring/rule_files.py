"""The rules as they are on disk."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from shutil import which
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "configs" / "prometheus"
RULES = sorted((PROMETHEUS / "rules").glob("*.yml"))
RECORDED = PROMETHEUS / "rules" / "recorded.yml"
needs_promtool = pytest.mark.skipif(
    which("promtool") is None, reason="promtool is not installed: apt install prometheus"
)


def rules(*paths: Path) -> list[dict[str, Any]]:
    """Every rule of these files or of all, recorded ones and alerts, in their order."""
    return [rule for path in paths or RULES for group in groups(path) for rule in group["rules"]]


@cache
def groups(path: Path) -> list[dict[str, Any]]:
    """A file's groups, read once for all that ask: to read the files anew for each case took a second of every collection."""
    found: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    return found


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]
