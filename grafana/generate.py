"""The dashboards as files. ``make docs`` writes them; the JSON is committed, and a test holds the two together."""

from __future__ import annotations

from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana import bot_dashboard, fleet_dashboard, host_dashboard

FOLDER = Path(__file__).parent / "dashboards"
DASHBOARDS = {
    "bot.json": bot_dashboard.make,
    "fleet.json": fleet_dashboard.make,
    "host.json": host_dashboard.make,
}


def as_json(name: str) -> str:
    """The named dashboard as Grafana reads it from a file."""
    return JSONEncoder(sort_keys=True, indent=2).encode(DASHBOARDS[name]()) + "\n"
