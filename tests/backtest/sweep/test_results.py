"""A file of results is added to by one sweep at a time, belongs to what it was made of, and is not believed when changed."""

from __future__ import annotations

import fcntl
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.backtest.sweep.results import Results, mark
from bot.backtest.sweep.trial import Trial
from bot.domain.errors import FixTheMachine, StopTheOther
from tests.backtest.sweep.test_parcel import stored_day
from tests.backtest.sweep.test_sweep import JOB, WANTED, known_in

TRIAL = Trial(WANTED[0], ("2015-12-24",), (0.0125,), 3, 625.0)
ADDING = """
import sys
from pathlib import Path
from bot.backtest.sweep.results import Results
from tests.backtest.sweep.test_results import JOB, TRIAL
with Results(Path(sys.argv[1]), JOB) as results:
    results.begin()
    results.add(TRIAL)
    print("added", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_sweep(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has added a trial, and is not done."""
    other = subprocess.Popen(
        (sys.executable, "-c", ADDING, str(path)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == "added\n"
        yield other
        other.kill()


def test_a_second_sweep_is_stopped_until_the_first_is_gone_however_it_went(tmp_path: Path) -> None:
    path = tmp_path / "sweep.jsonl"
    with another_sweep(path) as other:
        with Results(path, JOB) as results:
            with pytest.raises(StopTheOther, match="another sweep is adding"):
                results.begin()
            # What is known is shown all the same.
            assert results.known == {TRIAL.changes: TRIAL}
        other.kill()
        other.wait()
        with Results(path, JOB) as results:
            results.begin()
            results.add(replace(TRIAL, changes=WANTED[1]))

    assert [*known_in(path)] == [*WANTED[:2]]


def test_what_another_sweep_found_meanwhile_is_known_when_this_one_begins(tmp_path: Path) -> None:
    path = tmp_path / "sweep.jsonl"
    with Results(path, JOB) as late:
        with Results(path, JOB) as early:
            early.begin()
            early.add(TRIAL)
        late.begin()

        assert late.known == {TRIAL.changes: TRIAL}


def written(path: Path) -> str:
    with Results(path, JOB) as results:
        results.begin()
        results.add(TRIAL)
    return path.read_text()


@pytest.mark.parametrize(
    ("old", "new"), [("0.0125", "0.0225"), ('"5"', '"6"'), ("625.0", "NaN"), ("[0", "[1, 0")]
)
def test_a_line_that_was_changed_by_hand_is_named(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "sweep.jsonl"
    path.write_text(written(path).replace(old, new, 1))

    with pytest.raises(FixTheMachine, match="line 2"):
        Results(path, JOB)


def test_a_full_disk_is_a_line_and_what_was_written_before_stays(tmp_path: Path) -> None:
    path = tmp_path / "sweep.jsonl"
    size = len(written(path))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Results(path, JOB) as results:
        results.begin()
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, hard))
        try:
            with pytest.raises(FixTheMachine, match=r"--results .* make room"):
                results.add(replace(TRIAL, changes=WANTED[1]))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.stat().st_size == size + 10

    with Results(path, JOB) as results:
        results.begin()
        assert results.known == {TRIAL.changes: TRIAL}
    assert path.stat().st_size == size


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(FixTheMachine, match="name a file"):
        Results(tmp_path, JOB)


def test_other_days_in_the_store_are_another_sweep_and_the_same_ones_elsewhere_are_not(
    tmp_path: Path,
) -> None:
    here = replace(JOB, data=stored_day(tmp_path / "data"))
    there = replace(JOB, data=stored_day(tmp_path / "moved"))
    before = mark(here)

    assert mark(there) == before
    for file in (tmp_path / "data").rglob("*.parquet"):
        file.write_bytes(file.read_bytes() + b"x")
    assert mark(here) != before


def test_another_build_is_another_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    before = mark(JOB)
    monkeypatch.setattr("bot.backtest.sweep.results.build_mark", lambda: "edited")

    assert mark(JOB) != before


REFUSED = Trial(WANTED[2], error="too long")
OTHER = replace(JOB, seed=2)


def test_a_sweep_of_which_nothing_was_played_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "sweep.jsonl"
    for found in ([], [REFUSED]):
        with Results(path, JOB) as results:
            results.begin()
            for trial in found:
                results.add(trial)
        assert not path.exists()


def test_a_sweep_that_was_killed_before_anything_was_played_holds_no_file(tmp_path: Path) -> None:
    path = tmp_path / "sweep.jsonl"
    with Results(path, JOB) as results:
        results.begin()
        results.add(REFUSED)
        killed = path.read_bytes()
    for n in range(len(killed) + 1):
        path.write_bytes(killed[:n])
        with Results(path, OTHER) as results:
            assert results.known == {}
            results.begin()
            results.add(TRIAL)
        assert Results(path, OTHER).known == {TRIAL.changes: TRIAL}


def test_what_another_sweep_has_played_stays_its_own_and_so_does_a_file_of_nobody(tmp_path: Path) -> None:
    path = tmp_path / "sweep.jsonl"
    content = written(path)

    with pytest.raises(FixTheMachine, match="other days"):
        Results(path, OTHER)
    assert path.read_text() == content
    path.write_text("")
    with Results(path, JOB) as results:
        results.begin()
    assert path.exists()


def test_who_waits_for_a_file_that_is_taken_away_makes_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, lock, times = tmp_path / "sweep.jsonl", fcntl.lockf, [1, 2]

    def taken_away_before(*given: Any) -> None:
        if times.pop() == 2:
            path.unlink()
        lock(*given)

    monkeypatch.setattr("fcntl.lockf", taken_away_before)
    with Results(path, JOB) as results:
        results.begin()
        results.add(TRIAL)

    assert [*known_in(path)] == [TRIAL.changes]
