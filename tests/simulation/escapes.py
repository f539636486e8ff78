"""Nothing leaves the simulation: whoever sleeps, opens a socket, starts a thread or asks the machine's clock is caught.

The few that may ask are named here with their reason, and are told the simulated time.
"""

from __future__ import annotations

import random
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from tests.simulation.loop import Escaped

SIMULATED = ("bot.journal.store", "ib_insync.client", "bot.actors.supervisor", "bot.sim.")
"""They are told the simulated time: how long a write took, and the age of a session."""
REAL = ("logging", "loguru", "asyncio", "concurrent", "threading", "tempfile", "random", "tests.simulation")
"""Their readings decide nothing: stamps of log lines, and debugging of the loop."""


@contextmanager
def no_escape(monotonic: Callable[[], float], wall: Callable[[], float], seed: int) -> Iterator[list[str]]:
    """While the block runs. The library's own chance (the jitter of a reconnect) is seeded, too."""
    state = random.getstate()
    found: list[str] = []
    random.seed(f"{seed}/process")

    def clock(real: Callable[[], float], simulated: Callable[[], float], name: str) -> Callable[[], float]:
        def read() -> float:
            asker = sys._getframe(1).f_globals.get("__name__", "")
            if asker.startswith(SIMULATED):
                return simulated()
            if asker.startswith(REAL):
                return real()
            found.append(f"{asker} read time.{name}")
            raise Escaped(found[-1])

        return read

    def caught(what: str) -> Callable[..., Any]:
        def escape(*_: object, **__: object) -> Any:
            found.append(f"{what}, from {sys._getframe(1).f_globals.get('__name__')}")
            raise Escaped(found[-1])

        return escape

    with (
        patch.object(time, "time", clock(time.time, wall, "time")),
        patch.object(time, "monotonic", clock(time.monotonic, monotonic, "monotonic")),
        patch.object(time, "perf_counter", clock(time.perf_counter, monotonic, "perf_counter")),
        patch.object(time, "sleep", caught("time.sleep")),
        patch.object(socket, "socket", caught("a socket")),
        patch.object(socket, "create_connection", caught("a socket")),
        patch.object(threading.Thread, "start", caught("a thread")),
    ):
        try:
            yield found
        finally:
            random.setstate(state)
