"""``make bench``: every reach beside its figure. python -m benchmarks [--sessions N] [--keep]; exit code 1 where one is missed.

Times are of the processor or ratios within the run; how busy the machine was is told. ``--keep`` stores the results as JSON
in ``benchmarks/results`` and draws ``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks import age, burst, daemon, disk, exit_path, gateway, process, results, slow_consumer, width
from benchmarks.figures import Figure
from benchmarks.years import Years
from bot.journal.store import JOURNAL_FILE


def _figures(sessions: int, old: Path | None, console: Console) -> Iterator[Figure]:
    room = Path("/dev/shm")  # noqa: S108  memory: what is measured is not the disk
    with tempfile.TemporaryDirectory(dir=room if room.is_dir() else None) as folder:
        young = _journal(Path(folder) / "young", 1)
        if old is None:
            console.print(f"writing a journal of {sessions} sessions …", style="dim")
            old = _journal(Path(folder) / "old", sessions)
        parts = (width, burst, slow_consumer, disk, exit_path, daemon, process, gateway)
        for part in (age.figures(young, old), *(x.figures() for x in parts)):
            yield from _shown(part, console)


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


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--sessions", type=int, default=1260, help="the old journal's trading days, 252 a year"
    )
    parser.add_argument(
        "--old", type=Path, help="such a journal's directory, written by benchmarks.years before"
    )
    parser.add_argument("--keep", action="store_true", help="store the results, renew docs/benchmarks.md")
    asked = parser.parse_args(arguments)
    console, load, began_s = Console(), os.getloadavg()[0], time.monotonic()
    found = list(_figures(asked.sessions, asked.old, console))
    load = max(load, os.getloadavg()[0])
    machine = f"{os.cpu_count()} processors {platform.machine()}, CPython {platform.python_version()}, load {load:.1f}"
    console.print(table(found))
    console.print(f"{machine}; {asked.sessions} sessions; took {time.monotonic() - began_s:.0f} s")
    if asked.keep:
        results.keep(found, datetime.now(UTC), machine, asked.sessions)
    return 0 if all(x.is_reached for x in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
