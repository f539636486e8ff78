"""What a seed means: the weather of its run, and the faults, each with its instant. Plain values, so that a run can be told,
shrunk by leaving faults out, and replayed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from tests.simulation.fault_draws import FAULTS, PASSING, SINGLE
from tests.simulation.limit_draws import drawn_equity, drawn_limits
from tests.simulation.network import NetworkSettings
from tests.simulation.rare_draws import EARLY, RARE, SHARE
from tests.simulation.streams import Streams

AFTERMATH_S = 120.0
"""So long after a passing fault its consequences may last: a start, an agreement, a repair."""
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
class Rhythm:
    """How often what comes by itself comes. A rough one is cheap, a fine one finds what hangs on an instant."""

    quote_interval_s: float = 5.0
    """The adapter tells a contract's newest quote at most this often."""
    quiet_tick_s: float = 15.0
    """The bot's clock, while no order is on its way."""
    busy_tick_s: float = 1.0
    """And for a while after each word about one."""
    burst: int = 64
    """Turns that the machines take before the loop may bring other news."""
    bar_update_s: int = 30
    line_interval_s: float = 0.25
    """A line of the gateway is told its newest quote at most this often."""
    points_per_minute: int = 4
    """So often the market moves."""
    figures_every_s: float = 180.0
    """The account's figures are told so often (IB: three minutes)."""
    looks_every_s: float | None = None
    """Orders look at the market only so often (see ``SimulatedGateway``). None: whenever it moves."""


LEAN: Final = Rhythm(300.0, 300.0, 5.0, 64, 60, 900.0, 4, 900.0, 60.0)
"""Of a whole session in which nothing goes wrong: bars and prices by the minute, quotes, account and pulse each quarter of an
hour."""
LEAN_SETTINGS: Final = {
    "MARKET_DATA__STRIKES_EACH_SIDE": "1",
    "MARKET_DATA__M1_SESSIONS": "1",
    "STRATEGIES__SCALP__RELATIVE_VOLUME_SESSIONS": "1",
    # One strategy is told what to say: nobody reads the quotes of the other's expiry.
    "STRATEGIES__WHALE__OPTIONS__EXPIRY": "weekly",
    "MARKET_DATA__M60_SESSIONS": "1",
    "MARKET_DATA__QUOTES_STALE_AFTER_S": "1800",
    "RISK__MAX_QUOTE_AGE_S": "1800",
    "RISK__MAX_ACCOUNT_AGE_S": "7200",
    "EXECUTION__SNAPSHOT_EVERY_S": "3600",
    "BROKER__HEARTBEAT_S": "900",
}


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
    rhythm: Rhythm = field(default_factory=lambda: Rhythm())
    start: str = MORNING
    equity: int = 50_000

    @property
    def is_lean(self) -> bool:
        return self.rhythm is LEAN

    @property
    def calm_from_s(self) -> float:
        return max([0.0, *(fault.at_s + fault.lasts_s for fault in self.faults)])

    def is_calm_at(self, at_s: float) -> bool:
        """Whether nothing is broken, and nothing was a while ago that leaves something behind."""
        if at_s > self.calm_from_s + 60:
            return True
        return not any(
            fault.at_s <= at_s
            and (fault.do not in PASSING or at_s < fault.at_s + fault.lasts_s + AFTERMATH_S)
            for fault in self.faults
        )


BRIEF: Final = 0.5
"""So many runs of ten are brief: one trade or two, few faults about them, and the calm. They cost a third of the others, and what
is broken alone is not hidden behind what else is."""
BRIEF_S: Final = 2400.0


def draw(seed: int, *, lean: bool = False) -> Plan:
    """The plan of a seed. ``lean``: nothing goes wrong, a whole session, for the measure of speed and the first check of all."""
    streams = Streams(seed)
    chance = streams.of("plan")
    is_brief = not lean and streams.of("length").random() < BRIEF
    is_whole = lean or (chance.random() < 0.03 and not is_brief)
    until_s = CLOSE_S + 300.0 if is_whole else float(chance.choice([3300, 3300, 3300, 5400]))
    until_s = BRIEF_S if is_brief else until_s
    first, last = (6, 350) if lean else (-29, 359) if is_whole else (3, 7) if is_brief else (4, 24)
    signals = {}
    for _ in range(2 if lean else chance.randint(1, 2) if is_brief else chance.randint(2, 5)):
        minute = 10 * 60 + chance.randint(first, last)
        signals[f"{minute // 60:02}:{minute % 60:02}"] = chance.choice(["bullish", "bearish"])
    if lean:
        return Plan(seed, 1, signals, LEAN_SETTINGS, NetworkSettings(), (), until_s, LEAN, WHOLE_DAY)
    weather = streams.of("weather")
    network = NetworkSettings(
        latency_s=weather.choice([0.0005, 0.02, 0.15]),
        jitter_s=weather.choice([0.0, 0.01, 0.3]),
        loss=weather.choice([0.0, 0.0, 0.02, 0.1]),
        split=weather.choice([0.0, 0.3]),
    )
    start = MORNING
    if is_whole:
        start = WHOLE_DAY
    elif streams.of("start").random() < 0.2:
        # Through the open: the first signals come before entries are allowed.
        start, signals = WHOLE_DAY, {_earlier(at, 33): direction for at, direction in signals.items()}
    found = _few_faults(streams, _after(start, signals)) if is_brief else None
    found = found if found is not None else _faults(streams, until_s, _after(start, signals))
    latest_s = BRIEF_S - 1500.0 if is_brief else max(600.0, until_s - 1500.0)
    found += _rare_faults(streams.of("rare"), _after(start, signals), latest_s)
    faults = tuple(sorted(found, key=lambda fault: fault.at_s))
    return Plan(
        seed,
        1 + seed % 40,
        signals,
        drawn_limits(streams.of("limits")),
        network,
        faults,
        until_s,
        _rhythm(streams),
        start,
        drawn_equity(streams.of("equity")),
    )


def signal_times(plan: Plan) -> list[float]:
    """When its signals come, in seconds after its start."""
    return _after(plan.start, plan.signals)


def _after(start: str, signals: dict[str, str]) -> list[float]:
    """The signals' instants, in seconds after the start."""
    return [60.0 * (_minutes(at) - _minutes(start)) for at in signals]


def _earlier(clock: str, minutes: int) -> str:
    hour, minute = divmod(_minutes(clock) - minutes, 60)
    return f"{hour:02}:{minute:02}"


def _minutes(clock: str) -> int:
    hour, minute = map(int, clock.split(":"))
    return 60 * hour + minute


def _rhythm(streams: Streams) -> Rhythm:
    """One run in five is fine; a rough one costs a third of it."""
    chance = streams.of("rhythm")
    burst, tick_s = chance.choice([1, 4, 64]), chance.choice([1.0, 5.0, 15.0])
    if chance.random() < 0.2:
        return Rhythm(chance.choice([0.25, 1.0, 5.0]), tick_s, 1.0, burst, 5, 0.25, chance.choice([4, 8]))
    return Rhythm(5.0, max(5.0, tick_s), 1.0, burst, 30, 20.0, 4)


def _few_faults(streams: Streams, signals: list[float]) -> list[Fault]:
    """One kind to three, in the minutes about a signal."""
    chance = streams.of("few")
    found = []
    for name in chance.sample(list(FAULTS), chance.choice([1, 1, 2, 3])):
        for _ in range(1 if name in SINGLE else chance.choice([1, 1, 2])):
            how, lasts_s = FAULTS[name](chance)
            begun_s = chance.choice(signals) + chance.choice([-200.0, -20.0, 0.0, 0.0, 40.0, 150.0])
            at_s = max(90.0, begun_s + chance.expovariate(1 / 15))
            found.append(
                Fault(round(min(at_s, BRIEF_S - 1500.0 - min(lasts_s, 300.0)), 3), name, how, lasts_s)
            )
    return found


def _rare_faults(chance: Random, signals: list[float], latest_s: float) -> list[Fault]:
    """One or two, mostly before a signal."""
    if chance.random() >= SHARE:
        return []
    found = []
    for name in chance.sample(list(RARE), chance.choice([1, 1, 2])):
        do, draw_one = RARE[name]
        how, lasts_s = draw_one(chance)
        at_s = chance.choice(signals) + chance.choice([-200.0, -60.0, -20.0, 0.0, 40.0])
        at_s = min(max(90.0, at_s + chance.expovariate(1 / 15)), max(90.0, latest_s - min(lasts_s, 300.0)))
        found.append(Fault(95.0 if name in EARLY else round(at_s, 3), do, how, lasts_s))
    return found


def _faults(streams: Streams, until_s: float, signals: list[float]) -> list[Fault]:
    """First which kinds this run knows at all (a swarm: what is left out lets the rest be reached), then how many of each.

    Half of them come in the minutes after a signal, when there is an order or a position to hurt.
    """
    chance = streams.of("swarm")
    share = chance.choice([0.03, 0.08, 0.2, 0.4])
    kinds = [name for name in FAULTS if chance.random() < share] or [chance.choice(list(FAULTS))]
    found = []
    latest_s = max(600.0, until_s - 1500)
    for name in kinds:
        own = streams.of(f"fault {name}")
        for _ in range(1 if name in SINGLE else own.choice([1, 1, 2, 4])):
            how, lasts_s = FAULTS[name](own)
            at_s = own.uniform(90, max(600.0, latest_s - lasts_s))
            if own.random() < 0.5:
                at_s = max(
                    90.0, own.choice(signals) + own.choice([0.0, 0.0, 30.0, -25.0]) + own.expovariate(1 / 60)
                )
            latest = max(600.0, latest_s - lasts_s)
            found.append(Fault(round(min(at_s, latest), 3), name, how, lasts_s))
    return found
