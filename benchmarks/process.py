"""What the process is: how quick its commands start, how large the live bot's imports are, what the collector does in a day."""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from benchmarks.figures import PEAK, Figure, child_cpu_s

RUNS = 5
IMPORTS = f"import bot.app, bot.broker.ibkr; print({PEAK})"


def figures() -> Iterator[Figure]:
    for words, reach_s in ((("--help",), 0.25), (("status", "--help"), 0.25)):
        took_s = statistics.median(child_cpu_s([sys.executable, "-m", "bot", *words]) for _ in range(RUNS))
        yield Figure(f"`{' '.join(words)}`, processor", took_s, "s", reach_s)
    app_s = statistics.median(child_cpu_s([sys.executable, "-c", IMPORTS]) for _ in range(RUNS))
    yield Figure("imports of the live bot, processor", app_s, "s", None, "0.6 s to ready is the reach")
    done = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True)  # noqa: S603  ours
    yield Figure("resident after the imports", float(done.stdout), "MiB", 50.0)
    yield Figure("full collections in a session", _full_collections(), "", 0.0)


def _full_collections() -> float:
    """Passes over the oldest generation while a session's garbage is made, under the bot's own rules for the collector."""
    from bot.ops.process.collector import QuietCollector

    opened = datetime(2026, 11, 27, 14, 30, tzinfo=UTC)
    collector = QuietCollector()
    collector.beat(opened - timedelta(minutes=5), is_settled=True)
    before = gc.get_stats()[2]["collections"]
    try:
        kept: list[object] = []
        for second in range(210 * 60):
            collector.beat(opened + timedelta(seconds=second), is_settled=True)
            # Objects in circles, as callbacks make them; a few stay, as the day's trades do.
            for _ in range(20):
                circle: list[object] = []
                circle.append(circle)
            if second % 60 == 0:
                kept.append([{} for _ in range(50)])
        return float(gc.get_stats()[2]["collections"] - before)
    finally:
        collector.end()
