"""The backtest's part of ``make bench``: every must beside its figure. Exit code 1 where one is missed.

``python -m benchmarks.backtest [--keep]``: each part is a process of its own that prints JSON. ``--keep`` stores the run in
``benchmarks/results/backtest`` and renews its table in ``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from rich.console import Console

from benchmarks.__main__ import table
from benchmarks.figures import Figure
from benchmarks.peers.__main__ import ENVIRONMENT, install
from benchmarks.peers.__main__ import figures as peers
from benchmarks.results import PAGE, RESULTS, table_lines

PARTS: Final = ("benchmarks.bench_backtest", "benchmarks.length", "benchmarks.sweep_workers")
BEGIN, END = "<!-- begin of the backtest -->", "<!-- end of the backtest -->"
REACHES: Final = {
    "fast_bars_per_s": ("fast, three recorded days", "bars/s", 50_000, True),
    "exact_bars_per_s": ("exact, the same days", "bars/s", 3_000, True),
    "exact_aged_to_young": ("exact, an aged line ÷ a fresh one, speed", "×", 0.95, True),
    "year_bars_per_s": ("fast, a made-up year", "bars/s", 50_000, True),
    "command_wall_s": ("the same year, from command to table, at its three spreads", "s", 6, False),
    "command_mib": ("the same command, most memory", "MiB", 300, False),
    "year_late_to_early": ("fast, seconds a trade: July to December ÷ February to June", "×", 1.05, False),
    "processes.cpu": ("sweep, efficiency of two processes", "×", 0.93, True),
    "strangers.cpu": (
        "two sweeps that share nothing, beside one another: what this machine takes",
        "×",
        None,
        True,
    ),
    "dask.cpu": ("sweep, efficiency of two Dask workers", "×", 0.85, True),
    "sweep_1000_min": ("sweep of 1,000 settings × a year, from the two above", "min", 20, False),
}
"""A part's key: what it is, its unit, the must, whether that is a floor."""


def measured(module: str) -> dict[str, float]:
    """Every figure that a part prints."""
    command = [sys.executable, "-m", module]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603  our own module
    found: dict[str, float] = {}
    for line in said.splitlines():
        found.update(_flat(json.loads(line)))
    return found


def _flat(said: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """A part of several ways tells each under its name: ``dask.cpu``."""
    for name, value in said.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{key}", one) for key, one in value.items())
        else:
            yield name, value


def figures_of(found: dict[str, float]) -> Iterator[Figure]:
    """What has a must, in the order of ``REACHES``; bars and trades of both lines as the note of the length."""
    known = dict(found)
    if {"year_cpu_s", "processes.cpu"} <= known.keys():
        known["sweep_1000_min"] = known["year_cpu_s"] * 1_000 / 2 / known["processes.cpu"] / 60
    aged = (
        f"{known.get('aged_bars', 0):,.0f} bars old; single days {known.get('least')} to {known.get('most')}"
    )
    notes: dict[str, Any] = {
        "exact_aged_to_young": aged,
        "year_bars_per_s": f"{known.get('year_trades', 0):,.0f} trades, {known.get('year_cpu_s', 0):.0f} s of the processor",
    }
    for key, (name, unit, reach, is_floor) in REACHES.items():
        if key in known:
            yield Figure(name, known[key], unit, reach, notes.get(key, ""), is_floor)


def keep(found: list[Figure], at: datetime, machine: str) -> None:
    """Store one run and show it."""
    folder = RESULTS / "backtest"
    folder.mkdir(parents=True, exist_ok=True)
    run = {"at": at.isoformat(timespec="seconds"), "machine": machine, "figures": [asdict(x) for x in found]}
    (folder / f"{at:%Y-%m-%dT%H%M}.json").write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    shown = "\n".join([f"{run['at']} UTC, {machine}.", "", *table_lines(found)])
    PAGE.write_text(f"{head}{BEGIN}\n\n{shown}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.backtest", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="store the results, renew docs/benchmarks.md")
    asked = parser.parse_args(arguments)
    console, load, known = Console(), os.getloadavg()[0], dict[str, float]()
    for module in PARTS:
        console.print(f"{module} …", style="dim")
        known.update(measured(module))
    found = [*figures_of(known), *peers(install(ENVIRONMENT))]
    load = max(load, os.getloadavg()[0])
    machine = f"{os.cpu_count()} processors {platform.machine()}, CPython {platform.python_version()}, load {load:.1f}"
    console.print(table(found))
    console.print(machine)
    if asked.keep:
        keep(found, datetime.now(UTC), machine)
    return 0 if all(x.is_reached for x in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
