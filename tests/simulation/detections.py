"""What is known of the planted faults: how many seeds each took, kept from one night to the next; and its table in docs/."""

from __future__ import annotations

import json
from statistics import median
from typing import Any, Final

from tests.simulation.night import DOCS, put
from tests.simulation.plant_table import PLANTS, UNPLANTED, Plant
from tests.simulation.planted import Detection

RECORD: Final = DOCS / "simulation-planted.json"
_MARK: Final = "<!-- generated: python -m tests.simulation --planted --record -->"


def tried(plant: Plant) -> int:
    """How many seeds were asked already; -1 where one has found it."""
    one = _known().get(plant.words)
    if one is None:
        return 0
    return -1 if one["seeds"] is not None else int(one["tried"])


def record(found: Detection) -> None:
    """Add to what is known, and write the table."""
    known = _known()
    runs = found.runs + known.get(found.words, {}).get("runs", 0)
    by = found.said.partition(":")[0]
    row = {"row": found.row, "seeds": found.seeds, "tried": found.tried, "runs": runs, "by": by}
    known = known | {found.words: row}
    kept = {plant.words: known[plant.words] for plant in PLANTS if plant.words in known}
    RECORD.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    put(_MARK, table(kept))


def _known() -> dict[str, Any]:
    return dict(json.loads(RECORD.read_text(encoding="utf-8"))) if RECORD.exists() else {}


def table(known: dict[str, Any]) -> str:
    rows = [_row(plant, known.get(plant.words)) for plant in PLANTS]
    took = sorted(one["seeds"] for one in known.values() if one["seeds"] is not None)
    middle = f"; median of those {median(took):g} seeds, at most {took[-1]}" if took else ""
    left = [f"- {row}: {why}." for row, why in UNPLANTED.items()]
    head = ["| row | fault | seeds | found by |", "|---|---|--:|---|"]
    said = f"Found: {len(took)} of {len(PLANTS)}{middle}."
    return "\n".join([*head, *rows, "", said, "", "Not planted, and why:", "", *left])


def _row(plant: Plant, one: dict[str, Any] | None) -> str:
    if one is None:
        return f"| {plant.row} | {plant.words} | not asked yet | |"
    seeds = one["seeds"] or f"not in {one['tried']}"
    return f"| {plant.row} | {plant.words} | {seeds} | {one['by']} |"
