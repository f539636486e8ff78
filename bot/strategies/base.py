"""What every strategy is: something that is shown each closed bar once, in order, and says what it makes of it.

Rule: a judgement is given for every bar, with the reason and the figures, so that "why no trade at 10:31?" has an
answer. A strategy chooses a direction; it knows nothing of contracts, sizes or orders.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from bot.domain.errors import RestartTheLine
from bot.domain.frozen import quickly_made
from bot.domain.market import Bar, BarSize
from bot.domain.messages import BarJudged
from bot.domain.types import Direction, Symbol


class Reason(StrEnum):
    """Why a bar fired, or the first thing that spoke against it."""

    FIRED = "fired"
    WARMING_UP = "warming_up"
    OUTSIDE_SESSION = "outside_session"
    NO_TREND = "no_trend"
    VWAP_UNKNOWN = "vwap_unknown"
    WRONG_SIDE_OF_VWAP = "wrong_side_of_vwap"
    RSI_OUTSIDE_BAND = "rsi_outside_band"
    INSIDE_RANGE = "inside_range"
    VOLUME_BELOW_FLOOR = "volume_below_floor"
    SAME_SIGNAL_AS_BEFORE = "same_signal_as_before"
    COOLING_DOWN = "cooling_down"
    NOT_LIVE = "not_live"


@quickly_made
@dataclass(frozen=True, slots=True)
class Judgement:
    """One strategy on one bar. ``direction`` is the state the bar is in; ``fired`` says that it is news.

    ``confidence`` is 0 to 1, and 0 without a direction. ``reason`` is one of Reason, or a strategy's own word of that
    form. A figure that is unknown is None.
    """

    direction: Direction | None
    confidence: float
    fired: bool
    reason: str
    numbers: Mapping[str, float | None]

    def to_message(self, strategy: str, bar: Bar) -> BarJudged:
        """Say it to the others, with the figures formatted for people."""
        return BarJudged(
            symbol=bar.symbol,
            strategy=strategy,
            bar_end=bar.end,
            direction=self.direction,
            confidence=self.confidence,
            fired=self.fired,
            reason=self.reason,
            numbers={name: "unknown" if x is None else f"{x:.4f}" for name, x in self.numbers.items()},
        )


class Strategy(Protocol):
    """One strategy of one symbol."""

    name: str
    bar_size: BarSize

    def judge(self, bar: Bar, *, may_fire: bool = True) -> Judgement:
        """Take the next closed bar. With ``may_fire`` False (history, a late bar) it only moves the state on."""
        ...

    def remember_fired(self, at: datetime, direction: Direction) -> None:
        """It fired at the bar that ended then: told at once and again from disk, so that a restart repeats nothing."""
        ...

    def remember_entered(self, at: datetime, direction: Direction) -> None:
        """An entry was approved for the signal of the bar that ended then; from disk as well."""
        ...


@runtime_checkable
class Glancing(Protocol):
    """A strategy that can say the least of a bar for less, for backtests: nobody reads the figures of bars that do not fire."""

    def glance(self, bar: Bar, *, may_fire: bool = True) -> tuple[bool, str]:
        """As ``judge``, to the same state; whether it fired, and the reason."""
        ...


class BarOrder:
    """Holds a strategy to its own symbol, its bar size and ascending time; RestartTheLine when broken."""

    def __init__(self, symbol: Symbol, size: BarSize) -> None:
        self._symbol = symbol
        self._size = size
        self._last: datetime | None = None

    def check(self, bar: Bar) -> None:
        """Raises RestartTheLine for a bar of another series, or one that does not follow the last."""
        if bar.symbol != self._symbol or bar.size is not self._size:
            raise RestartTheLine(
                f"the {self._symbol} {self._size} strategy was shown a bar of {bar.symbol} {bar.size}"
            )
        if self._last is not None and bar.start <= self._last:
            raise RestartTheLine(
                f"{bar.symbol} {bar.size}: the bar of {bar.start} came after that of {self._last}"
            )
        self._last = bar.start


class Cooldown:
    """The time after a signal in which there is no other, whatever its direction."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._fired_at: datetime | None = None
        self._direction: Direction | None = None

    def remember(self, at: datetime, direction: Direction) -> None:
        """Start it again; an older signal than the one known changes nothing."""
        if self._fired_at is None or at >= self._fired_at:
            self._fired_at, self._direction = at, direction

    def is_running(self, at: datetime) -> bool:
        return self._fired_at is not None and (at - self._fired_at).total_seconds() < self._seconds

    def direction(self, at: datetime) -> Direction | None:
        """The direction of the signal that it still runs for, None when it is over."""
        return self._direction if self.is_running(at) else None
