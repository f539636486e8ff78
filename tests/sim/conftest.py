"""Desks for both client libraries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.sim.desk import LIBRARIES, Desk


@pytest.fixture(params=LIBRARIES)
def make_desk(request: pytest.FixtureRequest) -> Iterator[Callable[..., Desk]]:
    """Makes desks that are closed at the end; a gateway that failed inside fails the test."""
    made: list[Desk] = []

    def make(*args: Any, **options: Any) -> Desk:
        made.append(Desk(request.param, *args, **options))
        return made[-1]

    yield make
    for desk in made:
        desk.close()


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    return make_desk()
