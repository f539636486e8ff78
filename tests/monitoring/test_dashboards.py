"""The dashboards are what the generator makes, and fit for Grafana as far as can be told without one."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import units

from bot.ops.metrics.endpoint import FAMILIES
from grafana.generate import DASHBOARDS, as_json
from tests.monitoring.dashboard_files import FOLDER, NAMES, dashboard, expressions, panels
from tests.monitoring.rule_files import ROOT, alerts, rules

PANEL_TYPES = {"stat", "bargauge", "timeseries", "state-timeline", "table"}
CUSTOM = {"prefix:$"}
"""Grafana, "Standard options: custom units": a text before the number, which is then not shortened."""
UNITS = CUSTOM | {
    value for name, value in vars(units).items() if not name.startswith("_") and isinstance(value, str)
}
ANY = [(name, panel) for name in NAMES for panel in panels(name)]
each_panel = pytest.mark.parametrize(
    "panel", [panel for _, panel in ANY], ids=[f"{name} {panel['title']}" for name, panel in ANY]
)


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_file_is_what_the_generator_makes(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == as_json(name)


def test_every_committed_dashboard_has_a_generator() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(DASHBOARDS) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_grafanas_own_types_read_it_without_loss(name: str) -> None:
    text = json.loads(as_json(name))
    assert set(text) <= set(json.loads(json.dumps(models.Dashboard.from_json(text).to_json(), default=vars)))


def test_the_bots_dashboard_has_five_rows_and_at_most_28_panels() -> None:
    rows = [panel for panel in dashboard("bot.json")["panels"] if panel["type"] == "row"]
    assert (len(rows), len(panels("bot.json")) <= 28) == (5, True)


@each_panel
def test_a_panel_has_a_unit_a_description_and_thresholds_of_its_own(panel: dict[str, Any]) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    assert defaults["unit"] in UNITS
    assert len(panel["description"]) > 20
    assert defaults["thresholds"]["steps"][0]["value"] is None
    assert panel["type"] in PANEL_TYPES
    assert defaults["noValue"]


@each_panel
def test_queries_have_references_of_their_own_and_the_provisioned_source(panel: dict[str, Any]) -> None:
    refs = [target["refId"] for target in panel["targets"]]
    assert refs
    assert len(set(refs)) == len(refs)
    for holder in (panel, *panel["targets"]):
        assert holder["datasource"] == {"type": "prometheus", "uid": "prometheus"}


@pytest.mark.parametrize("name", NAMES)
def test_ids_are_unique_and_panels_do_not_overlap(name: str) -> None:
    everything = dashboard(name)["panels"]
    ids = [panel["id"] for panel in everything]
    assert len(set(ids)) == len(ids)
    assert 0 not in ids
    for one, other in itertools.combinations([panel["gridPos"] for panel in everything], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above, (one, other)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in everything)


def test_queries_speak_only_of_families_that_exist() -> None:
    ends = ("", "_bucket", "_sum", "_count")
    known = {family.full_name + end for family in FAMILIES for end in ends}
    known |= {rule["record"] for rule in rules() if "record" in rule}
    for ref, expr in expressions("bot.json").items():
        assert set(re.findall(r"\bibbot[_:][a-z0-9_:]+", expr)) <= known, ref


def test_every_query_of_the_bots_dashboard_is_about_the_chosen_bot() -> None:
    for ref, expr in expressions("bot.json").items():
        selectors = re.findall(r"\b(?:ibbot[_:]|process_)[a-z0-9_:]+(\{[^}]*\})?", expr)
        assert all('host="$host"' in selector for selector in selectors), ref


def test_an_alerts_panel_exists() -> None:
    boards = {dashboard(name)["uid"]: {panel["id"] for panel in panels(name)} for name in NAMES}
    for alert in alerts():
        if link := alert["annotations"].get("panel"):
            found = re.fullmatch(r"/d/([a-z-]+)\?viewPanel=panel-(\d+)", link)
            assert found, link
            assert int(found[2]) in boards[found[1]], alert["alert"]


def test_what_is_not_of_the_pipeline_itself_links_to_a_panel() -> None:
    pipeline = {
        "Watchdog", "TargetDown", "AlertDeliveryFailing", "RuleEvaluationFailures", "AlertmanagerMissing",
        "ConfigReloadFailed",
    }  # fmt: skip
    assert {alert["alert"] for alert in alerts() if "panel" not in alert["annotations"]} == pipeline


def test_the_runbook_names_only_panels_that_exist() -> None:
    titles = {panel["title"] for _, panel in ANY}
    text = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    named = {
        name
        for found in re.findall(r"panels? (\*[^*]+\*(?:(?:,| and) \*[^*]+\*)*)", text)
        for name in re.findall(r"\*([^*]+)\*", found)
    }
    assert named
    assert named <= titles, named - titles


def test_the_data_source_is_the_same_by_hand_and_by_the_role() -> None:
    by_hand = yaml.safe_load(
        (ROOT / "grafana/provisioning/datasources/prometheus.yml").read_text(encoding="utf-8")
    )
    by_role = (ROOT / "roles/grafana_server/templates/datasource.yml.j2").read_text(encoding="utf-8")
    assert by_hand["datasources"][0]["uid"] == "prometheus"
    assert "uid: prometheus" in by_role
