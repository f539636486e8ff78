"""The table of many backtests: what is resampled, and that a stopped run is not played again."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from docs import years
from docs.years import DaySums, Played


def played(symbol: str, seed: int, pnl: float) -> Played:
    sums = (DaySums("2025-01-02", "scalp", 4, 1, pnl, 2.0), DaySums("2025-01-03", "whale", 1, 1, 10.0, 1.0))
    return Played(symbol, seed, ("2025-01-02", "2025-01-03"), sums, 0.02, 50_000 + pnl)


EVERYTHING = [
    *(played(symbol, 0, -40.0) for symbol in years.BUNDLED),
    *(played("SPY", seed, -10.0 * seed) for seed in years.SEEDS),
]


def test_what_the_rows_hold_is_not_played_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = tmp_path / "years.jsonl"
    rows.write_text("".join(json.dumps(asdict(one)) + "\n" for one in reversed(EVERYTHING)), encoding="utf-8")
    monkeypatch.setattr(years, "play", None)

    assert years.play_missing(rows, 1) == EVERYTHING


def test_days_are_drawn_for_the_bundle_and_whole_years_for_the_made_up() -> None:
    table = years.as_markdown(EVERYTHING)

    scalp = next(line for line in table.splitlines() if line.startswith("| 6 bundled days | scalp |"))
    assert "| 12 | 25.0%" in scalp
    assert "-10.00" in scalp
    made_up = next(line for line in table.splitlines() if line.startswith("| 20 made-up years | scalp |"))
    assert "-200 … -10" in made_up
    whale = next(line for line in table.splitlines() if line.startswith("| 20 made-up years | whale |"))
    assert "+10.00 (+10.00 … +10.00)" in whale
    assert "seeds 1 to 20" in table
    assert "2.0% of the price" in table


def test_what_was_played_alone_makes_a_table_that_names_its_seeds(tmp_path: Path) -> None:
    rows = tmp_path / "years.jsonl"
    some = [one for one in EVERYTHING if one.seed not in (4, 5)]
    rows.write_text("".join(json.dumps(asdict(one)) + "\n" for one in reversed(some)), encoding="utf-8")

    table = years.as_markdown(years.as_played(rows))

    assert years.as_played(rows) == some
    assert "| 18 made-up years | scalp |" in table
    assert "seeds 1, 2, 3, 6, 7" in table


def test_an_interval_holds_the_figure_and_is_unknown_where_there_is_nothing_to_draw() -> None:
    units = np.array([[1, 0, float(n), 0] for n in range(20)])

    found = years.interval(units, lambda drawn: float(drawn[:, 2].mean()))

    assert found is not None
    assert found[0] < 9.5 < found[1]
    assert years.interval(units, lambda _: float("nan")) is None


def test_the_document_keeps_what_stands_around_the_table() -> None:
    text = f"before\n{years.BEGIN}\nold\n{years.END}\nafter\n"

    assert years.renewed(text, "new") == f"before\n{years.BEGIN}\n\nnew\n{years.END}\nafter\n"
