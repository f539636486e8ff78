"""The bot's time does not jump with the machine's clock."""

from __future__ import annotations

import pytest

from bot.actors.clock import SteadyClock
from bot.domain.errors import RestartTheLine
from bot.domain.messages import HaltTrading
from bot.ops.process.clock_steps import ClockStepWatch


class Machine:
    """A machine's two clocks."""

    def __init__(self) -> None:
        self.wall, self.passed = 1_000_000.0, 50.0
        self.clock = SteadyClock(lambda: self.wall, lambda: self.passed)

    def run(self, seconds: float, *, step: float = 0.0) -> float:
        self.passed += seconds
        self.wall += seconds + step
        return self.clock.now().timestamp()


@pytest.mark.parametrize("step", [3600.0, -3600.0])
def test_a_step_of_the_wall_moves_nothing_and_is_seen(step: float) -> None:
    machine = Machine()

    assert machine.run(10, step=step) == pytest.approx(1_000_010)
    assert machine.clock.step_s == pytest.approx(step)
    assert machine.run(1000) == pytest.approx(1_001_010)


def test_a_drift_is_followed_little_by_little() -> None:
    machine = Machine()
    machine.run(1, step=0.5)

    assert machine.run(100) == pytest.approx(1_000_101.1, abs=0.01)
    assert machine.run(10_000) == pytest.approx(machine.wall)


def test_a_step_halts_once_and_one_that_the_broker_confirms_is_followed() -> None:
    machine, offset = Machine(), [0.0]
    clock = machine.clock
    watch = ClockStepWatch(clock.now, lambda: clock.step_s, lambda: offset[0], clock.follow_the_wall)
    machine.run(10, step=3600)

    said = [*watch.beat(), *watch.beat()]
    assert [type(x) for x in said] == [HaltTrading]
    assert said[0].reason.startswith("clock_skew:")

    offset[0] = 3600.0
    assert list(watch.beat()) == []
    assert clock.step_s == 0


def test_a_step_back_that_the_broker_confirms_is_followed_by_a_line_that_is_built_again() -> None:
    machine = Machine()
    clock = machine.clock
    watch = ClockStepWatch(clock.now, lambda: clock.step_s, lambda: -3600.0, clock.follow_the_wall)
    machine.run(10, step=-3600)

    with pytest.raises(RestartTheLine, match="set back by 3600 s"):
        list(watch.beat())
    assert clock.step_s == 0
    assert list(watch.beat()) == []


def test_a_machine_that_starts_in_1970_halts_for_nothing_before_the_broker_has_told_the_time() -> None:
    machine, offset = Machine(), list[float | None]([None])
    clock, now_s = machine.clock, 1.7e9
    watch = ClockStepWatch(clock.now, lambda: clock.step_s, lambda: offset[0], clock.follow_the_wall)
    machine.run(10, step=now_s)
    assert list(watch.beat()) == []
    offset[0] = now_s
    assert list(watch.beat()) == []
    assert clock.step_s == 0
