"""``make bench``: every reach beside its figure. python -m benchmarks [PART...] [--keep]; exit code 1 where one is missed.

Times are of the processor or ratios within the run; how busy the machine was is told. ``--keep`` stores the results as JSON
in ``benchmarks/results`` and draws ``docs/benchmarks.md``; of some parts alone, it renews these in the day's last run.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks import (
    age,
    burst,
    daemon,
    disk,
    entry_path,
    exit_path,
    gateway,
    process,
    results,
    slow_consumer,
    width,
)
from benchmarks.figures import Figure
from benchmarks.years import Years
from bot.journal.store import JOURNAL_FILE

PARTS: dict[str, Callable[[], Iterator[Figure]]] = {
    "width": width.figures,
    "burst": burst.figures,
    "slow_consumer": slow_consumer.figures,
    "disk": disk.figures,
    "entry_path": entry_path.figures,
    "exit_path": exit_path.figures,
    "daemon": daemon.figures,
    "process": process.figures,
    "gateway": gateway.figures,
}
AGE = "age"


def _age(sessions: int, old: Path | None, console: Console) -> Iterator[Figure]:
    room = Path("/dev/shm")  # noqa: S108  memory: what is measured is not the disk
    with tempfile.TemporaryDirectory(dir=room if room.is_dir() else None) as folder:
        young = _journal(Path(folder) / "young", 1)
        if old is None:
            console.print(f"writing a journal of {sessions} sessions …", style="dim")
            old = _journal(Path(folder) / "old", sessions)
        yield from age.figures(young, old)


def _journal(directory: Path, sessions: int) -> Path:
    years = Years(directory / JOURNAL_FILE)
    with closing(years.journal):
        years.write(sessions)
    return directory


def _shown(figures: Iterable[Figure], console: Console) -> Iterator[Figure]:
    for figure in figures:
        console.print(f"{figure.name}: {figure.value:.3f} {figure.unit}", style="dim", highlight=False)
        yield figure


def table(figures: Iterable[Figure]) -> Table:
    shown = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for name in ("what", "figure", "reach", "", "note"):
        shown.add_column(name, justify="right" if name in ("figure", "reach") else "left")
    for x in figures:
        verdict = "" if x.reach is None else "yes" if x.is_reached else "MISSED"
        shown.add_row(x.name, f"{x.value:.3g} {x.unit}".strip(), x.reach_text, verdict, x.note)
    return shown


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join((AGE, *PARTS))}; all")
    parser.add_argument(
        "--sessions", type=int, default=1260, help="the old journal's trading days, 252 a year"
    )
    parser.add_argument(
        "--old", type=Path, help="such a journal's directory, written by benchmarks.years before"
    )
    parser.add_argument("--keep", action="store_true", help="store the results, renew docs/benchmarks.md")
    return parser


def main(arguments: list[str]) -> int:
    parser = _parser()
    asked = parser.parse_args(arguments)
    if unknown := [name for name in asked.parts if name not in (AGE, *PARTS)]:
        parser.error(f"no part {', '.join(unknown)}; there are {', '.join((AGE, *PARTS))}")
    console, began_s, found = Console(), time.monotonic(), dict[str, results.Part]()
    parts = {AGE: lambda: _age(asked.sessions, asked.old, console), **PARTS}
    for name in asked.parts or parts:
        load = os.getloadavg()[0]
        figures = tuple(_shown(parts[name](), console))
        found[name] = results.Part(datetime.now(UTC), max(load, os.getloadavg()[0]), figures)
    machine = f"{os.cpu_count()} processors {platform.machine()}, CPython {platform.python_version()}"
    all_figures = [figure for part in found.values() for figure in part.figures]
    console.print(table(all_figures))
    load = max(part.load for part in found.values())
    console.print(f"{machine}, load {load:.1f}; took {time.monotonic() - began_s:.0f} s")
    if asked.keep:
        results.keep(found, machine, asked.sessions)
    return 0 if all(x.is_reached for x in all_figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
