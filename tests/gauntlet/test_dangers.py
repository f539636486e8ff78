"""What is unprotected, or cannot be closed, for over half a minute is said by the bot alone, and by Prometheus alone.

Every scenario is held to it (``dangers``); here is one in which both dangers stand, and the proof that silence is noticed.
No row of the scorecard: nothing could protect a position whose every order is refused.
"""

from __future__ import annotations

from shutil import which

import pytest

from bot.domain import messages as m
from tests.gauntlet.conftest import Stage
from tests.gauntlet.dangers import UNFILLABLE, UNPROTECTED, Dangers
from tests.gauntlet.rig import BULL

pytestmark = [pytest.mark.line, pytest.mark.slow]


def test_a_position_whose_every_order_is_refused_is_told_as_unprotected_by_both(stage: Stage) -> None:
    rig = stage({"10:07": BULL})
    rig.limit_s = 1e9
    rig.opened()
    for order_type in ("STP", "LMT", "MKT"):
        rig.faults.reject(201, "Order rejected - reason:not allowed now", count=9999, order_type=order_type)
    rig.faults.cancel_by_hand(rig.leg("stop").order_id)
    rig.step(15, 5)
    rig.life.say(m.FlattenAll(rig.now, "test", "me"))
    rig.step(90, 5)

    assert set(rig.dangers.found) == {UNPROTECTED, UNFILLABLE}
    assert rig.dangers.unsaid(rig.told, rig.now, rig.directory) == []
    silent = rig.dangers.unsaid([], rig.now, rig.directory)
    assert len(silent) == 2, "what nobody was told is noticed"

    rig.faults.clear()
    rig.wait_for(lambda: not rig.position, 240, 5)


@pytest.mark.skipif(which("promtool") is None, reason="promtool is not installed: apt install prometheus")
def test_a_metric_that_shows_nothing_is_noticed(stage: Stage) -> None:
    rig = stage({})
    rig.step(60, 5)
    dangers = Dangers(found={UNPROTECTED: rig.now})
    dangers.sample(rig.life.board.status, rig.now)
    said = dangers.unsaid([], rig.now, rig.directory)
    assert len(said) == 2
    assert said[1].startswith("Prometheus: ")
