"""Every alert fires when it must, stays quiet when it must, and resolves."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.ops.metrics.endpoint import FAMILIES
from bot.ops.metrics.textfile import COMPARISON_FAMILIES
from tests.monitoring.alert_case import DAYS_STEP_S, STEP_S, Case, bot, flat, second_bot
from tests.monitoring.alert_cases import CASES
from tests.monitoring.rule_files import (
    PROMETHEUS,
    RECORDED,
    ROOT,
    RULES,
    alerts,
    groups,
    needs_promtool,
    rules,
)

SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count")}
KNOWN = {x.full_name + end for x in FAMILIES for end in ("", *SUFFIXES.get(x.kind, ()))}

PACES = {f"{STEP_S}s": "in minutes", "2m": "in hours", f"{DAYS_STEP_S}s": "in days"}
LIVES = [
    pytest.param(path, pace, id=f"{path.stem}-{name}")
    for path in RULES
    for pace, name in PACES.items()
    if any(case.alert == rule.get("alert") and case.pace == pace for rule in rules(path) for case in CASES)
]


def as_test(case: Case) -> dict[str, Any]:
    """promtool's form of a case."""
    return {
        "interval": f"{case.step_s}s",
        "name": f"{case.alert}: {case.why}",
        "input_series": [
            {"series": series, "values": values} for series, values in {**case.series, **case.gates}.items()
        ],
        "promql_expr_test": [
            {
                "expr": f'count(ALERTS{{alertname="{case.alert}",alertstate="firing"}}) or vector(0)',
                "eval_time": at,
                "exp_samples": [{"labels": "{}", "value": count}],
            }
            for at, count in case.counts.items()
        ],
    }


@needs_promtool
@pytest.mark.parametrize(("path", "pace"), LIVES)
def test_every_alert_lives_as_its_cases_say(path: Path, pace: str, tmp_path: Path) -> None:
    documents = []
    for rule in (rule for rule in rules(path) if "alert" in rule):
        cases = [case for case in CASES if case.alert == rule["alert"] and case.pace == pace]
        if cases:
            documents.append(
                {
                    "rule_files": [str(made) for made in cut_out(path, rule, tmp_path)],
                    "evaluation_interval": pace,
                    "tests": [as_test(case) for case in cases],
                }
            )
    promtool_is_content_with(documents, tmp_path)


def cut_out(path: Path, rule: dict[str, Any], folder: Path) -> Iterator[Path]:
    """Files that hold this alert and the recorded rules it rests on, in their groups: the others would be judged at each step
    of its cases, and nobody would look at what they say."""
    words, wanted = rule["expr"], [rule]
    for recorded in reversed(rules(RECORDED, path)):
        if recorded.get("record", "an alert") in words:
            words += recorded["expr"]
            wanted.append(recorded)
    for source in (RECORDED, path):
        kept = [
            {**group, "rules": [one for one in group["rules"] if one in wanted]} for group in groups(source)
        ]
        made = folder / f"{rule['alert']}-{source.name}"
        made.write_text(
            yaml.safe_dump({"groups": [group for group in kept if group["rules"]]}), encoding="utf-8"
        )
        yield made


def promtool_is_content_with(documents: list[dict[str, Any]], folder: Path) -> None:
    """Let promtool run these tests of rules."""
    made = [folder / f"cases-{number}.yml" for number in range(len(documents))]
    for path, document in zip(made, documents, strict=True):
        path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    words = ["promtool", "test", "rules", *map(str, made)]
    lax = {**os.environ, "GOGC": "400"}  # a fifth of its time is spent on looking for what it can forget
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=lax)
    assert done.returncode == 0, done.stdout + done.stderr


HELD = "When last heard it held 3 contract(s)."


@needs_promtool
@pytest.mark.parametrize(
    ("unprotected", "words"),
    [
        (1, f"{HELD} 1 position(s) had NO proved stop: look at them now, in IBKR Mobile."),
        (0, f"{HELD} Their stops were proved at the broker then, and work without the bot."),
    ],
)
def test_a_dead_bot_is_told_with_what_it_held_and_how_that_is_protected(
    unprotected: int, words: str, tmp_path: Path
) -> None:
    """Two bots, one dead; the other holds something else."""
    rule = next(rule for rule in alerts() if rule["alert"] == "BotDown")
    death = {"up": flat((1, "5m"), (0, "1h"))}
    told = {"ibbot_position_contracts": 3, "ibbot_positions_unprotected": unprotected}
    death |= {name: f"{flat((value, '5m'))} stale" for name, value in told.items()}
    life = {"up": 1, "ibbot_position_contracts": 8, "ibbot_positions_unprotected": 0}
    series = {second_bot(name): values for name, values in death.items()}
    series |= {bot(name): flat((value, "1h")) for name, value in life.items()}
    annotations = {
        **rule["annotations"],
        "summary": "The bot on pi2 does not answer",
        "description": f"For 2 minutes nobody has answered on its metrics port. {words}",
    }
    expected = {
        "exp_labels": {"severity": "critical", "job": "ibkr-bot", "instance": "pi2:9108", "host": "pi2"},
        "exp_annotations": annotations,
    }
    document = {
        "rule_files": [str(PROMETHEUS / "rules" / "runtime.yml")],
        "evaluation_interval": f"{STEP_S}s",
        "tests": [
            {
                "interval": f"{STEP_S}s",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "alert_rule_test": [{"alertname": "BotDown", "eval_time": "50m", "exp_alerts": [expected]}],
            }
        ],
    }
    promtool_is_content_with([document], tmp_path)


def test_every_alert_has_a_case_in_which_it_fires_and_one_moment_in_which_it_does_not() -> None:
    for alert in alerts():
        cases = [case for case in CASES if case.alert == alert["alert"]]
        seen = {count > 0 for case in cases for count in case.counts.values()}
        assert seen == ({True} if alert["alert"] == "Watchdog" else {True, False}), alert["alert"]


@needs_promtool
def test_promtool_accepts_the_configuration_and_the_rules() -> None:
    done = subprocess.run(
        ["promtool", "check", "config", "prometheus.yml"],
        cwd=PROMETHEUS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_alerts_name_a_severity_a_summary_and_a_description() -> None:
    for alert in alerts():
        assert alert["labels"]["severity"] in {"critical", "warning", "none"}, alert["alert"]
        assert {"summary", "description", "runbook_url"} <= alert["annotations"].keys(), alert["alert"]


def test_alert_names_are_unique() -> None:
    names = [alert["alert"] for alert in alerts()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_the_runbook_has_a_heading_for_it(alert: dict[str, Any]) -> None:
    file, _, anchor = alert["annotations"]["runbook_url"].partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
    assert anchor == alert["alert"].lower()
    assert alert["alert"] in headings


GUARD = set(re.findall(r"ibkr_guard_[a-z0-9_]+", (ROOT / "bot/guard/files.py").read_text(encoding="utf-8")))


def test_rules_speak_only_of_families_that_exist() -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    for rule in rules():
        named = set(re.findall(r"\bibbot[_:][a-z0-9_:]+", rule["expr"]))
        of_the_guard = set(re.findall(r"\bibkr_guard_[a-z0-9_]+", rule["expr"]))
        of_comparisons = set(re.findall(r"\bibkr_comparison_[a-z0-9_]+", rule["expr"]))
        assert of_the_guard <= GUARD, of_the_guard - GUARD
        assert of_comparisons <= COMPARISON_FAMILIES, of_comparisons - COMPARISON_FAMILIES
        assert named <= KNOWN | recorded, named - KNOWN - recorded
