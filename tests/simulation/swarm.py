"""What a seed means: the weather of its run, and the faults, each with its instant. Plain values, so that a run can be told,
shrunk by leaving faults out, and replayed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.simulation.fault_draws import FAULTS, SINGLE
from tests.simulation.network import NetworkSettings
from tests.simulation.streams import Streams

WHOLE_DAY, MORNING = "09:25", "10:00"
"""Where a run begins, on New York's clock."""
CLOSE_S = 395 * 60.0
"""The close, in seconds after the first of the two."""


@dataclass(frozen=True, slots=True)
class Fault:
    """``do`` is a command of the simulated gateway, or one of ``universe.OWN``. It is over ``lasts_s`` after ``at_s``."""

    at_s: float
    do: str
    how: dict[str, Any] = field(default_factory=dict)
    lasts_s: float = 0.0

    def __str__(self) -> str:
        words = " ".join(f"{key}={value}" for key, value in self.how.items())
        return f"{self.do} {words}".rstrip()


@dataclass(frozen=True, slots=True)
class Plan:
    """A run in plain values."""

    seed: int
    market: int
    signals: dict[str, str]
    variables: dict[str, str]
    network: NetworkSettings
    faults: tuple[Fault, ...]
    until_s: float
    quote_interval_s: float = 5.0
    lean_tick_s: float = 15.0
    burst: int = 64
    bar_update_s: int = 30
    start: str = MORNING

    @property
    def calm_from_s(self) -> float:
        return max([0.0, *(fault.at_s + fault.lasts_s for fault in self.faults)])


def draw(seed: int, *, lean: bool = False) -> Plan:
    """The plan of a seed. ``lean``: nothing goes wrong, a whole session, for the measure of speed and the first check of all."""
    streams = Streams(seed)
    chance = streams.of("plan")
    is_whole = lean or chance.random() < 0.03
    until_s = CLOSE_S + 300.0 if is_whole else 4200.0 + 60 * chance.randint(0, 30)
    signals = {}
    for _ in range(2 if lean else chance.randint(1, 6)):
        minute = 10 * 60 + 4 + chance.randint(0, 300 if is_whole else 40)
        signals[f"{minute // 60:02}:{minute % 60:02}"] = chance.choice(["bullish", "bearish"])
    if lean:
        return Plan(seed, 1, signals, {}, NetworkSettings(), (), until_s, 15.0, 60.0, 64, 60, WHOLE_DAY)
    weather = streams.of("weather")
    network = NetworkSettings(
        latency_s=weather.choice([0.0005, 0.02, 0.15]),
        jitter_s=weather.choice([0.0, 0.01, 0.3]),
        loss=weather.choice([0.0, 0.0, 0.02, 0.1]),
        split=weather.choice([0.0, 0.3]),
    )
    faults = tuple(sorted(_faults(streams, until_s), key=lambda fault: fault.at_s))
    rhythm = streams.of("rhythm")
    return Plan(
        seed,
        1 + seed % 40,
        signals,
        {},
        network,
        faults,
        until_s,
        rhythm.choice([0.25, 1.0, 5.0]),
        rhythm.choice([1.0, 5.0]),
        rhythm.choice([1, 4, 64]),
        rhythm.choice([5, 30]),
        WHOLE_DAY if is_whole else MORNING,
    )


def _faults(streams: Streams, until_s: float) -> list[Fault]:
    """First which kinds this run knows at all (a swarm: what is left out lets the rest be reached), then how many of each."""
    chance = streams.of("swarm")
    share = chance.choice([0.03, 0.08, 0.2, 0.4])
    kinds = [name for name in FAULTS if chance.random() < share] or [chance.choice(list(FAULTS))]
    found = []
    latest_s = until_s - 1500
    for name in kinds:
        own = streams.of(f"fault {name}")
        for _ in range(1 if name in SINGLE else own.choice([1, 1, 2, 4])):
            how, lasts_s = FAULTS[name](own)
            at_s = round(own.uniform(90, max(600.0, latest_s - lasts_s)), 3)
            found.append(Fault(at_s, name, how, lasts_s))
    return found
