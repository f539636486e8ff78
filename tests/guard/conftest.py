"""Desks behind a guard, closed at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.guard.rig import GuardedDesk


@pytest.fixture
def make_desk(tmp_path: Path) -> Iterator[Callable[..., GuardedDesk]]:
    """Makes guarded desks of ib_insync in the open market; ``limits`` may be given."""
    made: list[GuardedDesk] = []

    def make(*args: Any, library: str = "ib_insync") -> GuardedDesk:
        made.append(GuardedDesk(library, tmp_path, *args))
        made[-1].open_market()
        return made[-1]

    yield make
    for desk in made:
        desk.close()


@pytest.fixture
def desk(make_desk: Callable[..., GuardedDesk]) -> GuardedDesk:
    return make_desk()
