"""What a timer's command leaves for Prometheus."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.domain.errors import FixTheMachine
from bot.domain.session import NEW_YORK
from bot.ops.metrics.textfile import COMPARISON_FAMILIES, ComparisonRun, leave_for_prometheus


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


def run(text: str, differences: int = 0) -> ComparisonRun:
    return ComparisonRun("replay", at(text), 2.5, 397, differences)


def told(path: Path) -> dict[str, float]:
    samples = (x for family in text_string_to_metric_families(path.read_text()) for x in family.samples)
    return {x.name: x.value for x in samples if x.labels == {"command": "replay"}}


def test_the_file_has_every_figure_and_the_newest_run_alone(tmp_path: Path) -> None:
    path = tmp_path / "replay.prom"
    leave_for_prometheus(path, run("2026-11-19 18:31"))
    leave_for_prometheus(path, run("2026-11-20 18:31", differences=3))

    found = told(path)
    assert set(found) == COMPARISON_FAMILIES
    assert found["ibkr_comparison_differences"] == 3
    assert found["ibkr_comparison_compared"] == 397
    assert found["ibkr_comparison_duration_seconds"] == 2.5
    assert found["ibkr_comparison_last_run_timestamp_seconds"] == at("2026-11-20 18:31").timestamp()
    assert path.stat().st_mode & 0o777 == 0o644, "the exporter is another user"
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize(
    ("ended", "due"),
    [
        ("2026-11-18 18:31", "2026-11-20 16:00"),
        ("2026-11-18 06:31", "2026-11-19 16:00"),
        ("2026-11-20 18:31", "2026-11-24 16:00"),
        ("2026-11-25 18:31", "2026-11-28 13:00"),  # Thanksgiving, and half a day behind it
    ],
)
def test_the_next_is_due_a_day_after_the_next_close(ended: str, due: str) -> None:
    assert run(ended).due == at(due)
    assert run(ended).due - run(ended).at > timedelta(hours=24)


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(FixTheMachine, match=r"--textfile .*nowhere"):
        leave_for_prometheus(tmp_path / "nowhere" / "replay.prom", run("2026-11-20 18:31"))
