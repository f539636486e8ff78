"""Many seeds and what they came to: failures, work of the oracle, coverage, speed; and the table and picture in docs/."""

from __future__ import annotations

import gc
import json
import logging
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from loguru import logger

from tests.simulation.coverage import Coverage, argued, nevers, wanted
from tests.simulation.swarm import draw
from tests.simulation.universe import simulate

DOCS = Path(__file__).parents[2] / "docs"
RECORD = DOCS / "simulation.json"
PAGE = DOCS / "simulation.md"
PICTURE = DOCS / "images" / "simulation.svg"
_BEGIN, _END = "<!-- generated: make simulate RECORD=1 -->", "<!-- end -->"
TRADING_YEAR_S = 252 * 6.5 * 3600
MUST_COMPARE = (
    "never net short",
    "an intent on disk before the order",
    "no intent twice",
    "no fill twice",
    "P&L equal",
    "protected",
    "bars are judged in calm",
    "a bar is the market's own",
    "trades again in calm, or is halted with a name",
)
"""A night that compared none of one of these proved nothing."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one seed came to, small enough to cross a process's border."""

    seed: int
    digest: str
    failures: tuple[str, ...]
    compared: dict[str, int]
    coverage: list[tuple[str, str, int]]
    virtual_s: float
    cpu_s: float
    trades: int
    lives: int


def be_quiet() -> None:
    """A night's millions of log lines are nobody's, and what was imported is never looked at by the collector again."""
    logger.remove()
    logging.disable(logging.CRITICAL)
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


def run_seed(seed: int, *, lean: bool = False, is_hasty: bool = False) -> Run:
    began_s = time.process_time()
    done = simulate(draw(seed, lean=lean), is_hasty=is_hasty)
    cpu_s = time.process_time() - began_s
    found = done.verdict
    return Run(
        seed,
        done.digest,
        tuple(done.failures),
        dict(found.compared),
        done.coverage.rows(),
        done.virtual_s,
        cpu_s,
        done.trades,
        done.lives,
    )


@dataclass
class Night:
    """``close`` turns a rule that compared nothing into a failure."""

    began: datetime
    first: int
    runs: int = 0
    failed: list[int] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    compared: Counter[str] = field(default_factory=Counter)
    coverage: Coverage = field(default_factory=Coverage)
    cpu: list[float] = field(default_factory=list)
    virtual_s: float = 0.0
    trades: int = 0
    lives: int = 0
    wall_s: float = 0.0

    def add(self, run: Run) -> None:
        self.runs += 1
        if run.failures:
            self.failed.append(run.seed)
            self.words.append(f"{run.seed}: {run.failures[0]}")
        self.compared.update(run.compared)
        self.coverage.add(run.coverage)
        self.cpu.append(run.cpu_s)
        self.virtual_s += run.virtual_s
        self.trades += run.trades
        self.lives += run.lives

    def close(self) -> None:
        nothing = [rule for rule in MUST_COMPARE if not self.compared[rule]]
        if nothing and self.runs >= 20:
            self.failed.append(-1)
            self.words.append(f"the oracle compared nothing by: {', '.join(nothing)}")

    @property
    def figures(self) -> dict[str, Any]:
        cpu_s = sum(self.cpu) or 1.0
        reached = {what: len(all_) - len(nevers(self.coverage)[what]) for what, all_ in wanted().items()}
        return {
            "began": self.began.isoformat(timespec="minutes"),
            "first_seed": self.first,
            "runs": self.runs,
            "failed": len(self.failed),
            "lives": self.lives,
            "trades": self.trades,
            "compared": sum(self.compared.values()),
            "cpu_s_a_run": round(median(self.cpu), 2) if self.cpu else None,
            "trading_years_a_cpu_hour": round(self.virtual_s / TRADING_YEAR_S / (cpu_s / 3600), 2),
            "reached": {what: f"{count} of {len(wanted()[what])}" for what, count in reached.items()},
            "rules": dict(sorted(self.compared.items())),
            "nevers": nevers(self.coverage),
        }

    def summary(self) -> str:
        figures = self.figures
        lines = [
            f"{self.runs} runs from seed {self.first}, {len(self.failed)} failed",
            f"{self.lives} lives, {self.trades} trades closed",
            f"compared {figures['compared']}; {figures['trading_years_a_cpu_hour']} trading years an hour of CPU",
            f"median {figures['cpu_s_a_run']} s of CPU a run",
            "reached: " + ", ".join(f"{what} {count}" for what, count in figures["reached"].items()),
            *(f"  {words[:300]}" for words in self.words[:20]),
        ]
        return "\n".join(lines)

    def record(self) -> None:
        """Add this night to the record, and write page and picture from it."""
        nights = json.loads(RECORD.read_text()) if RECORD.exists() else []
        nights.append(self.figures)
        RECORD.write_text(json.dumps(nights, indent=1) + "\n")
        write_page(nights)


def put(begin: str, words: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(_END)
    PAGE.write_text(f"{before}{begin}\n{words}\n{_END}{after}", encoding="utf-8")


def write_page(nights: list[dict[str, Any]]) -> None:
    put(_BEGIN, _tables(nights))
    _draw(nights)


def _tables(nights: list[dict[str, Any]]) -> str:
    last = nights[-1]
    rows = [
        "| "
        + " | ".join(
            str(x[key]) for key in ("began", "runs", "failed", "lives", "trades", "compared", "cpu_s_a_run")
        )
        + " |"
        for x in nights[-30:]
    ]
    covered = [_covered(what, count, last["nevers"][what]) for what, count in last["reached"].items()]
    rules = [f"| {rule} | {count} |" for rule, count in last["rules"].items()]
    return "\n".join(
        [
            "| began (UTC) | seeds | failed | lives | trades | compared | CPU s a run |",
            "|---|--:|--:|--:|--:|--:|--:|",
            *rows,
            "",
            "What the last of them reached:",
            "",
            "| | reached | never, and nothing speaks against it | never, since |",
            "|---|--:|---|---|",
            *covered,
            "",
            "What its oracle compared:",
            "",
            "| rule | times |",
            "|---|--:|",
            *rules,
        ]
    )


def _covered(what: str, count: str, never: list[str]) -> str:
    """A row: what was never reached, apart where there is a reason."""
    reasons = {name: why for name in never if (why := argued(what, name))}
    grouped = Counter(reasons.values())
    why = "; ".join(f"{number} {words}" for words, number in sorted(grouped.items()))
    return f"| {what} | {count} | {_listed([x for x in never if x not in reasons])} | {why} |"


def _listed(names: list[str]) -> str:
    return ", ".join(names[:40]) + (f" and {len(names) - 40} more" if len(names) > 40 else "")


def _draw(nights: list[dict[str, Any]]) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3))
    axes = figure.subplots()
    labels = [one["began"][5:16] for one in nights[-30:]]
    axes.bar(labels, [one["runs"] for one in nights[-30:]], label="seeds")
    axes.bar(labels, [one["failed"] for one in nights[-30:]], label="failed")
    axes.set_ylabel("seeds")
    axes.tick_params(axis="x", rotation=60)
    axes.legend()
    figure.tight_layout()
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, metadata={"Date": None})
