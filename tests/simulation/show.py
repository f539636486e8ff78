"""A run step by step: its faults, the wire both ways, the journal's rows and what a person was told, in one order of time."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime

from tests.simulation.outcome import Outcome
from tests.simulation.swarm import Plan
from tests.simulation.universe import simulate

_SHOWN = 160


def show(plan: Plan) -> int:
    """Print it; 1 where it failed, else 0."""
    done = simulate(plan, keep=True)
    print(f"seed {plan.seed}, commit {_commit()}, start {plan.start}, {plan.network}")
    for _, line in sorted(_lines(done), key=lambda one: one[0]):
        print(line)
    print(
        f"digest {done.digest}, {done.lives} lives, {done.orders} order messages, {done.trades} trades closed"
    )
    print(
        "compared: " + ", ".join(f"{rule} {count}" for rule, count in sorted(done.verdict.compared.items()))
    )
    for failure in done.failures:
        print(f"FAILED {failure}")
    return int(bool(done.failures))


def _lines(done: Outcome) -> Iterator[tuple[float, str]]:
    start = done.start
    for at_s, text in done.done:
        yield at_s, f"{at_s:10.3f}  fault    {text}"
    for at_s, who, data in done.wire:
        words = data[4:].replace(b"\0", b"|").decode("latin-1")[:_SHOWN]
        yield at_s, f"{at_s:10.3f}  {'→' if who == 'bot' else '←'} {len(data):6}  {words}"
    for at, kind, body in done.rows:
        at_s = (datetime.fromisoformat(at).astimezone(UTC) - start).total_seconds()
        yield at_s, f"{at_s:10.3f}  journal  {kind} {body[:_SHOWN]}"
    for when, _, severity, title in done.alerts:
        at_s = (when - start).total_seconds()
        yield at_s, f"{at_s:10.3f}  alert    {severity}: {title}"


def _commit() -> str:
    asked = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() or "unknown"
