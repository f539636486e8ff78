"""The only clock. Every so often it says what time it is; machines know no other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from time import time

from pykka import ActorDeadError

from bot.domain.clock import ScaledTime
from bot.domain.messages import Message, TimePassed
from bot.domain.types import Now


def real_now() -> datetime:
    return datetime.now(UTC)


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
