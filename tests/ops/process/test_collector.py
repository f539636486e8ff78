"""No full pass of the garbage collector falls into a session."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.ops.process.collector import QuietCollector

BEFORE_OPEN = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
NOON = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
EVENING = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)


@pytest.fixture
def collector() -> Iterator[QuietCollector]:
    made = QuietCollector()
    yield made
    made.end()
    gc.freeze()  # what was collected for the other tests, as before


def test_nothing_is_collected_before_the_line_stands(collector: QuietCollector) -> None:
    assert not collector.beat(BEFORE_OPEN, is_settled=False)
    assert collector.beat(BEFORE_OPEN, is_settled=True)


def test_full_passes_wait_for_the_close(collector: QuietCollector) -> None:
    collector.beat(BEFORE_OPEN, is_settled=True)
    assert not collector.beat(NOON, is_settled=True)
    assert collector.beat(EVENING, is_settled=True)
    assert not collector.beat(EVENING + timedelta(minutes=59), is_settled=True)
    assert collector.beat(EVENING + timedelta(minutes=60), is_settled=True)


def test_a_million_objects_in_a_session_bring_no_full_pass(collector: QuietCollector) -> None:
    collector.beat(BEFORE_OPEN, is_settled=True)
    before = gc.get_stats()[2]["collections"]
    for _ in range(200):
        kept = [[n] for n in range(5_000)]
        kept.append(kept)  # type: ignore[arg-type]  # a circle, which only the collector ends
    assert gc.get_stats()[2]["collections"] == before


def test_the_end_gives_back_what_python_does_by_itself(collector: QuietCollector) -> None:
    usual = gc.get_threshold()
    collector.beat(BEFORE_OPEN, is_settled=True)
    collector.end()
    assert gc.get_threshold() == usual
    assert gc.get_freeze_count() == 0
