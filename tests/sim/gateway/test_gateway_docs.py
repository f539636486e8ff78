"""The gateway's pages agree with the code."""

from __future__ import annotations

import re
from pathlib import Path

from bot.sim.faults.commands import COMMANDS
from bot.sim.faults.scenario import parse
from bot.wire import MessageDirection, message_kinds

DOCS = Path(__file__).parents[3] / "docs"


def test_every_fault_is_in_the_manual_and_no_other() -> None:
    table = [line for line in (DOCS / "simulator.md").read_text().splitlines() if line.startswith("| `")]
    named = {name for line in table for name in re.findall(r"`(\w+)`", line.split("|")[1])}
    assert named == set(COMMANDS)


def test_the_manuals_scenario_can_be_read() -> None:
    text = (DOCS / "simulator.md").read_text()
    logins, faults = (parse(one.encode()) for one in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL))
    assert logins.login is not None
    assert [group.name for group in logins.login.groups] == ["Both", "Weighed"]
    assert len(faults.entries) == 6


def test_the_counts_of_message_kinds_are_right() -> None:
    kinds = message_kinds()
    requests = sum(kind.direction is MessageDirection.REQUEST for kind in kinds)
    sources = "".join(path.read_text() for path in (DOCS.parent / "bot" / "sim").rglob("*.py"))
    answers = [kind.name for kind in kinds if kind.direction is MessageDirection.ANSWER]
    sent = sum(f'"{name}"' in sources for name in answers)
    said = (DOCS / "conformance.md").read_text()
    assert f"{requests} requests" in said
    assert f"{len(answers)} answers can be encoded, {sent} of them are sent" in said
