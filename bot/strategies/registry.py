"""Which strategies there are, and which one goes first.

Rule: the order of ``STRATEGIES`` is the order of rank. When two of them fire on the same instant, the earlier is heard
first: the whale outranks the scalp.
"""

from dataclasses import dataclass, field
from typing import Final

from bot.domain.types import Symbol
from bot.strategies.base import Strategy
from bot.strategies.scalp import Scalp, ScalpParameters
from bot.strategies.whale import Whale, WhaleParameters

STRATEGIES: Final[tuple[str, ...]] = (Whale.name, Scalp.name)


@dataclass(frozen=True, slots=True)
class StrategyParameters:
    """The settings of all strategies."""

    scalp: ScalpParameters = field(default_factory=ScalpParameters)
    whale: WhaleParameters = field(default_factory=WhaleParameters)


def make_strategies(symbol: Symbol, parameters: StrategyParameters | None = None) -> tuple[Strategy, ...]:
    """Make one symbol's strategies, in order of rank."""
    chosen = parameters or StrategyParameters()
    return (Whale(symbol, chosen.whale), Scalp(symbol, chosen.scalp))


def rank(name: str) -> int:
    """Return a strategy's rank, 0 the highest; ValueError for a name that is not in ``STRATEGIES``."""
    return STRATEGIES.index(name)
