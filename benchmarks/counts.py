"""A gate that noise cannot move: instructions of fixed work, by cachegrind. python -m benchmarks.counts [--renew]

Each work is run in processes of its own with 2 and with 4 rounds: the difference is the work alone, without the interpreter's
start, the imports and the first round's caches. Hash seed, addresses, environment and the project's path are fixed, so that a
count repeats to three tenths of a per cent at most, whatever folder the project lies in. One that rose by more than 2 % fails,
unless a line of the changelog says why: ``instructions: NAME``. Another interpreter, or another build of the same, counts
otherwise: without a baseline of its own its counts are told, and nothing fails.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BASELINE = ROOT / "benchmarks" / "instructions.json"
ALLOWED = 1.02
FEW, MANY = 2, 4
DAY = date(2011, 1, 3)
Work = Callable[[], object]


def _decode() -> Work:
    """A corpus of what a client and a gateway say to each other."""
    from bot.wire import decode_answer, encode

    said: list[tuple[str, dict[str, Any]]] = [
        ("tickPrice", {"tickType": 1, "price": 1.25, "size": 3, "attrMask": 0}),
        ("tickSize", {"tickType": 0, "size": 1500}),
    ]
    frames = [encode(kind, 176, reqId=n % 84, **values)[4:] for n in range(300) for kind, values in said]
    return lambda: [decode_answer(frame, 176) for frame in frames]


def _snapshot() -> Work:
    """Order manager and watcher hear a snapshot when a year's trades lie behind them, all of them remembered."""
    from benchmarks.age import hear_snapshots
    from benchmarks.years import traded_year

    machines = traded_year()
    return lambda: hear_snapshots(machines, 20)


def _burst() -> Work:
    """Fifty brackets placed, sent, filled and proved, one after the other, the earlier ones open."""
    from benchmarks.width import open_line

    return lambda: open_line(50)


def _day() -> Work:
    """A recorded day with its trades through all machines, in the replay runtime, moved by leaps."""
    from bot.backtest.fast.run import run_fast
    from bot.backtest.plan import BacktestPlan
    from bot.config import Settings
    from bot.sim.market.recorded.library import BUNDLE

    plan = BacktestPlan(Settings(), ("SPY",), DAY, DAY)
    return lambda: run_fast(plan, BUNDLE)


WORKS: dict[str, Callable[[], Work]] = {
    "decode corpus": _decode,
    "snapshot after a year": _snapshot,
    "burst of fifty brackets": _burst,
    "replayed day": _day,
}


def play(name: str, rounds: int) -> None:
    work = WORKS[name]()
    # Whether the collector's pass over a year's trades falls into a round is an accident of how much was imported.
    gc.collect()
    gc.disable()
    for _ in range(rounds):
        work()


def count(name: str) -> int:
    """Instructions of one round. Raises RuntimeError where valgrind cannot say."""
    few, many = (_instructions(name, rounds) for rounds in (FEW, MANY))
    return (many - few) // (MANY - FEW)


def _instructions(name: str, rounds: int) -> int:
    with _fixed_place() as place:
        command = [
            *_fixed_addresses(),
            *("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"),
            *(
                str(place / _python()),
                "-P",
                "-m",
                "benchmarks.counts",
                "--play",
                name,
                "--rounds",
                str(rounds),
            ),
        ]
        fixed = {
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(place),
            "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", env=fixed)  # noqa: S603  ours
    found = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    if done.returncode or found is None:
        raise RuntimeError(f"{name}: {done.stderr[-400:]}")
    return int(found[1].replace(",", ""))


@contextmanager
def _fixed_place() -> Iterator[Path]:
    """The same path for every folder that the project may lie in: a path's length moves what is hashed, joined and allocated."""
    place = Path(tempfile.gettempdir()) / "ibkr-bot-counts"
    place.unlink(missing_ok=True)
    place.symlink_to(ROOT, target_is_directory=True)
    try:
        yield place
    finally:
        place.unlink()


def _python() -> Path:
    """The interpreter by its place in the project, where it lies there."""
    found = Path(sys.executable)
    return found.relative_to(ROOT) if found.is_relative_to(ROOT) else found


def _fixed_addresses() -> tuple[str, ...]:
    """Where a container forbids it, valgrind's own layout must do: it moves little."""
    prefix = ("setarch", platform.machine(), "-R")
    is_allowed = shutil.which("setarch") and subprocess.run([*prefix, "true"], check=False).returncode == 0  # noqa: S603  ours
    return prefix if is_allowed else ()


def interpreter() -> str:
    """Version, build and C library: another build of the same version counts otherwise."""
    made = f"{platform.python_build()[1]}, {platform.python_compiler()}, {' '.join(platform.libc_ver())}"
    return f"{platform.python_implementation()} {platform.python_version()} {platform.machine()} of {made}"


def judged(counts: dict[str, int], known: dict[str, int], changelog: str) -> list[str]:
    """A line for each count that rose by more than is allowed and that the changelog does not name."""
    return [
        f"{name}: {now:,} instructions, {now / known[name] - 1:+.1%} on {known[name]:,}"
        for name, now in counts.items()
        if name in known and now > known[name] * ALLOWED and f"instructions: {name}" not in changelog
    ]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.counts", description=__doc__)
    parser.add_argument(
        "--renew", action="store_true", help="write the counts down as this interpreter's baseline"
    )
    parser.add_argument("--play", choices=WORKS, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=1, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.play:
        play(asked.play, asked.rounds)
        return 0
    if not shutil.which("valgrind"):
        sys.stderr.write("valgrind is not installed: apt-get install valgrind\n")
        return 2
    baselines = json.loads(BASELINE.read_text(encoding="utf-8")) if BASELINE.exists() else {}
    counts = {name: count(name) for name in WORKS}
    for name, now in counts.items():
        sys.stdout.write(f"{name}: {now:,} instructions\n")
    known = baselines.get(interpreter())
    if known is None or asked.renew:
        BASELINE.write_text(
            json.dumps({**baselines, interpreter(): counts}, indent=1) + "\n", encoding="utf-8"
        )
        sys.stdout.write(
            f"{interpreter()}: now the baseline in {BASELINE.relative_to(ROOT)}; nothing is judged\n"
        )
        return 0
    failed = judged(counts, known, (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    for line in failed:
        sys.stderr.write(f"{line}; mend it, or say why in CHANGELOG.md (instructions: …) and --renew\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
