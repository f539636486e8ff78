"""A sweep ends with the same table however often it is stopped; what it found is judged by what was tried."""

from __future__ import annotations

import multiprocessing
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.backtest.sweep.overfit import (
    daily_sharpe,
    deflated_sharpe,
    expected_best,
    probability_of_overfitting,
)
from bot.backtest.sweep.space import draw, grid, read_axis
from bot.backtest.sweep.table import heat_map, judge_sweep, sweep_table
from bot.backtest.sweep.trial import Job, Trial, run_trial
from bot.backtest.sweep.workers import read_results, run_sweep
from bot.domain.errors import FixTheCommand, FixTheMachine

KNOWN = ("strategies.scalp.fast_ema", "risk.take_profit_pct")
DAY = date(2015, 12, 24)
JOB = Job(
    None, (("BROKER__TRADING", "simulated"),), None, ("GOOG",), DAY, DAY, Decimal(50_000), 1, False, "resume"
)
WANTED = grid([("strategies.scalp.fast_ema", ("5", "8", "30"))])


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Trial]]:
    results = tmp_path_factory.mktemp("sweep") / "sweep.jsonl"
    return results, run_sweep(JOB, WANTED, results, 1, "", lambda _: None)


def end_workers(_: Trial) -> None:
    for worker in multiprocessing.active_children():
        worker.kill()


def test_a_sweep_whose_worker_was_ended_says_so_in_a_line_and_keeps_what_it_has(tmp_path: Path) -> None:
    wanted = grid([("strategies.scalp.fast_ema", ("5", "8", "30")), ("risk.take_profit_pct", ("0.3", "0.5"))])

    with pytest.raises(FixTheMachine, match="a worker process of the sweep was killed"):
        run_sweep(JOB, wanted, tmp_path / "sweep.jsonl", 2, "", end_workers)

    assert 1 <= len(read_results(tmp_path / "sweep.jsonl", JOB)) < len(wanted)


def test_a_grid_is_every_combination_and_a_draw_some_of_them() -> None:
    axes = [
        read_axis("strategies.scalp.fast_ema=5,8", KNOWN),
        read_axis("risk.take_profit_pct=0.2:0.4:0.1", KNOWN),
    ]

    everything = grid(axes)

    assert len(set(everything)) == 6
    assert set(draw(axes, 4, seed=1)) < set(everything)
    assert draw(axes, 4, seed=1) == draw(axes, 4, seed=1)
    assert set(draw(axes, 100, seed=2)) == set(everything)


@pytest.mark.parametrize(
    "text",
    [
        "fast=1,2",
        "risk.take_profit_pct",
        "risk.take_profit_pct=",
        "risk.take_profit_pct=1:0:1",
        "risk.take_profit_pct=a:b:c",
    ],
)
def test_a_wrong_axis_costs_one_line(text: str) -> None:
    with pytest.raises(FixTheCommand) as refused:
        read_axis(text, KNOWN)

    assert text.split("=")[0] in f"{refused.value}"


def test_what_the_settings_refuse_is_a_trial_with_its_reason(finished: tuple[Path, list[Trial]]) -> None:
    _, trials = finished

    assert [bool(x.error) for x in trials] == [False, False, True]
    assert "fast_ema" in trials[2].error
    assert [len(x.returns) for x in trials] == [1, 1, 0]


def test_a_killed_sweep_goes_on_and_ends_with_the_same_table(
    finished: tuple[Path, list[Trial]], tmp_path: Path
) -> None:
    results, trials = finished
    half = tmp_path / "half.jsonl"
    lines = results.read_text().splitlines()
    half.write_text("\n".join(lines[:2]) + "\n" + lines[2][:20])

    known = read_results(half, JOB)
    again = run_sweep(JOB, WANTED, half, 1, "", lambda _: None)

    assert len(known) == 1
    assert again == trials
    # What was half written is gone: the file is whole, and nothing is run a third time.
    assert read_results(half, JOB) == {x.changes: x for x in trials}


def test_a_sweep_that_was_killed_in_its_first_line_begins_again(
    finished: tuple[Path, list[Trial]], tmp_path: Path
) -> None:
    torn = tmp_path / "torn.jsonl"
    torn.write_text('{"swe')

    assert run_sweep(JOB, WANTED[2:], torn, 1, "", lambda _: None) == finished[1][2:]
    assert len(read_results(torn, JOB)) == 1


@pytest.mark.slow
def test_processes_of_their_own_give_the_same_trials(
    finished: tuple[Path, list[Trial]], tmp_path: Path
) -> None:
    _, trials = finished

    assert run_sweep(JOB, WANTED, tmp_path / "sweep.jsonl", 2, "", lambda _: None) == trials


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_cluster_of_two_workers_gives_the_same_trials(
    finished: tuple[Path, list[Trial]], tmp_path: Path
) -> None:
    distributed = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
    _, trials = finished
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        found = run_sweep(JOB, WANTED, tmp_path / "sweep.jsonl", 1, cluster.scheduler_address, lambda _: None)

    assert found == trials


@pytest.mark.parametrize("text", ["my notes", "my notes\n", '{"sweep": 1}\nnotes\n', "\n"])
def test_a_file_that_is_no_sweep_s_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text(text)

    with pytest.raises(FixTheMachine, match="another"):
        run_sweep(JOB, WANTED, notes, 1, "", lambda _: None)
    assert notes.read_text() == text


def test_results_of_another_sweep_are_not_mixed_in(finished: tuple[Path, list[Trial]]) -> None:
    results, _ = finished
    other = Job(None, (), None, ("GOOG",), DAY, DAY, Decimal(10), 1, False, "resume")

    with pytest.raises(FixTheMachine, match="another with --results"):
        read_results(results, other)


@pytest.mark.slow
def test_a_cluster_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(FixTheMachine, match="--scheduler"):
        run_sweep(JOB, WANTED, tmp_path / "sweep.jsonl", 1, "tcp://127.0.0.1:1", lambda _: None)


def trial(name: str, returns: np.ndarray) -> Trial:
    days = tuple(f"{n}" for n in range(len(returns)))
    return Trial((("a", name), ("b", "1")), days, tuple(map(float, returns)), 3, float(returns.sum()))


def test_the_best_is_chosen_by_the_first_days_alone() -> None:
    random = np.random.default_rng(5)
    noise = random.normal(0, 0.01, (2, 100))
    early = trial("early", np.r_[noise[0, :70] + 0.02, noise[0, 70:] - 0.05])
    late = trial("late", np.r_[noise[1, :70] - 0.01, noise[1, 70:] + 0.09])

    swept = judge_sweep([late, early], 0.3)

    assert [x.changes[0][1] for x in swept.ranked] == ["early", "late"]
    assert swept.split == 70
    first = sweep_table(swept, 5).rows[0]
    assert float(first[3]) > 0 > float(first[4])
    heat = heat_map(swept)
    assert heat is not None
    assert [row[0] for row in heat.rows] == ["early", "late"]


def test_luck_among_many_trials_is_called_luck_and_skill_is_not() -> None:
    random = np.random.default_rng(1)
    noise = random.normal(0, 0.01, (250, 60))
    skilled = noise.copy()
    skilled[:, 7] += 0.006

    lucky = judge_sweep([trial(f"{n}", noise[:, n]) for n in range(60)], 0.0)
    real = judge_sweep([trial(f"{n}", skilled[:, n]) for n in range(60)], 0.0)

    assert lucky.deflated is not None
    assert lucky.deflated < 0.95
    assert lucky.overfit is not None
    assert lucky.overfit > 0.25
    assert real.ranked[0].changes[0][1] == "7"
    assert real.deflated is not None
    assert real.deflated > 0.99
    assert real.overfit == 0


@given(st.integers(2, 200))
def test_more_trials_are_expected_to_find_more(n: int) -> None:
    spread = np.linspace(-1, 1, n)
    wider = np.linspace(-1, 1, 4 * n)

    # The spread of both is nearly the same; only how many there are differs.
    assert expected_best(wider) / wider.std(ddof=1) > expected_best(spread) / spread.std(ddof=1)


def test_nothing_is_claimed_of_a_few_days() -> None:
    assert deflated_sharpe(np.ones(5), np.ones(3)) is None
    assert probability_of_overfitting(np.ones((5, 3))) is None
    assert daily_sharpe(np.ones(9)) == 0


def test_a_trial_is_the_backtest_of_its_settings() -> None:
    one = run_trial(JOB, WANTED[1])

    assert one == run_trial(JOB, WANTED[1])
    assert one.days == ("2015-12-24",)
