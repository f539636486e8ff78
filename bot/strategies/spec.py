"""What a strategy's file says of it: one ``SPEC``, from which settings, risk terms, option choice, metrics and screens come.

Rule: a strategy is one file and one line in ``registry.py``. What its SPEC lacks stops the start with one line, never
the first idea of a trading day.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, Protocol, Self, TypeVar, runtime_checkable

from bot.domain.errors import FixTheConfiguration
from bot.domain.market import BarSize
from bot.domain.types import Direction, Symbol
from bot.strategies.base import Strategy
from bot.strategies.own_code import own_code

P = TypeVar("P")
SpecProblem = tuple[str, str]
"""(parameter, what is wrong with its value and what to do)."""
_NAME = re.compile(r"[a-z][a-z_]{0,19}")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What people are told of a parameter, and which values are possible; each bound holds for both ends of a band."""

    text: str
    least: float | None = None
    above: float | None = None
    most: float | None = None


def setting(
    default: Any,
    text: str,
    *,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
) -> Any:
    """A parameter with its default, its meaning and its range: ``fast: int = setting(8, "Its length.", least=1)``."""
    return field(default=default, metadata={"meaning": Meaning(text, least, above, most)})


def meaning_of(parameter: Field[Any]) -> Meaning:
    """What ``setting`` was told; an empty meaning for a field made without it."""
    found = parameter.metadata.get("meaning")
    return found if isinstance(found, Meaning) else Meaning("")


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultTerms:
    """How its positions are ended and sized unless the settings say otherwise; None takes the general setting.

    ``alloc_pct`` caps the premium of all its open positions as a part of equity; None: no cap of its own.
    ``time_stop_minutes`` None: never. A signal outside the entry window waits for ``wait_minutes`` of open market, and is
    dropped when the underlying has moved by more than ``max_gap_pct`` meanwhile.
    """

    take_profit_pct: Decimal | None = None
    stop_loss_pct: Decimal | None = None
    alloc_pct: Decimal | None = None
    time_stop_minutes: int | None = None
    flat_by_session_end: bool = False
    wait_minutes: int = 0
    max_gap_pct: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionChoice:
    """Which contract carries its ideas, as the settings write it; None takes the general setting of ``options``."""

    expiry: str | None = None
    moneyness: str | None = None
    max_spread_pct: Decimal | None = None


@runtime_checkable
class Confirming(Protocol):
    """A strategy whose word others may ask for."""

    def standing(self, at: datetime) -> Direction | None:
        """The direction that it stands for at this time, None for no opinion."""
        ...


def one_session(_: Any) -> int:
    """The history of a strategy that says nothing of it."""
    return 1


def no_problems(_: Any) -> Iterator[SpecProblem]:
    return iter(())


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategySpec(Generic[P]):
    """One strategy. ``make`` builds it for a symbol; ``parameters`` is a frozen dataclass of ``setting`` fields.

    ``rank`` 0 is heard first where several fire on the same instant. ``confirms`` names the strategies whose size
    mode ``hybrid`` lets this one decide. ``check`` finds parameters that contradict each other. ``history_sessions`` is
    how many sessions before today's it must have seen: they are fetched whole, wherever in a day the bot starts.
    FixTheConfiguration where something is missing.
    """

    name: str
    summary: str
    make: Callable[[Symbol, P], Strategy]
    parameters: type[P]
    bar_size: BarSize
    terms: DefaultTerms
    options: OptionChoice
    rank: int
    confirms: tuple[str, ...] = ()
    check: Callable[[P], Iterator[SpecProblem]] = no_problems
    history_sessions: Callable[[P], int] = one_session

    def __new__(cls, **given: object) -> Self:
        needed = [one.name for one in fields(cls) if one.default is MISSING]
        if missing := [name for name in needed if name not in given]:
            raise FixTheConfiguration(
                f"strategy {given.get('name', '?')}: its SPEC lacks {', '.join(missing)}"
            )
        return object.__new__(cls)

    def faults(self, names: tuple[str, ...]) -> Iterator[str]:
        """Everything wrong with it, given all the strategies there are."""
        if not _NAME.fullmatch(self.name):
            yield "its name must be small letters and underscores, at most 20"
        if not self.summary:
            yield "its summary is empty"
        yield from (
            f"its parameter {one} has no meaning; write it with setting()" for one in self._unexplained()
        )
        yield from (
            f"it confirms {name}, which does not exist" for name in self.confirms if name not in names
        )
        with own_code(self.name, "made for SPY"):
            made = self.make("SPY", self.parameters())
        if (made.name, made.bar_size) != (self.name, self.bar_size):
            yield f"it makes a strategy called {made.name} on bars of {made.bar_size}, and its SPEC says otherwise"
        if self.confirms and not isinstance(made, Confirming):
            yield "it confirms others and has no method `standing`"

    def _unexplained(self) -> list[str]:
        described: tuple[Field[Any], ...] = fields(self.parameters)  # type: ignore[arg-type]  # P is a dataclass
        return [one.name for one in described if not meaning_of(one).text]
