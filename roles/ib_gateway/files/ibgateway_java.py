#!/usr/bin/python3
"""Start IB Gateway's own Java, and wait before it when the last starts came to nothing: ibgateway_java.py JAVA ARGUMENTS.

Rule: every new start of the gateway passes here, whoever asks for it: systemd after an exit, IBC's start script, which
begins again at once after a login that failed, a log-in window that did not come or a restart of its own, and the owner.
So this is the one place that keeps a wrong password from being tried until IB locks the user. It never gives up.
"""

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

STARTS = Path(os.environ.get("IBGATEWAY_STARTS", "/var/lib/ibgateway/starts.json"))
FIRST_WAIT_S = float(os.environ.get("IBGATEWAY_FIRST_WAIT_S", "30"))
LONGEST_WAIT_S = float(os.environ.get("IBGATEWAY_LONGEST_WAIT_S", "1800"))
# A gateway that ran for so long was well: its restart is no repetition.
WELL_AFTER_S = 3600
KEPT = 20


def wait_s(starts: Sequence[float], now: float) -> float:
    """Seconds to wait before the next start, when Java was started at these moments."""
    row, later = 0, now
    for start in sorted(starts, reverse=True):
        if later - start > WELL_AFTER_S:
            break
        row, later = row + 1, start
    return min(FIRST_WAIT_S * 2.0 ** (row - 1), LONGEST_WAIT_S) if row else 0.0


def starts_in(path: Path) -> list[float]:
    """Read the former starts; none when the file is missing or broken."""
    try:
        return [float(start) for start in json.loads(path.read_text())]
    except (OSError, ValueError, TypeError):
        return []


def main() -> None:
    """Wait as long as is due, remember the start, and become Java."""
    java, *arguments = sys.argv[1:]
    # The start script also asks Java for its version; that is no start.
    if not any(argument.startswith("-Xshow") for argument in arguments):
        starts, now = starts_in(STARTS), time.time()
        wait = wait_s(starts, now)
        # Written before the wait, so that the log-in's watcher knows when the next one is due.
        STARTS.write_text(json.dumps([*starts[1 - KEPT :], now + wait]))
        if wait:
            sys.stdout.write(f"The last start came to nothing: the next one follows in {wait:.0f} s\n")
            sys.stdout.flush()
            time.sleep(wait)
    os.execv(java, [java, *arguments])  # noqa: S606  no shell is wanted


if __name__ == "__main__":
    main()
