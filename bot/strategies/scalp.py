"""Scalp: ride a short trend on 1-minute bars.

Bullish: the fast average is above the slow one (EMA 8 over EMA 21 of closes), the close is above the session's VWAP,
and RSI(14) is between 45 and 70: strong, not exhausted. Bearish is the mirror: EMA 8 below EMA 21, close below VWAP,
RSI between 30 and 55. Either must be confirmed by volume: the session so far has traded at least ``min_relative_volume``
times what earlier sessions had by the same minute. When no earlier session is known, volume has no say, so that
the first day can trade.

It fires on the bar that enters the state, not on those that stay in it, and then not again for ``cooldown_s``; a
state entered while cooling down is let go. Confidence: 0.6 × the averages' gap (full at ``full_gap`` of the price) +
0.4 × the RSI's place in its band (full at 70 for bullish, at 30 for bearish).

The averages, RSI and state run on from one session to the next; VWAP and the session's volume start over each day.
Nothing is judged before ``min_bars`` bars, counted over sessions, nor outside regular hours; until then there is no
state, so the first judged bar may enter one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.market import Bar, BarSize
from bot.domain.session import Session, session_at
from bot.domain.types import Direction, Symbol
from bot.strategies.base import BarOrder, Cooldown, Judgement, Reason
from bot.strategies.indicators import Ema, RelativeVolume, SessionVwap, WilderRsi
from bot.strategies.spec import DefaultTerms, OptionChoice, SpecProblem, StrategySpec, setting

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ScalpParameters:
    """The scalp's settings; lengths in bars, RSI in points, ``full_gap`` as a fraction of the price."""

    fast_ema: int = setting(8, "Length of the fast average.", least=1)
    slow_ema: int = setting(21, "Length of the slow average.", least=1)
    rsi_length: int = setting(14, "Length of Wilder's RSI.", least=1)
    bullish_rsi: tuple[float, float] = setting(
        (45.0, 70.0), "RSI range that confirms a bullish signal.", least=0, most=100
    )
    bearish_rsi: tuple[float, float] = setting(
        (30.0, 55.0), "RSI range that confirms a bearish signal.", least=0, most=100
    )
    min_bars: int = setting(30, "Bars needed before the first signal.", least=1)
    min_relative_volume: float = setting(
        0.7, "Volume so far against earlier sessions' at this minute; 0 disables the check.", least=0
    )
    relative_volume_sessions: int = setting(20, "Earlier sessions that the volume is compared with.", least=1)
    cooldown_s: float = setting(900.0, "Least time between two signals of a symbol.", above=0)
    full_gap: float = setting(
        0.001, "Gap between the averages, as a part of the price, that counts as full confidence.", above=0
    )
    gap_weight: float = setting(0.6, "The gap's weight in confidence; the RSI has the rest.", least=0, most=1)


class Scalp:
    """The strategy of one symbol; see the module's head."""

    name = "scalp"
    bar_size = BarSize.M1

    def __init__(self, symbol: Symbol, parameters: ScalpParameters | None = None) -> None:
        p = self._parameters = parameters or ScalpParameters()
        self._order = BarOrder(symbol, self.bar_size)
        self._fast, self._slow = Ema(p.fast_ema), Ema(p.slow_ema)
        self._rsi = WilderRsi(p.rsi_length)
        self._vwap = SessionVwap()
        self._volume = RelativeVolume(p.relative_volume_sessions)
        self._cooldown = Cooldown(p.cooldown_s)
        self._session: Session | None = None
        self._bars = 0
        self._state: Direction | None = None
        self._names = f"ema{p.fast_ema}", f"ema{p.slow_ema}"

    def judge(self, bar: Bar, *, may_fire: bool = True) -> Judgement:
        """Take the next closed minute bar and say what it means; RestartTheLine for a bar out of order."""
        fired, reason = self.glance(bar, may_fire=may_fire)
        if reason is Reason.OUTSIDE_SESSION:
            return Judgement(None, 0.0, fired=False, reason=reason, numbers={})
        direction = self._state
        confidence = 0.0 if direction is None else self._confidence(direction, bar.close)
        return Judgement(direction, confidence, fired, reason, self._numbers(bar.close))

    def glance(self, bar: Bar, *, may_fire: bool = True) -> tuple[bool, Reason]:
        """Take the bar, and say only whether it fired, and the reason."""
        self._order.check(bar)
        session = self._enter_session(bar.start)
        if session is None:
            return False, Reason.OUTSIDE_SESSION
        self._update(bar, session)
        direction, reason = self._direction(bar.close)
        fired = False
        if direction is not None:
            fired, reason = self._news(direction, bar.end, may_fire=may_fire)
        self._state = direction
        return fired, reason

    def remember_fired(self, at: datetime, direction: Direction) -> None:
        """Restore the cooldown: it last fired at the bar that ended then."""
        self._cooldown.remember(at, direction)

    def remember_entered(self, at: datetime, direction: Direction) -> None:
        """Nothing: its cooldown runs from the signal."""

    def _enter_session(self, at: datetime) -> Session | None:
        known = self._session
        if known is not None and known.open <= at < known.close:
            return known
        session = session_at(at)
        if session is not None:
            self._session = session
            self._vwap.reset()
        return session

    def _update(self, bar: Bar, session: Session) -> None:
        self._bars += 1
        self._fast.add(bar.close)
        self._slow.add(bar.close)
        self._rsi.add(bar.close)
        self._vwap.add(bar.high, bar.low, bar.close, bar.volume)
        self._volume.add(session, (bar.start - session.open) // _MINUTE, bar.volume)

    def _direction(self, close: float) -> tuple[Direction | None, Reason]:
        """Return the state this bar is in, or the first condition that it misses."""
        p, fast, slow, rsi = self._parameters, self._fast.value, self._slow.value, self._rsi.value
        if self._bars < p.min_bars or fast is None or slow is None or rsi is None:
            return None, Reason.WARMING_UP
        vwap, volume = self._vwap.value, self._volume.value
        if fast == slow:
            return None, Reason.NO_TREND
        if vwap is None:
            return None, Reason.VWAP_UNKNOWN
        is_up = fast > slow
        if close <= vwap if is_up else close >= vwap:
            return None, Reason.WRONG_SIDE_OF_VWAP
        low, high = p.bullish_rsi if is_up else p.bearish_rsi
        if not low <= rsi <= high:
            return None, Reason.RSI_OUTSIDE_BAND
        if volume is not None and volume < p.min_relative_volume:
            return None, Reason.VOLUME_BELOW_FLOOR
        return (Direction.BULLISH if is_up else Direction.BEARISH), Reason.FIRED

    def _news(self, direction: Direction, at: datetime, *, may_fire: bool) -> tuple[bool, Reason]:
        if direction is self._state:
            return False, Reason.SAME_SIGNAL_AS_BEFORE
        if not may_fire:
            return False, Reason.NOT_LIVE
        if self._cooldown.is_running(at):
            return False, Reason.COOLING_DOWN
        self._cooldown.remember(at, direction)
        return True, Reason.FIRED

    def _confidence(self, direction: Direction, close: float) -> float:
        p, fast, slow, rsi = self._parameters, self._fast.value, self._slow.value, self._rsi.value
        if fast is None or slow is None or rsi is None:
            return 0.0
        gap = min(1.0, abs(fast - slow) / (close * p.full_gap))
        low, high = p.bullish_rsi if direction is Direction.BULLISH else p.bearish_rsi
        place = (rsi - low) / (high - low) if direction is Direction.BULLISH else (high - rsi) / (high - low)
        return p.gap_weight * gap + (1 - p.gap_weight) * place

    def _numbers(self, close: float) -> dict[str, float | None]:
        fast, slow = self._names
        return {
            "close": close,
            fast: self._fast.value,
            slow: self._slow.value,
            "vwap": self._vwap.value,
            "rsi": self._rsi.value,
            "rel_volume": self._volume.value,
        }


def _contradictions(p: ScalpParameters) -> Iterator[SpecProblem]:
    if p.fast_ema >= p.slow_ema:
        yield "fast_ema", f"must be less than strategies.scalp.slow_ema ({p.slow_ema})"
    for name, (low, high) in (("bullish_rsi", p.bullish_rsi), ("bearish_rsi", p.bearish_rsi)):
        if low >= high:
            yield name, "is a band: write the lower end first"


SPEC = StrategySpec(
    name=Scalp.name,
    summary="Short trends on 1-min bars. Lengths in bars, RSI in points.",
    make=Scalp,
    parameters=ScalpParameters,
    bar_size=Scalp.bar_size,
    terms=DefaultTerms(time_stop_minutes=60, flat_by_session_end=True),
    options=OptionChoice(),
    rank=1,
    check=_contradictions,
    history_sessions=lambda p: p.relative_volume_sessions,
)
