"""One rule and one market for all engines; standard library only, as the peers' environment knows nothing of this project.

Each minute is four prints, and a print is all there is: what is sold at a stop or a target is sold at the print that reaches it.
At a minute's last print, when its fast average of closes has risen above the slow one, 100 shares are bought at that print.
They are sold at the first later print at or beyond target or stop, else at the last print of the 60th minute after, or of the
session's 386th.
"""

from __future__ import annotations

import json
import sys
import time
from array import array
from collections.abc import Callable
from pathlib import Path

PRINTS_A_MINUTE, MINUTES = 4, 390
PRINTS_A_DAY = PRINTS_A_MINUTE * MINUTES
FIRST_MINUTE, LAST_ENTRY, LAST_MINUTE, LONGEST = 30, 360, 385, 60
FAST, SLOW, SHARES = 8, 21, 100
TARGET, STOP = 0.0020, 0.0015
Trades = list[tuple[int, int, int, int]]
"""Entry and exit as the prints' numbers, then their prices in cents."""


class Averages:
    """Exponential averages of minute closes, over days without a break."""

    def __init__(self) -> None:
        self._fast = self._slow = 0.0
        self._is_above = True
        self._count = 0

    def crosses(self, close: float) -> bool:
        """Whether the fast one has just risen above the slow one."""
        if not self._count:
            self._fast = self._slow = close
        self._count += 1
        self._fast += (close - self._fast) * (2 / (FAST + 1))
        self._slow += (close - self._slow) * (2 / (SLOW + 1))
        was_above, self._is_above = self._is_above, self._fast > self._slow
        return self._is_above and not was_above


def is_entry(minute: int) -> bool:
    return FIRST_MINUTE <= minute <= LAST_ENTRY


def levels(cents: int) -> tuple[int, int]:
    """Target and stop of what was bought at this price."""
    return cents + round(cents * TARGET), cents - round(cents * STOP)


def last_print(number: int) -> int:
    """Where what was bought at this print is sold at the latest."""
    day, rest = divmod(number, PRINTS_A_DAY)
    minute = min(rest // PRINTS_A_MINUTE + LONGEST, LAST_MINUTE)
    return day * PRINTS_A_DAY + minute * PRINTS_A_MINUTE + PRINTS_A_MINUTE - 1


def read(path: Path) -> array[int]:
    """The prints in cents."""
    prints = array("i")
    prints.frombytes(path.read_bytes())
    return prints


def run_peer(play: Callable[[array[int]], Callable[[], Trades]]) -> None:
    """``python FILE prints.bin``: what ``play`` prepared is timed and told as JSON."""
    run = play(read(Path(sys.argv[1])))
    began_s = time.process_time()
    trades = run()
    sys.stdout.write(json.dumps({"seconds": time.process_time() - began_s, "trades": trades}))
