"""A week in the life, by seed: no invariant breaks, nothing is lost or doubled, no limit is touched, no memory leaks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.live_line.week import Week

pytestmark = [
    pytest.mark.line,
    pytest.mark.gauntlet("G24", "G25", "G26", "G29", "G31", "G32", "G35", "G36", "H2"),
]

SEEDS = int(os.environ.get("GAUNTLET_SEEDS", "3"))
GROWTH_MIB = 64
"""From Monday night to the end, everything that the test notes included."""
STEP_S = 60.0
"""A fault and its repair can lie a whole step apart: a gap that is closed by the next step is not longer than it."""


def live_through(request: pytest.FixtureRequest, directory: Path, seed: int) -> None:
    week = Week(directory, seed)
    try:
        week.run()
        week.rig.limit_s = STEP_S
        week.rig.dangers.found.clear()  # half a minute is less than a step
        week.rig.pacing = tuple(week.pacing.violations)
        score = week.rig.score(f"week {seed}", "")
        request.node.user_properties.append(("score", score.as_dict()))
        assert not score.complaints, "; ".join(score.complaints)
        assert len(week.trades) >= 5
        assert week.connections >= 9
        assert week.memory_mib[-1] - week.memory_mib[0] < GROWTH_MIB, week.memory_mib
    finally:
        week.rig.close()


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
def test_a_week_in_the_life(request: pytest.FixtureRequest, tmp_path: Path, seed: int) -> None:
    live_through(request, tmp_path, seed)
