"""The swarm from a command line: seeds for a while, one seed again with its wire and journal, or the same seed twice.

python -m tests.simulation --minutes 2
python -m tests.simulation --seed 17
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime
from functools import partial
from itertools import count, islice
from multiprocessing import get_context
from pathlib import Path

from tests.simulation.detections import record, tried
from tests.simulation.night import Night, Run, be_quiet, run_seed
from tests.simulation.plant_table import PLANTS
from tests.simulation.planted import MOST_SEEDS, ROUNDS, Detection, search
from tests.simulation.show import show
from tests.simulation.shrink import shrunk
from tests.simulation.swarm import draw

SEEDS_A_DAY = 100_000
PLANTED_FIRST = 7_000_000
"""The same seeds for every planted fault, night after night, so that the counts add up."""
_EPOCH = date(2026, 1, 1)


def main(words: list[str]) -> int:
    asked = _parser().parse_args(words)
    be_quiet()
    if asked.seed is not None:
        return _again(asked.seed, shrink=asked.shrink)
    if asked.planted is not None:
        return _plants(asked)
    if asked.same and asked.against is not None:
        return _same_as(asked.against, asked.first, asked.same, asked.processes)
    if asked.same:
        return _same(asked.first, asked.same, asked.processes)
    return _swarm(asked)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make simulate", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seed", type=int, help="run this seed, and show its faults, wire and journal")
    parser.add_argument(
        "--shrink",
        action="store_true",
        help="with --seed: leave out every fault that the failure does not need",
    )
    parser.add_argument("--minutes", type=float, default=2.0, help="how long the swarm runs")
    parser.add_argument("--count", type=int, help="so many seeds instead")
    parser.add_argument(
        "--first", type=int, default=first_of_today(), help="the first seed (each day has its own)"
    )
    parser.add_argument(
        "--same", type=int, default=0, help="run so many seeds twice, in processes of their own, and compare"
    )
    parser.add_argument(
        "--against",
        type=Path,
        help="with --same: run each seed once, and compare with what this file kept of another Python;"
        "\nwrite it where there is none",
    )
    parser.add_argument(
        "--lean", action="store_true", help="whole sessions in which nothing goes wrong: the measure of speed"
    )
    parser.add_argument(
        "--planted",
        nargs="*",
        help="plant these faults (those that no seed has found yet), and count the seeds until each is found;"
        "\nwith --record no longer than --minutes, and on from there the next time",
    )
    parser.add_argument("--first-planted", type=int, default=PLANTED_FIRST, help=argparse.SUPPRESS)
    parser.add_argument(
        "--most", type=int, default=MOST_SEEDS, help="with --planted: give a fault up after so many seeds"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--record",
        action="store_true",
        help="add this night to docs/simulation.json and write docs/simulation.md",
    )
    return parser


def first_of_today() -> int:
    """Seeds that no other day runs."""
    return ((datetime.now(UTC).date() - _EPOCH).days % 20_000) * SEEDS_A_DAY


def _seeds(asked: argparse.Namespace) -> Iterator[int]:
    seeds = count(asked.first)
    if asked.count is not None:
        yield from islice(seeds, asked.count)
        return
    until_s = time.monotonic() + asked.minutes * 60
    while time.monotonic() < until_s:
        yield next(seeds)


def _swarm(asked: argparse.Namespace) -> int:
    night = Night(began=datetime.now(UTC), first=asked.first)
    began_s = time.monotonic()
    with ProcessPoolExecutor(asked.processes, initializer=be_quiet) as pool:
        work = partial(run_seed, lean=asked.lean)
        # A process's next seed is drawn when it is free, so that the time is kept.
        seeds = _seeds(asked)
        waiting = {pool.submit(work, seed) for seed in islice(seeds, asked.processes)}
        while waiting:
            done = next(iter(sorted((one for one in waiting if one.done()), key=id)), None)
            if done is None:
                time.sleep(0.01)
                continue
            waiting.discard(done)
            _tell(done.result(), night)
            waiting |= {pool.submit(work, seed) for seed in islice(seeds, 1)}
    night.wall_s = time.monotonic() - began_s
    if not asked.lean:  # whose last minutes are after the close
        night.close()
    if asked.record:
        night.record()
    print(night.summary())
    return int(bool(night.failed))


def _tell(run: Run, night: Night) -> None:
    night.add(run)
    for failure in run.failures[:3]:
        print(f"seed {run.seed}: {failure[:300]}", flush=True)
    if sys.stderr.isatty():
        print(f"\r{night.runs} runs, {len(night.failed)} failed ", end="", file=sys.stderr, flush=True)


def _plants(asked: argparse.Namespace) -> int:
    """In rounds, each of more runs; what the record has found already is asked again only by name."""
    chosen = [n for n, plant in enumerate(PLANTS) if plant.row in asked.planted or not asked.planted]
    begun = {n: 0 if asked.planted else tried(PLANTS[n]) for n in chosen}
    until_s = time.monotonic() + asked.minutes * 60 if asked.record else float("inf")
    with ProcessPoolExecutor(asked.processes, initializer=be_quiet) as pool:
        for runs in ROUNDS:
            todo = [n for n in chosen if 0 <= begun[n] < asked.most]
            work = partial(_search, first=asked.first_planted, most=asked.most, runs=runs, until_s=until_s)
            for n, one in zip(todo, pool.map(work, todo, [begun[n] for n in todo]), strict=True):
                if one is not None:
                    begun[n] = -1 if one.seeds is not None else one.tried
                    _tell_detection(one, is_recorded=asked.record)
    return int(any(state >= 0 for state in begun.values()))


def _search(number: int, begin: int, *, first: int, most: int, runs: int, until_s: float) -> Detection | None:
    """None where the time is over."""
    return search(number, first, most, begin, runs) if time.monotonic() < until_s else None


def _tell_detection(one: Detection, *, is_recorded: bool) -> None:
    print(one, flush=True)
    if is_recorded:
        record(one)


def _again(seed: int, *, shrink: bool) -> int:
    plan = draw(seed)
    if shrink:
        plan, tries = shrunk(plan)
        print(f"seed {seed}: {len(draw(seed).faults)} faults shrunk to {len(plan.faults)} in {tries} runs")
    return show(plan)


def _same(first: int, wanted: int, processes: int) -> int:
    """Each seed in two processes, whose texts hash differently."""
    seeds = range(first, first + wanted)
    spawn = get_context("spawn")  # a fork would inherit how texts hash
    with ProcessPoolExecutor(processes, spawn, be_quiet) as one:
        left = list(one.map(run_seed, seeds))
    with ProcessPoolExecutor(processes, spawn, be_quiet) as other:
        right = list(other.map(run_seed, reversed(seeds)))[::-1]
    equal = sum(x.digest == y.digest for x, y in zip(left, right, strict=True))
    differing = [x.seed for x, y in zip(left, right, strict=True) if x.digest != y.digest]
    print(
        f"same bytes of journal and wire: {equal} of {wanted}, {len({x.digest for x in left})} distinct {differing or ''}"
    )
    print(f"digest of all: {_digest_of(left)}, Python {sys.version.split()[0]}")
    return int(equal != wanted)


def _same_as(kept: Path, first: int, wanted: int, processes: int) -> int:
    """Each seed once, here and in the process that wrote the file."""
    seeds = range(first, first + wanted)
    known = dict(json.loads(kept.read_text(encoding="utf-8"))) if kept.exists() else {}
    with ProcessPoolExecutor(processes, get_context("spawn"), be_quiet) as pool:
        runs = []
        for run in pool.map(run_seed, seeds):
            runs.append(run)
            print(f"\r{len(runs)} of {wanted}", end="", file=sys.stderr, flush=True)
    python = sys.version.split()[0]
    print(f"digest of all: {_digest_of(runs)}, Python {python}")
    if not known:
        kept.write_text(
            json.dumps({"python": python, **{str(x.seed): x.digest for x in runs}}), encoding="utf-8"
        )
        return 0
    differing = [x.seed for x in runs if known.get(str(x.seed)) != x.digest]
    equal = wanted - len(differing)
    print(
        f"same bytes of journal and wire as Python {known['python']}: {equal} of {wanted} {differing or ''}"
    )
    return int(bool(differing))


def _digest_of(runs: list[Run]) -> str:
    return hashlib.sha256("".join(run.digest for run in runs).encode()).hexdigest()[:16]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
