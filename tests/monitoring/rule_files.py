"""The rules as they are on disk."""

from __future__ import annotations

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
    groups = [
        group
        for path in paths or RULES
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    ]
    return [rule for group in groups for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]
