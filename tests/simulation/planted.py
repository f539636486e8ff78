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

MOST_SEEDS = 1000
ROUNDS = (5, 10, 20, 40, 80, 160, 320, MOST_SEEDS)
"""All are asked so many seeds before any is asked more: what is hard to find does not keep the others waiting."""


@contextmanager
def planted(plant: Plant) -> Iterator[None]:
    with ExitStack() as stack:
        for owner, name, replacement in plant.patches:
            stack.enter_context(patch.object(owner, name, replacement))
        yield


@dataclass(frozen=True, slots=True)
class Detection:
    """``seeds``: how many it took; None for a fault that was not found in ``tried``. ``said``: by the oracle, at the first."""

    row: str
    words: str
    seeds: int | None
    tried: int
    said: str

    def __str__(self) -> str:
        took = f"not found in {self.tried}" if self.seeds is None else f"found by seed {self.seeds}"
        return f"{self.row} {self.words}: {took} {self.said[:160]}"


@cache
def _fails_by_itself(seed: int) -> bool:
    return bool(run_seed(seed).failures)


def seeds_to_detection(plant: Plant, first: int, most: int = MOST_SEEDS, begin: int = 0) -> Detection:
    """Seeds ``first + begin`` to ``first + most``. One that fails without the fault, too, found another and does not count."""
    for n in range(begin, most):
        with planted(plant):
            run = run_seed(first + n, is_hasty=True)
        if run.failures and not _fails_by_itself(first + n):
            return Detection(plant.row, plant.words, n + 1, n + 1, run.failures[0])
    return Detection(plant.row, plant.words, None, most, "")


def search(number: int, first: int, most: int, begin: int) -> Detection:
    """The plant of that place in the table; for a process of a pool."""
    from tests.simulation.plant_table import PLANTS

    return seeds_to_detection(PLANTS[number], first, most, begin)
