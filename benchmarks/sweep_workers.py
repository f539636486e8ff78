"""How much of two processors a sweep turns into trials: in processes of its own, and on a Dask cluster's workers.

``python -m benchmarks.sweep_workers`` plays the same settings over a made-up month in one process and by two workers, in turn,
and prints JSON. ``cpu`` is the processor's time of one process over that of all processes together: what start, pickling and a
second set of caches cost, whatever else the machine does. ``wall`` is the time over twice the time, and says something on an
idle machine only.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

from bot.backtest.sweep.results import Results
from bot.backtest.sweep.space import grid
from bot.backtest.sweep.trial import Job, prepare
from bot.backtest.sweep.workers import crew_of, run_sweep

JOB = Job(
    None, (("BROKER__TRADING", "simulated"),), None, ("SPY",), date(2025, 1, 2), date(2025, 1, 31), Decimal(50_000),
    1, True, "resume",
)  # fmt: skip
AXES = [("risk.take_profit_pct", ("0.3", "0.4", "0.5")), ("strategies.scalp.fast_ema", ("5", "6", "7", "8"))]
PAIRS = 2
Cost = tuple[float, float]
"""Seconds of all processors, seconds of the wall."""


def cost(workers: int, scheduler: str, others_s: Callable[[], float]) -> Cost:
    """One sweep of all settings from an empty file, in a process that has nothing in its caches yet but what all share."""
    began_s, cpu_s = time.monotonic(), others_s()
    with (
        tempfile.TemporaryDirectory() as folder,
        Results(Path(folder) / "sweep.jsonl", JOB) as results,
        closing(crew_of(JOB, workers, scheduler)) as crew,
    ):
        run_sweep(grid(AXES), results, crew, lambda _: None)
    return others_s() - cpu_s, time.monotonic() - began_s


def of_children_s() -> float:
    """This process and all that it waited for."""
    parts = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in parts)


def begun(workers: int) -> Callable[[], Cost]:
    """The same in a fork, so that no sweep finds what the one before it kept; whoever calls the answer waits for it."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        os.write(writer, json.dumps(cost(workers, "", of_children_s)).encode())
        os._exit(0)
    os.close(writer)

    def ended() -> Cost:
        with os.fdopen(reader) as told:
            cpu_s, wall_s = json.loads(told.read())
        os.waitpid(pid, 0)
        return cpu_s, wall_s

    return ended


def in_a_child(workers: int) -> Cost:
    return begun(workers)()


def strangers() -> Cost:
    """Two sweeps of one process each beside one another, the half of both: what the machine takes for two, whoever they are."""
    cpu_s, wall_s = zip(*(ended() for ended in [begun(1), begun(1)]), strict=True)
    return sum(cpu_s) / 2, max(wall_s) / 2


@contextmanager
def cluster() -> Iterator[Any]:
    """Two workers of one thread each, on this machine."""
    distributed = import_module("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "host": "127.0.0.1"}
    with distributed.LocalCluster(**options) as made, distributed.Client(made) as client:
        client.run(prepare, JOB)
        yield made, client


def on_cluster() -> Cost:
    """On workers that have been started: a cluster is there before a sweep is."""
    with cluster() as (made, client):

        def all_s() -> float:
            return time.process_time() + float(sum(client.run(time.process_time).values()))

        return cost(1, made.scheduler_address, all_s)


def efficiency(two: Callable[[], Cost]) -> dict[str, float]:
    """Medians over pairs in turn."""
    pairs = [(in_a_child(1), two()) for _ in range(PAIRS)]
    return {
        "one_cpu_s": median(one[0] for one, _ in pairs),
        "two_cpu_s": median(both[0] for _, both in pairs),
        "cpu": median(one[0] / both[0] for one, both in pairs),
        "wall": median(one[1] / (2 * both[1]) for one, both in pairs),
    }


def main() -> None:
    prepare(JOB)
    found = {"processes": efficiency(lambda: in_a_child(2)), "strangers": efficiency(strangers)}
    try:
        found["dask"] = efficiency(on_cluster)
    except ModuleNotFoundError:
        sys.stderr.write("no Dask here: pip install 'ibkr-options-bot[cluster]'\n")
    rounded = {name: {key: round(value, 3) for key, value in one.items()} for name, one in found.items()}
    sys.stdout.write(json.dumps(rounded) + "\n")


if __name__ == "__main__":
    main()
