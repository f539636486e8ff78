"""A strategy that says what a scenario tells it to, at the minute it names; everything behind it is the real thing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial

from bot.assembly.machines import RulesInForce, choose
from bot.config import Settings
from bot.domain.contract import Contract
from bot.domain.market import Bar, BarSize, Quote
from bot.domain.session import NEW_YORK
from bot.domain.types import ConId, Direction
from bot.strategies.base import Judgement, Reason
from bot.strategies.symbol import Chosen, Limits, Mode, SymbolStrategy, Unfit

Signals = Mapping[str, Direction]
"""New York minutes at which a bar ends, ``10:07``, and the direction that is signalled there."""

ONCE = "once"


class Told:
    """Implements strategies.base.Strategy."""

    bar_size = BarSize.M1

    def __init__(self, signals: Signals, name: str = "scalp") -> None:
        self.name = name
        self._signals = signals
        self._minutes = {int(at[-2:]) for at in signals if at != ONCE}
        self._has_fired = False
        self.is_ready: Callable[[], bool] = lambda: True
        """The signal at ``ONCE`` waits until this is so."""

    def judge(self, bar: Bar, *, may_fire: bool = True) -> Judgement:
        direction = self._at(bar.end) or self._first_of_all(may_fire)
        fires = direction is not None and may_fire
        reason = Reason.FIRED if fires else Reason.NO_TREND if direction is None else Reason.NOT_LIVE
        return Judgement(direction, 1.0 if direction else 0.0, fires, reason, {})

    def _at(self, end: datetime) -> Direction | None:
        # New York's clock differs by whole hours: most minutes need not be looked up.
        if end.minute not in self._minutes:
            return None
        return self._signals.get(f"{end.astimezone(NEW_YORK):%H:%M}")

    def _first_of_all(self, may_fire: bool) -> Direction | None:
        """The signal at ``ONCE``: on the first live bar of all lives that finds the line ready."""
        if self._has_fired or not may_fire or not self.is_ready():
            return None
        self._has_fired = True
        return self._signals.get(ONCE)

    def remember_fired(self, at: datetime, direction: Direction) -> None:
        """A signal at a minute is bound to it; the one at ``ONCE`` was given."""
        self._has_fired = True

    def remember_entered(self, at: datetime, direction: Direction) -> None:
        """It has no debounce."""


def told_strategy(
    symbol: str, settings: Settings, signals: Signals, name: str = "scalp", *, spread: bool = False
) -> SymbolStrategy:
    """``spread``: each idea takes another contract, so that several positions can stand side by side."""
    return spoken_by(Told(signals, name), symbol, settings, spread=spread)


def spoken_by(told: Told, symbol: str, settings: Settings, *, spread: bool = False) -> SymbolStrategy:
    chooser: Callable[..., Chosen | Unfit] = partial(choose, RulesInForce(settings))
    return SymbolStrategy(symbol, (told,), Mode(settings.mode), _Spread(chooser) if spread else chooser)


class _Spread:
    """Chooses among the contracts it has not chosen yet, by hiding those it has."""

    def __init__(self, chooser: Callable[..., Chosen | Unfit]) -> None:
        self._chooser = chooser
        self._taken: set[ConId] = set()

    def __call__(
        self,
        strategy: str,
        direction: Direction,
        contracts: Sequence[Contract],
        quotes: Mapping[ConId, Quote],
        spot: float | None,
        at: datetime,
        changed: Limits,
        held: Collection[ConId],
    ) -> Chosen | Unfit:
        left = tuple(one for one in contracts if one.con_id not in self._taken)
        found = self._chooser(strategy, direction, left, quotes, spot, at, changed, held)
        if isinstance(found, Chosen):
            self._taken.add(found.contract.con_id)
        return found
