"""Eight simulated hours of the bot as systemd starts it: whether it grows, and what it costs. python -m benchmarks.eight_hours

Four symbols, 21 lines each, against the simulated gateway at IB's four quotes a second. ``--speed`` runs both clocks faster, so
that each real second brings so many times as many quotes; what is told a simulated hour is then the same.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.daemon import cpu_s, gateway, resident_mib, started_bot
from benchmarks.figures import Figure

HOURS, WARM_HOURS, SAMPLES_AN_HOUR = 8.0, 1.5, 6
"""Until everything has been done once: half an hour before the open and one behind it, with a bar of every size closed."""
GROWTH_MIB = 1.0
PI_SLOWER = {"Pi 4": 8.0, "Pi 5": 3.3}
"""Interpreter-bound work, by published runs of the n-body benchmark; none was measured here."""


def watched(speed: float, hours: float, begins: str = "09:00") -> Iterator[Figure]:
    """Raises RuntimeError where the bot ends before the time is up."""
    with (
        gateway("--at", begins, "--speed", f"{speed:g}") as told,
        tempfile.TemporaryDirectory() as folder,
        started_bot(Path(folder), told) as bot,
    ):
        seen = [(0.0, resident_mib(bot.pid), cpu_s(bot.pid))]
        began_s = time.monotonic()
        for number in range(1, round(hours * SAMPLES_AN_HOUR) + 1):
            at_s = number * 3600 / SAMPLES_AN_HOUR / speed
            time.sleep(max(0.0, began_s + at_s - time.monotonic()))
            if bot.poll() is not None:
                raise RuntimeError(f"the bot ended with {bot.returncode} after {at_s:.0f} s")
            seen.append((number / SAMPLES_AN_HOUR, resident_mib(bot.pid), cpu_s(bot.pid)))
            print(
                f"{seen[-1][0]:.2f} h: {seen[-1][1]:.1f} MiB, {seen[-1][2]:.1f} s",
                file=sys.stderr,
                flush=True,
            )
        bot.send_signal(signal.SIGTERM)
    yield from _told(seen, speed)


def _told(seen: list[tuple[float, float, float]], speed: float) -> Iterator[Figure]:
    warm = next((one for one in seen if one[0] >= WARM_HOURS), seen[0])
    last = seen[-1]
    note = f"from {warm[1]:.1f} MiB after {warm[0]:g} h to {last[1]:.1f} after {last[0]:g}, at {speed:g} times the speed"
    yield Figure("grown, resident", last[1] - warm[1], "MiB", GROWTH_MIB, note)
    core = (last[2] - warm[2]) / ((last[0] - warm[0]) * 3600)
    slower = "; ".join(f"{name} {core * times * 100:.0f} %" for name, times in PI_SLOWER.items())
    yield Figure("of a core, a simulated second", core * 100, "%", None, slower)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.eight_hours", description=__doc__)
    parser.add_argument(
        "--speed", type=float, default=8.0, help="simulated seconds a second; 8: an hour's run"
    )
    parser.add_argument("--hours", type=float, default=HOURS, help="simulated hours")
    asked = parser.parse_args(arguments)
    found = list(watched(asked.speed, asked.hours))
    for one in found:
        print(f"{one.name}: {one.value:.2f} {one.unit}; reach {one.reach_text}; {one.note}")
    return 0 if all(one.is_reached for one in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
