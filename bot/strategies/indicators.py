"""The indicators, each one class with one method that takes the next value: O(1) a bar, plain floats.

Rule: there is one definition of each, here, for the live bot and the backtest alike; a figure that is not known yet
is None. The textbook formulas differ mostly in how they begin, so each class says how it does.
"""

from array import array
from collections import deque
from collections.abc import Callable
from operator import ge, le
from typing import Final

from bot.domain.session import Session

_WHOLE_SESSION_SLACK_MINUTES: Final = 5


class Ema:
    """Exponential moving average: α = 2 / (length + 1), begun at the first value."""

    def __init__(self, length: int) -> None:
        self._alpha = 2 / (length + 1)
        self.value: float | None = None

    def add(self, price: float) -> float:
        value = self.value
        self.value = value = price if value is None else value + self._alpha * (price - value)
        return value


class WilderRsi:
    """Relative strength index, 0 to 100 (Wilder, New Concepts in Technical Trading Systems, 1978).

    Begun with the plain means of the first ``length`` gains and losses, then smoothed by Wilder's
    mean = (mean × (length - 1) + change) / length. Gains only give 100; no change at all gives 50.
    """

    def __init__(self, length: int) -> None:
        self._length = length
        self._changes = 0
        self._last: float | None = None
        self._gain = 0.0
        self._loss = 0.0
        self.value: float | None = None

    def add(self, price: float) -> float | None:
        if self._last is not None:
            self._smooth(price - self._last)
        self._last = price
        return self.value

    def _smooth(self, change: float) -> None:
        # Counting weights up to `length` yields the plain mean first and Wilder's mean after it.
        if self._changes < self._length:
            self._changes += 1
        weight = self._changes
        self._gain += ((0.0 if change <= 0 else change) - self._gain) / weight
        self._loss += ((0.0 if change >= 0 else -change) - self._loss) / weight
        if weight >= self._length:
            total = self._gain + self._loss
            self.value = 50.0 if total == 0 else 100 * (self._gain / total)


class SessionVwap:
    """Volume-weighted mean of the typical price (high + low + close) / 3 since ``reset``; None without volume."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._traded = 0.0
        self._volume = 0.0
        self.value: float | None = None

    def add(self, high: float, low: float, close: float, volume: float) -> float | None:
        self._traded += (high + low + close) / 3 * volume
        self._volume += volume
        self.value = self._traded / self._volume if self._volume > 0 else None
        return self.value


class _RollingExtreme:
    """The extreme of the last ``length`` values, by a deque that keeps only what can still become it."""

    def __init__(self, length: int, beats: Callable[[float, float], bool]) -> None:
        self._length = length
        self._beats = beats
        self._kept: deque[tuple[int, float]] = deque()
        self._count = 0

    @property
    def value(self) -> float | None:
        """The extreme, None until ``length`` values were seen."""
        return self._kept[0][1] if self._count >= self._length else None

    def add(self, value: float) -> None:
        while self._kept and self._beats(value, self._kept[-1][1]):
            self._kept.pop()
        self._kept.append((self._count, value))
        if self._kept[0][0] <= self._count - self._length:
            self._kept.popleft()
        self._count += 1


class RollingMax(_RollingExtreme):
    """The highest of the last ``length`` values; None until so many were seen."""

    def __init__(self, length: int) -> None:
        super().__init__(length, ge)


class RollingMin(_RollingExtreme):
    """The lowest of the last ``length`` values; None until so many were seen."""

    def __init__(self, length: int) -> None:
        super().__init__(length, le)


class RollingMean:
    """Mean of the last ``length`` values; None until so many were seen. Exact for volumes, which are whole."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._values: deque[float] = deque()
        self._sum = 0.0

    @property
    def value(self) -> float | None:
        return self._sum / self._length if len(self._values) == self._length else None

    def add(self, value: float) -> None:
        self._values.append(value)
        self._sum += value
        if len(self._values) > self._length:
            self._sum -= self._values.popleft()


class RelativeVolume:
    """The session's volume so far ÷ the mean of earlier sessions' volume up to the same minute.

    Cumulated and not minute by minute, because single minutes are too noisy to confirm anything. Up to ``sessions``
    earlier sessions count, each as far as it lasted (a half-day says nothing about the afternoon). None when no
    earlier session is known that far, or when this session was not followed from its open: then the figure neither
    confirms nor denies.
    """

    def __init__(self, sessions: int) -> None:
        self._earlier: deque[array[float]] = deque(maxlen=sessions)
        """Not as objects: one kept for each bar of a history holds the memory of the whole history."""
        self._means: list[float] = []
        self._session: Session | None = None
        self._so_far: list[float] = []
        self._is_whole = False
        self.value: float | None = None

    def add(self, session: Session, minute: int, volume: float) -> float | None:
        """Take the bar that starts ``minute`` minutes after the open; minutes without trade may be left out."""
        if session is not self._session and session != self._session:
            self._begin(session, minute)
        total = self._so_far[-1] if self._so_far else 0.0
        if minute > len(self._so_far):
            self._so_far.extend([total] * (minute - len(self._so_far)))
        self._so_far.append(total + volume)
        mean = self._means[minute] if minute < len(self._means) else 0.0
        self.value = self._so_far[minute] / mean if self._is_whole and mean > 0 else None
        return self.value

    def _begin(self, session: Session, minute: int) -> None:
        if self._session is not None and self._is_whole:
            quiet_end = self._session.minutes - len(self._so_far)
            self._earlier.append(array("d", self._so_far + [self._so_far[-1]] * quiet_end))
            shared = [sum(volumes) / len(volumes) for volumes in zip(*self._earlier, strict=False)]
            rest = range(len(shared), max(map(len, self._earlier)))
            self._means = shared + [self._mean_at(m) for m in rest]
        self._session, self._so_far = session, []
        self._is_whole = minute < _WHOLE_SESSION_SLACK_MINUTES

    def _mean_at(self, minute: int) -> float:
        known = [volumes[minute] for volumes in self._earlier if minute < len(volumes)]
        return sum(known) / len(known)
