"""The machine's clock is put an hour forward or back, while a position is held and an entry rests: nothing is sold for it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.actors.clock import SteadyClock
from bot.domain import messages as m
from bot.ops.process.clock_steps import ClockStepWatch
from tests.gauntlet.conftest import Stage
from tests.gauntlet.rig import BEAR, BULL, Rig

pytestmark = [pytest.mark.line, pytest.mark.slow]


class Wall:
    """The machine's wall clock beside the scenario's time, and the bot's clock that was read from it at the process's start."""

    def __init__(self, rig: Rig) -> None:
        self._rig, self.step = rig, timedelta(0)
        self.start_of_a_process()

    def start_of_a_process(self) -> None:
        """A new process takes the wall's time for true."""
        rig = self._rig
        self.clock = SteadyClock(lambda: (rig.now + self.step).timestamp(), lambda: rig.now.timestamp())
        rig.bot_now = self.clock.now

    def watch(self) -> ClockStepWatch:
        """As the process runs it; the broker's clock agrees with the bot's, not with the wall."""
        clock = self.clock
        return ClockStepWatch(clock.now, lambda: clock.step_s, lambda: 0.0, clock.follow_the_wall)


def assert_nothing_moved(rig: Rig, con_id: int) -> None:
    assert rig.position == rig.stopped == {con_id: 10}
    assert not rig.all(m.ExitPosition)
    assert not rig.all(m.BracketClosed)


@pytest.mark.gauntlet("G46", "G80")
@pytest.mark.parametrize("hours", [1, -1], ids=["forward", "back"])
def test_a_clock_that_steps_by_an_hour_sells_nothing_and_stays_halted_over_a_restart(
    stage: Stage, hours: int
) -> None:
    rig = stage({"10:07": BULL, "10:10": BEAR}, run=False)
    wall = Wall(rig)
    rig.start()
    con_id = rig.opened()
    rig.faults.exchange(displayed_size=0)
    rig.wait_for(lambda: any("/entry" in view.order.order_ref for view in rig.orders()), 300, 15)

    wall.step = timedelta(hours=hours)
    rig.say(*wall.watch().beat())
    rig.step(40, 5)
    assert rig.halts == {"clock_skew"}
    assert not [view for view in rig.orders() if "/entry" in view.order.order_ref], "no entry rests in a halt"
    assert_nothing_moved(rig, con_id)

    rig.kill()
    wall.start_of_a_process()  # whose time is an hour off now
    rig.start()
    rig.step(60, 5)
    assert "clock_skew" in rig.halts
    assert_nothing_moved(rig, con_id)

    rig.kill()
    wall.step = timedelta(0)
    wall.start_of_a_process()
    rig.start()
    rig.step(10, 5)
    assert "clock_skew" in rig.halts, "what was halted waits for a person"
    assert_nothing_moved(rig, con_id)
    rig.faults.exchange(displayed_size=50)
    rig.say(m.FlattenAll(rig.now, "test", "me"))
    rig.wait_for(lambda: not rig.position, 120, 5)
    rig.step(10, 5)
    assert not rig.orders()
    assert len(rig.all(m.BracketClosed)) == 1
