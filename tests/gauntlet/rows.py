"""The scorecard's rows: one for each scenario, and one for each test elsewhere that answers for an incident."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.gauntlet.catalogue import INCIDENTS, PROOFS
from tests.gauntlet.regressions import ANSWERS, REGRESSIONS

NAMES = {**INCIDENTS, **REGRESSIONS}


@dataclass
class Row:
    """``scores`` are what the judge found, one for each run; none where no wire is involved."""

    ids: str
    scenario: str
    verdict: str
    runs: int = 1
    why: str = ""
    scores: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_red(self) -> bool:
        return self.verdict == "red"

    @property
    def worst_unprotected_s(self) -> float | None:
        return max((score["worst_unprotected_s"] for score in self.scores), default=None)

    @property
    def reconcile_s(self) -> float | None:
        waits = (score["reconcile_s"] for score in self.scores)
        return max((wait for wait in waits if wait is not None), default=None)

    def count(self, name: str) -> int:
        return sum(len(score[name]) for score in self.scores)

    @property
    def figures(self) -> tuple[str, ...]:
        seconds = ("" if x is None else f"{x:.1f}" for x in (self.worst_unprotected_s, self.reconcile_s))
        counts = (str(self.count(name)) for name in ("duplicated", "lost", "naked"))
        return (self.verdict, *seconds, *counts, str(self.runs))

    def as_dict(self) -> dict[str, Any]:
        return {
            "incidents": self.ids.split(),
            "scenario": self.scenario,
            "verdict": self.verdict,
            "worst_unprotected_s": self.worst_unprotected_s,
            "reconcile_s": self.reconcile_s,
            **{name: self.count(name) for name in ("duplicated", "lost", "naked")},
            "runs": self.runs,
            "why": self.why,
        }


@dataclass
class Collector:
    """A pytest plugin that keeps what each test's judge has found."""

    rows: list[Row] = field(default_factory=list)
    outcomes: dict[str, str] = field(default_factory=dict)
    _whys: dict[str, str] = field(default_factory=dict)
    _marks: dict[str, str] = field(default_factory=dict)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            marker = item.get_closest_marker("gauntlet")
            if marker is not None:
                self._marks[item.nodeid] = " ".join(marker.args)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.outcomes[report.nodeid] = "red"
            text = str(getattr(getattr(report.longrepr, "reprcrash", None), "message", report.longrepr))
            self._whys.setdefault(report.nodeid, " ".join(text.split())[:300])
        elif report.skipped:
            self.outcomes[report.nodeid] = "red"
            self._whys.setdefault(report.nodeid, "skipped")
        else:
            self.outcomes.setdefault(report.nodeid, "green")
        if report.when == "teardown" and report.nodeid in self._marks:
            self._close(report)

    def _close(self, report: pytest.TestReport) -> None:
        """One row for all of a test's parts and seeds; a parameter with a name of its own has its own row."""
        name = re.sub(r"\[\d+\]$", "", report.nodeid).rpartition("::")[2]
        name = name.removeprefix("test_").replace("_", " ").replace("|", "¦")
        row = next((x for x in self.rows if x.scenario == name), None)
        if row is None:
            row = Row(self._marks[report.nodeid], name, "green", runs=0)
            self.rows.append(row)
        scores: list[Any] = [value for kind, value in report.user_properties if kind == "score"]
        row.scores += scores
        row.runs += max(len(scores), 1)
        if self.outcomes[report.nodeid] == "red":
            row.verdict, row.why = "red", row.why or self._whys[report.nodeid]


def proof_rows(outcomes: dict[str, str]) -> list[Row]:
    """One row for each test elsewhere, with all it answers for."""
    answers: dict[str, list[str]] = {}
    for name, nodes in (*PROOFS.items(), *ANSWERS.items()):
        for node in nodes:
            answers.setdefault(node, []).append(name)
    rows = []
    for node, names in answers.items():
        found = [verdict for nodeid, verdict in outcomes.items() if _is_of(nodeid, node)]
        verdict = "green" if found and "red" not in found else "red"
        why = "" if found else "the test was not found"
        rows.append(Row(" ".join(dict.fromkeys(names)), f"`{node}`", verdict, runs=len(found), why=why))
    return rows


def _is_of(nodeid: str, node: str) -> bool:
    return nodeid == node or nodeid.startswith((f"{node}[", f"{node}::"))


def unanswered(rows: list[Row]) -> list[Row]:
    answered = {one for row in rows for one in row.ids.split()}
    return [Row(x, NAMES[x], "red", runs=0, why="no scenario") for x in NAMES if x not in answered]


def first_number(row: Row) -> tuple[int, str]:
    places = list(NAMES)
    return (min(places.index(x) for x in row.ids.split()), row.scenario)
