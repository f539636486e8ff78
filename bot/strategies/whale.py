"""Whale: follow a breakout of the month's range on 60-minute bars.

Bullish: an hour closes above the highest close of the 140 hours before it (20 sessions of 7; the hour itself is not
among them) and trades more than 1.5 times their mean volume. Bearish: it closes below their lowest close, with the
same volume. Nothing is judged before there are 140 hours of history.

At most one entry a symbol in 3 days (72 hours from hour's end to hour's end, whatever the direction): the debounce is
spent when an entry is approved, not when a signal is seen, and outlives a restart because the bot gives it back by
``remember_entered``. For 3 days after a signal the whale *stands* for its direction, and other strategies may ask
whether it agrees.
Confidence: 0.5 at the volume floor, growing with volume, full at twice the floor.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bot.domain.market import Bar, BarSize
from bot.domain.types import Direction, Symbol
from bot.strategies.base import BarOrder, Cooldown, Judgement, Reason
from bot.strategies.indicators import RollingMax, RollingMean, RollingMin
from bot.strategies.spec import DefaultTerms, OptionChoice, StrategySpec, setting


@dataclass(frozen=True, slots=True)
class WhaleParameters:
    """The whale's settings: the range's length in bars, the volume floor as a multiple of the mean."""

    history_bars: int = setting(140, "Length of the range in bars: 20 sessions of 7.", least=1)
    min_volume_ratio: float = setting(1.5, "Volume of the breakout's hour against the range's mean.", least=0)
    debounce_s: float = setting(
        3 * 24 * 3600.0, "Least time between two entries in a symbol: 3 days.", above=0
    )


class Whale:
    """The strategy of one symbol; see the module's head."""

    name = "whale"
    bar_size = BarSize.M60

    def __init__(self, symbol: Symbol, parameters: WhaleParameters | None = None) -> None:
        p = self._parameters = parameters or WhaleParameters()
        self._order = BarOrder(symbol, self.bar_size)
        self._high = RollingMax(p.history_bars)
        self._low = RollingMin(p.history_bars)
        self._mean_volume = RollingMean(p.history_bars)
        self._debounce, self._word = Cooldown(p.debounce_s), Cooldown(p.debounce_s)

    def judge(self, bar: Bar, *, may_fire: bool = True) -> Judgement:
        """Take the next closed hour bar and say what it means; RestartTheLine for a bar out of order."""
        self._order.check(bar)
        high, low, mean = self._high.value, self._low.value, self._mean_volume.value
        judgement = self._judge(bar, high, low, mean, may_fire=may_fire)
        # Only now, so that the bar was compared with the hours before it and not with itself.
        self._high.add(bar.close)
        self._low.add(bar.close)
        self._mean_volume.add(bar.volume)
        return judgement

    def remember_fired(self, at: datetime, direction: Direction) -> None:
        """It stands for this direction from the bar that ended then."""
        self._word.remember(at, direction)

    def remember_entered(self, at: datetime, direction: Direction) -> None:
        """Start the debounce from the bar that ended then."""
        self._debounce.remember(at, direction)

    def standing(self, at: datetime) -> Direction | None:
        """Return the direction of the signal whose 3 days still run, None when there is none."""
        return self._word.direction(at)

    def _judge(
        self, bar: Bar, high: float | None, low: float | None, mean: float | None, *, may_fire: bool
    ) -> Judgement:
        ratio = bar.volume / mean if mean else None
        numbers = {"close": bar.close, "high": high, "low": low, "volume": bar.volume, "volume_ratio": ratio}
        direction, reason = self._breakout(bar.close, high, low, ratio)
        if direction is None or ratio is None:
            return Judgement(None, 0.0, fired=False, reason=reason, numbers=numbers)
        fired, reason = self._news(direction, bar.end, may_fire=may_fire)
        return Judgement(direction, self._confidence(ratio), fired, reason, numbers)

    def _confidence(self, ratio: float) -> float:
        floor = self._parameters.min_volume_ratio
        return min(1.0, ratio / (2 * floor)) if floor else 1.0

    def _breakout(
        self, close: float, high: float | None, low: float | None, ratio: float | None
    ) -> tuple[Direction | None, Reason]:
        if high is None or low is None:
            return None, Reason.WARMING_UP
        if low <= close <= high:
            return None, Reason.INSIDE_RANGE
        if ratio is None or ratio <= self._parameters.min_volume_ratio:
            return None, Reason.VOLUME_BELOW_FLOOR
        return (Direction.BULLISH if close > high else Direction.BEARISH), Reason.FIRED

    def _news(self, direction: Direction, at: datetime, *, may_fire: bool) -> tuple[bool, Reason]:
        if not may_fire:
            return False, Reason.NOT_LIVE
        if self._debounce.is_running(at):
            return False, Reason.COOLING_DOWN
        self._word.remember(at, direction)
        return True, Reason.FIRED


def _sessions(p: WhaleParameters) -> int:
    """Seven bars each; of two the afternoon may be missing."""
    return -(-p.history_bars // 7) + 2


SPEC = StrategySpec(
    name=Whale.name,
    summary="Breakouts on 60-min bars.",
    make=Whale,
    parameters=WhaleParameters,
    bar_size=Whale.bar_size,
    terms=DefaultTerms(
        take_profit_pct=Decimal("0.50"),
        stop_loss_pct=Decimal("0.25"),
        alloc_pct=Decimal("0.10"),
        time_stop_minutes=5 * 24 * 60,
        wait_minutes=120,
        max_gap_pct=Decimal("0.01"),
    ),
    # Days to hold want weeks to expiry: the nearest weekly loses most of its time value within the time stop.
    options=OptionChoice(expiry="14-45"),
    rank=0,
    confirms=("scalp",),
    history_sessions=_sessions,
)
