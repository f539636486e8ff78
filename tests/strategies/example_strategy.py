"""Metronome: an example of a whole strategy in one file. It buys a call whenever the clock strikes, and is no way to trade."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bot.domain.market import Bar, BarSize
from bot.domain.types import Direction, Symbol
from bot.strategies.base import BarOrder, Cooldown, Judgement
from bot.strategies.spec import DefaultTerms, OptionChoice, StrategySpec, setting


@dataclass(frozen=True, slots=True)
class MetronomeParameters:
    """How often it strikes."""

    every_minutes: int = setting(30, "Minutes of the clock between two signals.", least=1, most=60)


class Metronome:
    """Bullish on each bar that ends at a multiple of ``every_minutes``."""

    name = "metronome"
    bar_size = BarSize.M1

    def __init__(self, symbol: Symbol, parameters: MetronomeParameters | None = None) -> None:
        self._every = (parameters or MetronomeParameters()).every_minutes
        self._order = BarOrder(symbol, self.bar_size)
        self._struck = Cooldown(60.0)

    def judge(self, bar: Bar, *, may_fire: bool = True) -> Judgement:
        """Take the next minute; it fires on the stroke."""
        self._order.check(bar)
        if bar.end.minute % self._every:
            return Judgement(None, 0.0, fired=False, reason="between_strokes", numbers={"close": bar.close})
        fires = may_fire and not self._struck.is_running(bar.end)
        return Judgement(Direction.BULLISH, 1.0, fires, "stroke", {"close": bar.close})

    def remember_fired(self, at: datetime, direction: Direction) -> None:
        """A stroke is given once."""
        self._struck.remember(at, direction)

    def remember_entered(self, at: datetime, direction: Direction) -> None:
        """It has no debounce."""


SPEC = StrategySpec(
    name=Metronome.name,
    summary="An example: a call at every stroke of the clock.",
    make=Metronome,
    parameters=MetronomeParameters,
    bar_size=Metronome.bar_size,
    terms=DefaultTerms(
        take_profit_pct=Decimal("0.05"),
        alloc_pct=Decimal("0.05"),
        time_stop_minutes=10,
        flat_by_session_end=True,
    ),
    options=OptionChoice(expiry="10-30"),
    rank=2,
)
