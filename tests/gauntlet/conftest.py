"""Gives each scenario its stage and, when it is over, asks the judge."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.sim.exchange.exchange_settings import ExchangeSettings
from bot.sim.world.build import recorded_world
from tests.gauntlet.rig import DAY, Rig, clock
from tests.gauntlet.signals import Signals

Stage = Callable[..., Rig]


@pytest.fixture
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """``stage({"10:07": BULL}, start="10:05")`` is a running bot before a known signal."""
    rigs: list[Rig] = []

    def make(
        signals: Signals,
        *,
        start: str = "10:05",
        day: date = DAY,
        exchange_settings: ExchangeSettings | None = None,
        equity: int = 50_000,
        symbols: tuple[str, ...] = ("SPY",),
        run: bool = True,
        **how: Any,
    ) -> Rig:
        world = recorded_world(
            symbols, day, start=clock(day, start), exchange_settings=exchange_settings, equity=Decimal(equity)
        )
        rigs.append(Rig(tmp_path, world, signals, **how))
        return rigs[-1].start() if run else rigs[-1]

    yield make
    try:
        for rig in rigs:
            _judge(rig, request)
    finally:
        for rig in rigs:
            rig.close()


def _judge(rig: Rig, request: pytest.FixtureRequest) -> None:
    marker = request.node.get_closest_marker("gauntlet")
    name = request.node.name.removeprefix("test_").replace("_", " ")
    score = rig.score(name, " ".join(marker.args) if marker else "")
    request.node.user_properties.append(("score", score.as_dict()))
    assert not score.complaints, "; ".join(score.complaints)
