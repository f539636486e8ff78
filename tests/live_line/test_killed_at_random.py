"""SIGKILL at moments nobody chose. ``python -m tests.live_line.killed_course 100`` is the hundred, and prints its figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.live_line.hostile_course import OFTEN
from tests.live_line.hostile_proxy import Malice
from tests.live_line.killed_course import KilledCourse

pytestmark = [pytest.mark.line, pytest.mark.slow]


@pytest.mark.gauntlet("G36")
@pytest.mark.timeout(600)
def test_kills_at_random_moments_lose_nothing_double_nothing_and_forget_no_halt(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    course = KilledCourse(
        tmp_path / "course",
        kills=10,
        halt_at=8,
        life_s=(0.2, 4.0),
        malice=Malice(3),
        speed=20.0,
        variables=OFTEN,
    )
    try:
        course.suffer()
        found, score = course.figures(), course.score()
    finally:
        course.close()
    request.node.user_properties.append(("score", score.as_dict()))
    assert found["lives that traded"] >= 5
    assert found["booked"] == found["position"]
    assert not score.complaints, score.complaints
