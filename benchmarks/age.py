"""What age costs: a start, a rebuilt line, a snapshot and ``why`` on a journal of years, against one of a day.

``python -m benchmarks.age DIRECTORY`` measures one journal in this process and prints JSON. Times are of the processor, so
that a busy machine does not count; the table in ``docs/benchmarks.md`` has the medians of pairs that were run in turn.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.figures import PEAK, Figure, child_cpu_s, peak_mib, ratio

AT = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
PAIRS = 5
WITHIN = 1.10
"""The reach: after five years at most a tenth more than on the first day."""
COMMANDS = {"why_s": ("why", "SPY", "10:31", "--state"), "report_s": ("report", "--state")}
"""What a person asks the journal."""


def measure(directory: Path) -> dict[str, float]:
    """Seconds of the processor for each part, MiB resident at the end; this process does nothing else."""
    from bot.config import load_settings

    settings = load_settings(None, {"SYMBOLS": "SPY"}, Path("none"))
    imported_s = time.process_time()
    rows, machines = _start(directory, settings)
    started_s = time.process_time()
    _start(directory, settings)
    rebuilt_s = time.process_time()
    return {
        "start_s": started_s,
        "rebuild_s": rebuilt_s - started_s,
        "reading_s": started_s - imported_s,
        "snapshot_ms": hear_snapshots(machines, 300),
        "rows": rows,
        "mib": eval(PEAK),  # noqa: S307  ours
    }


def _start(directory: Path, settings: Any) -> tuple[int, dict[str, Any]]:
    """The start path as far as it reads the journal: the whole of what its age can change."""
    import bot.broker.ibkr  # noqa: F401  what a bot carries
    from bot.assembly.machines import make_machines
    from bot.journal.recover import open_journal, order_id_floor, restore_state
    from bot.journal.store import JOURNAL_FILE
    from bot.ops.alerts.events import REMEMBERED, Alerts
    from bot.ops.status.status_builder import StatusBuilder
    from bot.wiring import BOARD

    journal, repair = open_journal(directory / JOURNAL_FILE, lambda: AT)
    with closing(journal):
        if repair is not None:
            raise SystemExit(f"{repair}")
        machines = {**make_machines(settings, 1.0), BOARD: StatusBuilder(("SPY",))}
        Alerts(lambda _: None).catch_up(row.message for row in journal.living(REMEMBERED))
        rows = restore_state(journal, machines)
        order_id_floor(journal)
    return rows, machines


def hear_snapshots(machines: dict[str, Any], count: int) -> float:
    """Milliseconds, the median: what the books alone cost when both hear a snapshot with nothing in it."""
    from bot.domain.broker_messages import BrokerConnected, Snapshot, SnapshotTaken
    from bot.domain.messages import TimePassed
    from bot.domain.position import AccountValues
    from bot.wiring import EXECUTION, OCO_WATCHER

    pair = (machines[EXECUTION], machines[OCO_WATCHER])
    took_s = []
    for machine in pair:
        machine.handle(BrokerConnected(AT, "DU1", 1, 176, 1))
        machine.handle(TimePassed(AT))
    for n in range(count):
        at = AT + timedelta(seconds=n)
        taken = SnapshotTaken(Snapshot(at=at, account=AccountValues(account="DU1", at=at)), "bench", at)
        began_s = time.process_time()
        for machine in pair:
            machine.handle(taken)
        took_s.append(time.process_time() - began_s)
    return statistics.median(took_s) * 1000


def figures(young: Path, old: Path) -> Iterator[Figure]:
    """The old journal beside the young one, in turn, each in a process of its own."""
    parts: dict[str, list[tuple[float, float]]] = {}
    last: dict[str, float] = {}
    for _ in range(PAIRS):
        one, other = _measured(young), _measured(old)
        for name in other:
            parts.setdefault(name, []).append((one[name], other[name]))
        last = other
        for name, words in COMMANDS.items():
            one_s, other_s = (
                child_cpu_s([sys.executable, "-m", "bot", *words, str(at)]) for at in (young, old)
            )
            parts.setdefault(name, []).append((one_s, other_s))
    last |= {f"{name}_mib": peak_mib([*words, str(old)]) for name, words in COMMANDS.items()}
    years = f"{old.joinpath('journal.db').stat().st_size / 2**20:.0f} MiB, {last['rows']:.0f} rows remembered"
    names = {"start_s": "start", "rebuild_s": "line rebuilt", "snapshot_ms": "snapshot"}
    names |= {"why_s": "`why`", "report_s": "`report`"}
    for key, name in names.items():
        told = f"{statistics.median(b for _, b in parts[key]):.3f} {key.rpartition('_')[2]}; "
        told += f"{last[f'{key}_mib']:.0f} MiB at its most" if key in COMMANDS else years
        reach = None if key == "report_s" else WITHIN  # it tells the last day beside all days before
        yield Figure(f"{name}: five years ÷ day 1", ratio(parts[key]), "×", reach, told)
    yield Figure("memory: five years ÷ day 1", ratio(parts["mib"]), "×", WITHIN, f"{last['mib']:.0f} MiB")


def _measured(directory: Path) -> dict[str, float]:
    done = subprocess.run(  # noqa: S603  ours
        [sys.executable, "-m", "benchmarks.age", str(directory)], capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(Path(sys.argv[1]))) + "\n")
