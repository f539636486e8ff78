"""What the gauntlet as a whole must hold: figures over all its runs, with what is allowed beside what was found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tests.gauntlet.rows import Row

GAP_S, RECONCILE_S = 5.0, 10.0


@dataclass(frozen=True)
class Demand:
    words: str
    allowed: str
    found: str
    verdict: str
    in_short: str


def p99(values: Sequence[float]) -> float:
    """The nearest-rank 99th percentile; 0 of nothing."""
    return sorted(values)[math.ceil(0.99 * len(values)) - 1] if values else 0.0


def demands(rows: list[Row]) -> list[Demand]:
    """Over every run of every row: a row of thirty weeks counts thirty times."""
    scores = [score for row in rows for score in row.scores]
    gaps = [score["worst_unprotected_s"] for score in scores]
    waits = [score["reconcile_s"] for score in scores if score["reconcile_s"] is not None]
    night = sum(score["overnight_s"] for score in scores)
    paced = [score["pacing"] for score in scores if score["pacing"] is not None]
    lost = [sum(len(score[name]) for score in scores) for name in ("duplicated", "lost", "naked")]
    return [
        _demand(
            "unprotected time, p99 of all runs", f"{GAP_S:g} s", p99(gaps), GAP_S, f"p99 of {len(gaps)} runs"
        ),
        _demand("unprotected time, the longest", "", max(gaps, default=0.0), math.inf, "at most"),
        _demand("unprotected time overnight, all together", "0 s", night, 0.0, "overnight"),
        _demand(
            "from a connection to agreement, ten positions and twenty orders included",
            f"{RECONCILE_S:g} s",
            max(waits, default=0.0),
            RECONCILE_S,
            "reconciled within",
        ),
        _count("orders and fills that happened twice, were lost, or left a position naked", *lost),
        _deaths(rows),
        _count(f"pacing violations in {len(paced)} runs whose limits were watched", sum(map(len, paced))),
    ]


def _demand(words: str, allowed: str, value: float, limit: float, short: str) -> Demand:
    verdict = "green" if value <= limit else "red"
    found = f"{value:.1f} s"
    return Demand(words, allowed or "said", found, verdict, f"{short[0].upper()}{short[1:]}: {found}.")


def _count(words: str, *counts: int) -> Demand:
    found = " / ".join(map(str, counts))
    verdict = "red" if any(counts) else "green"
    return Demand(words, "0", found, verdict, f"{words[0].upper()}{words[1:]}: {found}.")


def _deaths(rows: list[Row]) -> Demand:
    """Each row of the kill matrix holds one run for each step of an order's life."""
    killed, stopped = (
        sum(row.runs for row in rows if row.scenario == name)
        for name in ("a death at every step", "a stop at every step is clean")
    )
    words = "lives ended at every durable commit and every order message, by SIGKILL / by SIGTERM or SIGINT"
    found = f"{killed} / {stopped}"
    return Demand(
        words, "all of them", found, "green" if killed and stopped else "left out", f"Killed: {found}."
    )
