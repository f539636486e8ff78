"""A failing plan with as few faults as still make it fail."""

from __future__ import annotations

from dataclasses import replace

from tests.simulation.swarm import Plan
from tests.simulation.universe import simulate


def rule_of(failure: str) -> str:
    """What was broken, without when and how."""
    return failure.partition(":")[0]


def shrunk(plan: Plan) -> tuple[Plan, int]:
    """Leave out halves, then quarters, then single faults, as long as the same rule breaks; and how many runs that took.

    Source: Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input" (2002). A plan that does not fail
    comes back as it is.
    """
    failures = simulate(plan).failures
    if not failures:
        return plan, 1
    rule, tries, size = rule_of(failures[0]), 1, max(1, len(plan.faults) // 2)
    while True:
        at = 0
        while at < len(plan.faults):
            fewer = replace(plan, faults=(*plan.faults[:at], *plan.faults[at + size :]))
            tries += 1
            if any(rule_of(failure) == rule for failure in simulate(fewer).failures):
                plan = fewer
            else:
                at += size
        if size == 1:
            return plan, tries
        size = max(1, size // 2)
