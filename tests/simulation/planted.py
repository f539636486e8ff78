"""How many seeds the swarm needs to find faults that were planted on purpose (``plants``).

python -m tests.simulation --planted --record   # those not found yet, from where the record ends; writes its table
python -m tests.simulation --planted G23 --first 1
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from unittest.mock import patch

from tests.simulation.night import run_seed
from tests.simulation.plant_table import Plant
from tests.simulation.swarm import draw

MOST_SEEDS = 1000
ROUNDS = (2, 4, 8, 16, 32, 64)
"""All are given so many runs before any is given more: what is hard to find does not keep the others waiting."""


@contextmanager
def planted(plant: Plant) -> Iterator[None]:
    with ExitStack() as stack:
        for owner, name, replacement in plant.patches:
            stack.enter_context(patch.object(owner, name, replacement))
        yield


@dataclass(frozen=True, slots=True)
class Detection:
    """``seeds``: how many it took; None for a fault that was not found in ``tried``. ``said``: by the oracle, at the first.

    ``runs`` of the seeds were run: the others lack what the fault needs.
    """

    row: str
    words: str
    seeds: int | None
    tried: int
    runs: int
    said: str

    def __str__(self) -> str:
        took = f"not found in {self.tried}" if self.seeds is None else f"found by seed {self.seeds}"
        return f"{self.row} {self.words}: {took}, {self.runs} runs; {self.said[:160]}"


@cache
def _fails_by_itself(seed: int) -> bool:
    return bool(run_seed(seed).failures)


def seeds_to_detection(
    plant: Plant, first: int, most: int = MOST_SEEDS, begin: int = 0, *, runs: int = MOST_SEEDS
) -> Detection:
    """Seeds ``first + begin`` to ``first + most``, at most so many ``runs`` of them.

    One that fails without the fault, too, found another and does not count.
    """
    done = 0
    for n in range(begin, most):
        if not plant.needs(draw(first + n)):
            continue
        if done == runs:
            return Detection(plant.row, plant.words, None, n, done, "")
        done += 1
        with planted(plant):
            run = run_seed(first + n, is_hasty=True)
        if run.failures and not _fails_by_itself(first + n):
            return Detection(plant.row, plant.words, n + 1, n + 1, done, run.failures[0])
    return Detection(plant.row, plant.words, None, most, done, "")


def search(number: int, first: int, most: int, begin: int, runs: int) -> Detection:
    """The plant of that place in the table; for a process of a pool."""
    from tests.simulation.plant_table import PLANTS

    return seeds_to_detection(PLANTS[number], first, most, begin, runs=runs)
