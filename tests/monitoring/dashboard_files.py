"""The dashboards as they are on disk."""

from __future__ import annotations

import json
from typing import Any

from tests.monitoring.rule_files import ROOT

FOLDER = ROOT / "grafana" / "dashboards"
NAMES = ("bot.json", "fleet.json", "host.json")


def dashboard(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return found


def panels(name: str) -> list[dict[str, Any]]:
    """Every panel but the rows."""
    return [panel for panel in dashboard(name)["panels"] if panel["type"] != "row"]


def expressions(name: str) -> dict[str, str]:
    """``panel id/ref`` or ``annotation name`` → expression, the host filled in by nobody yet."""
    board = dashboard(name)
    of_panels = {
        f"{panel['id']}/{target['refId']}": target["expr"]
        for panel in panels(name)
        for target in panel["targets"]
    }
    return of_panels | {
        f"annotation {one['name']}": one["expr"] for one in board["annotations"].get("list", [])
    }
