"""The only clock. Every so often it says what time it is; machines know no other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from time import CLOCK_BOOTTIME, clock_gettime, time

from pykka import ActorDeadError

from bot.domain.clock import ScaledTime
from bot.domain.messages import Message, TimePassed
from bot.domain.types import Now

FOLLOWED_S = 2.0
"""A larger difference between the wall's clock and ours is a step, not a drift."""
SLEW = 0.001
"""How fast a drift is followed, in seconds a second: as adjtime does at most, twice over."""


def _since_boot() -> float:
    """Seconds since the machine was started, sleep included."""
    return clock_gettime(CLOCK_BOOTTIME)


class SteadyClock:
    """The wall's clock as it was at the start, moved on by the time that has passed since: no step of the wall moves it.

    What NTP corrects little by little is followed; a step of the wall's clock is not, and ``step_s`` shows it.
    """

    def __init__(self, wall: Callable[[], float] = time, passed: Callable[[], float] = _since_boot) -> None:
        self._wall, self._passed = wall, passed
        self._lock = threading.Lock()
        self._shown_s, self._read_at_s = wall(), passed()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._advance(), UTC)

    @property
    def step_s(self) -> float:
        """How far the wall's clock is ahead of this one."""
        return self._wall() - self._advance()

    def follow_the_wall(self) -> None:
        """Take its time over: for a step that the broker's clock confirms."""
        with self._lock:
            self._shown_s, self._read_at_s = self._wall(), self._passed()

    def _advance(self) -> float:
        with self._lock:
            read_at_s = self._passed()
            elapsed_s = max(0.0, read_at_s - self._read_at_s)
            self._read_at_s = read_at_s
            self._shown_s += elapsed_s
            drift_s = self._wall() - self._shown_s
            if abs(drift_s) <= FOLLOWED_S:
                most_s = elapsed_s * SLEW
                self._shown_s += max(-most_s, min(most_s, drift_s))
            return self._shown_s


STEADY = SteadyClock()


def real_now() -> datetime:
    """The time of a bot that trades: steady for the life of the process."""
    return STEADY.now()


def scaled_now(scale: ScaledTime) -> Now:
    """The simulated clock that the simulated gateway shows too."""
    return lambda: scale.at(time())


class Clock:
    """A thread that emits TimePassed each ``interval_s`` of real time until it is stopped."""

    def __init__(self, now: Now, interval_s: float, emit: Callable[[Message], None]) -> None:
        self._now = now
        self._interval_s = interval_s
        self._emit = emit
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clock", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        # A dead peer has already told the main thread why; there is nobody left to tell the time.
        with suppress(ActorDeadError):
            while not self._stopped.wait(self._interval_s):
                self._emit(TimePassed(self._now()))
