"""The clock of the bot's host as the simulation models it, beside the product's own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.actors.clock import SteadyClock
from tests.simulation.clocks import HostClocks
from tests.simulation.swarm import Fault, draw
from tests.simulation.universe import simulate

START = datetime(2011, 1, 26, 15, tzinfo=UTC)
NOISE_S = 0.001
"""The product's clock counts in floats."""


class Host:
    """Both clocks over one wall."""

    def __init__(self) -> None:
        self.passed_s = 0.0
        self.model = HostClocks(lambda s: START + timedelta(seconds=s), lambda: self.passed_s)
        self.start()

    def start(self) -> None:
        self.model.start_of_a_process()
        self.product = SteadyClock(lambda: self.model.wall().timestamp(), lambda: self.passed_s)


@given(
    st.lists(
        st.tuples(
            st.floats(0.0, 600.0),
            st.sampled_from(["step -3600", "step 3", "step 40", "step 0", "start", "follow", ""]),
        ),
        max_size=20,
    )
)
def test_the_model_shows_what_the_products_clock_shows(course: list[tuple[float, str]]) -> None:
    host = Host()
    for pause_s, what in course:
        host.passed_s += pause_s
        if what.startswith("step"):
            host.model.wall_off_s = float(what.split()[1])
        elif what == "start":
            host.start()
        elif what == "follow":
            host.model.follow_the_wall()
            host.product.follow_the_wall()
        assert abs((host.model.now() - host.product.now()).total_seconds()) < NOISE_S
        assert abs(host.model.step_s() - host.product.step_s) < NOISE_S


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [3600.0, -3600.0])
def test_a_step_of_the_clock_halts_the_bot_that_runs_and_moves_its_time_by_nothing(seconds: float) -> None:
    """Seeds 33100351 and 33101349 had their running bot an hour off."""
    step = Fault(400.0, "clock_step", {"seconds": seconds}, 60.0)
    done = simulate(
        replace(draw(5), faults=(step,), until_s=1500.0, signals={"10:05": "bullish"}, start="10:00")
    )
    assert done.failures == []
    assert {kind for at, kind, body in done.rows if kind == "Halted" and "clock_skew" in body} == {"Halted"}
    newest = max(datetime.fromisoformat(at) for at, *_ in done.rows)
    assert newest <= START + timedelta(seconds=1500.0)
