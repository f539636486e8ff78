"""Which strategies there are. A new one is its file and one line here; all else follows from its SPEC."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bot.domain.types import Symbol
from bot.strategies import scalp, whale
from bot.strategies.base import Strategy
from bot.strategies.own_code import own_code
from bot.strategies.spec import StrategySpec

STRATEGIES: Final[tuple[StrategySpec[Any], ...]] = (
    scalp.SPEC,
    whale.SPEC,
)
"""In the order in which people see them."""

NAMES: Final = tuple(spec.name for spec in STRATEGIES)


def spec_of(name: str) -> StrategySpec[Any]:
    """The SPEC of that name; KeyError where there is none."""
    return {spec.name: spec for spec in STRATEGIES}[name]


def by_rank() -> tuple[StrategySpec[Any], ...]:
    """All of them, the one that is heard first first."""
    return tuple(sorted(STRATEGIES, key=lambda spec: spec.rank))


def confirmers(name: str) -> frozenset[str]:
    """The strategies that confirm the named one."""
    return frozenset(spec.name for spec in STRATEGIES if name in spec.confirms)


def make_strategies(symbol: Symbol, parameters: Mapping[str, Any] | None = None) -> tuple[Strategy, ...]:
    """One symbol's strategies, in order of rank; ``parameters`` by name, defaults for those not given."""
    chosen = parameters or {}
    return tuple(_made(spec, symbol, chosen) for spec in by_rank())


def _made(spec: StrategySpec[Any], symbol: Symbol, chosen: Mapping[str, Any]) -> Strategy:
    with own_code(spec.name, f"made for {symbol}"):
        return spec.make(symbol, chosen[spec.name] if spec.name in chosen else spec.parameters())


def faults(strategies: tuple[StrategySpec[Any], ...] = STRATEGIES) -> Iterator[str]:
    """One line for everything that would not work; nothing for strategies that can trade."""
    names = tuple(spec.name for spec in strategies)
    for spec in strategies:
        if names.count(spec.name) > 1:
            yield f"strategy {spec.name}: there are two of this name"
        if same := [one.name for one in strategies if one.rank == spec.rank and one is not spec]:
            yield f"strategy {spec.name}: {', '.join(same)} has rank {spec.rank}, too"
        yield from (f"strategy {spec.name}: {fault}" for fault in spec.faults(names))
