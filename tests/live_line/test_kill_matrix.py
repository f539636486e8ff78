"""SIGKILL to the real process at every durable commit and every order message of one order's life, then the start path;
and SIGTERM or SIGINT there, which must be clean stops.

The steps are enumerated: a run that nobody kills writes them down, and then each is died at. What the gateway's books
hold in the end is compared with the journal: nothing twice, nothing lost, nothing naked.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGTERM, Signals

import pytest

from tests.gauntlet.score import Score
from tests.live_line.course import Course

ATTEMPTS = 3
LEAST_STEPS = 28
"""Every whole life has at least so many."""


def course(directory: Path, die_at: int, die_by: Signals = SIGKILL) -> tuple[Score, list[str]]:
    run = Course(directory, die_at, die_by)
    try:
        run.run()
        return run.score(), run.steps
    finally:
        run.close()


def death_at(directory: Path, step: int, by: Signals) -> Score:
    """A life that ended before it came to the step, a denied signal's say, proves nothing: another one is lived."""
    for attempt in range(ATTEMPTS):
        score, steps = course(directory / f"{attempt}", step, by)
        if step <= len(steps):
            return score
    # Some lives hear fewer statuses than others: their last steps do not exist.
    return score if len(steps) >= LEAST_STEPS else replace(score, faults=(*score.faults, "nobody died"))


def check(
    request: pytest.FixtureRequest, directory: Path, steps: list[int], by: tuple[Signals, ...] = (SIGKILL,)
) -> None:
    scores = [death_at(directory / f"{step}", step, by[n % len(by)]) for n, step in enumerate(steps)]
    request.node.user_properties.extend(("score", score.as_dict()) for score in scores)
    complaints = [f"{score.scenario}: {'; '.join(score.complaints)}" for score in scores if score.complaints]
    assert not complaints, "\n".join(complaints)


def whole_life(directory: Path) -> list[str]:
    """The steps of a life that nobody ends, from the signal to the closed trade."""
    for attempt in range(ATTEMPTS):
        score, steps = course(directory / f"whole-{attempt}", 0)
        assert not score.complaints, score.complaints
        if (
            len(steps) >= LEAST_STEPS
        ):  # else the signal was denied: on a slow machine the quotes may come after it
            break
    assert {"after placeOrder", "after the commit of BracketClosed"} <= set(steps), steps
    return steps


@pytest.mark.line
@pytest.mark.gauntlet("G36")
def test_a_life_without_a_death_and_one_with_the_worst(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    steps = whole_life(tmp_path)
    worst = next(n for n, step in enumerate(steps, 1) if step == "after the commit of SendOrders")
    check(request, tmp_path, [worst, worst + 4])


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.gauntlet("G36")
@pytest.mark.parametrize("part", range(4))
def test_a_death_at_every_step(request: pytest.FixtureRequest, tmp_path: Path, part: int) -> None:
    steps = whole_life(tmp_path)
    check(request, tmp_path, list(range(1 + part, len(steps) + 1, 4)))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.gauntlet("G21", "V7")
@pytest.mark.parametrize("part", range(2))
def test_a_stop_at_every_step_is_clean(request: pytest.FixtureRequest, tmp_path: Path, part: int) -> None:
    steps = whole_life(tmp_path)
    check(request, tmp_path, list(range(1 + part, len(steps) + 1, 2)), (SIGTERM, SIGINT))
