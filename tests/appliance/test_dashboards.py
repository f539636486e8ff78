"""The dashboards hold by the JSON schema of a dashboard that Grafana's foundation SDK publishes: nothing is unknown to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import ROOT, missing

SCHEMA = Path(__file__).with_name("grafana_dashboard.jsonschema.json")
DASHBOARDS = sorted((ROOT / "grafana/dashboards").glob("*.json"))


def faults(document: object) -> list[str]:
    """What the schema says is wrong, with where."""
    try:
        from jsonschema import Draft7Validator
    except ImportError:
        missing("jsonschema", "; it comes with ansible-lint")
    validator = Draft7Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.name)
def test_a_dashboard_is_one_by_grafana_s_published_schema(path: Path) -> None:
    assert faults(json.loads(path.read_text(encoding="utf-8"))) == []


def test_the_schema_finds_what_grafana_does_not_know() -> None:
    document = json.loads(DASHBOARDS[0].read_text(encoding="utf-8"))
    assert faults(document | {"panles": []}) != []
    assert faults(document | {"schemaVersion": "forty"}) != []
