"""SIGINT and SIGTERM ask for a clean stop, whenever they come: before the first line, between two, or after the last.

Rule: a signal never interrupts what is being done; it is kept, and the line that runs, or the next one, is told.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

Stop = Callable[[str], None]


class StopSignals:
    """``wanted`` is the first signal's name, empty while nobody wants a stop. SIGHUP is nothing to stop for.

    A context manager, for the main thread; afterwards the handlers are as they were.
    """

    def __init__(self) -> None:
        self.wanted = ""
        self._stop: Stop | None = None
        self._before: dict[signal.Signals, Any] = {}

    def subscribe(self, stop: Stop) -> None:
        """From now on ``stop`` is called with the signal's name; at once, if it came before."""
        self._stop = stop
        if self.wanted:
            stop(self.wanted)

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._on_signal)
        # A terminal that is closed ends nothing; its default would kill without a word.
        self._before[signal.SIGHUP] = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        self.wanted = self.wanted or signal.Signals(number).name
        if self._stop is not None:
            self._stop(self.wanted)
