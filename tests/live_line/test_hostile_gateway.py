"""Between the bot and its gateway the wire flips, truncates, cuts, duplicates and delays bytes, in both directions.

Here for half a minute; ``python -m tests.live_line.hostile_course 600`` is the ten minutes, whose figures it prints.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.live_line.hostile_course import OFTEN, HostileCourse
from tests.live_line.hostile_proxy import FAULTS, Malice

pytestmark = [pytest.mark.line, pytest.mark.slow]


@pytest.mark.gauntlet("G62")
@pytest.mark.timeout(400)
def test_a_wire_that_lies_ends_no_bot_and_leaves_no_position_naked_and_no_book_wrong(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    course = HostileCourse(
        tmp_path / "course", seconds=30, malice=Malice(seed=11, every_s=1.0), speed=4.0, variables=OFTEN
    )
    try:
        course.suffer()
        found = course.summary()
        score = course.score()
    finally:
        course.close()
    request.node.user_properties.append(("score", score.as_dict()))
    assert len(found["faults"]) >= len(FAULTS), "the wire was hostile"
    assert found["sessions"] >= 2
    assert found["wrong_books"] == []
    assert not score.complaints, score.complaints
