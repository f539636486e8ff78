"""A sweep ends with the same table however often it is stopped; what it found is judged by what was tried."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from contextlib import closing
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
from bot.backtest.sweep.results import Results
from bot.backtest.sweep.space import Changes, draw, grid, read_axis
from bot.backtest.sweep.table import heat_map, judge_sweep, refused_table, sweep_table, without_effect
from bot.backtest.sweep.trial import Job, Trial, run_trial
from bot.backtest.sweep.walk_forward import walk_forward
from bot.backtest.sweep.workers import TrialSeen, crew_of, run_sweep
from bot.domain.errors import FixTheCommand, FixTheMachine, RestartTheLine
from bot.domain.market import Bar
from bot.strategies.base import Reason
from bot.strategies.scalp import Scalp

KNOWN = ("strategies.scalp.fast_ema", "risk.take_profit_pct")
DAY = date(2015, 12, 24)
JOB = Job(
    None, (("BROKER__TRADING", "simulated"),), None, ("GOOG",), DAY, DAY, Decimal(50_000), 1, False, "resume"
)
WANTED = grid([("strategies.scalp.fast_ema", ("5", "8", "30"))])


def nobody(_: Trial) -> None:
    """Looks away."""


def swept_into(
    path: Path,
    wanted: Sequence[Changes] = WANTED,
    workers: int = 1,
    scheduler: str = "",
    progress: TrialSeen = nobody,
) -> list[Trial]:
    with Results(path, JOB) as results, closing(crew_of(JOB, workers, scheduler)) as crew:
        return run_sweep(wanted, results, crew, progress)


def known_in(path: Path) -> dict[Changes, Trial]:
    return Results(path, JOB).known


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Trial]]:
    results = tmp_path_factory.mktemp("sweep") / "sweep.jsonl"
    return results, swept_into(results)


def end_workers(_: Trial) -> None:
    for worker in multiprocessing.active_children():
        worker.kill()


def test_a_sweep_whose_worker_was_ended_says_so_in_a_line_and_keeps_what_it_has(tmp_path: Path) -> None:
    wanted = grid([("strategies.scalp.fast_ema", ("5", "8", "30")), ("risk.take_profit_pct", ("0.3", "0.5"))])

    with pytest.raises(FixTheMachine, match="a worker process of the sweep was killed"):
        swept_into(tmp_path / "sweep.jsonl", wanted, 2, progress=end_workers)

    assert 1 <= len(known_in(tmp_path / "sweep.jsonl")) < len(wanted)


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
        "risk.take_profit_pct=nan:1:1",
        "risk.take_profit_pct=1:2:nan",
        "risk.take_profit_pct=1:inf:1",
        "risk.take_profit_pct=,",
    ],
)
def test_a_wrong_axis_costs_one_line(text: str) -> None:
    with pytest.raises(FixTheCommand) as refused:
        read_axis(text, KNOWN)

    assert text.split("=")[0] in f"{refused.value}"


@pytest.mark.parametrize(
    ("values", "read"),
    [
        ("5,8,5.0,05,+5", ("5", "8")),
        ("0.1:0.3:0.10", ("0.10", "0.20", "0.30")),
        ("true,TRUE,1,no,0", ("true", "no")),
        ("[45, 70],[40,65]", ("[45, 70]", "[40,65]")),
        ("23:45,23:50", ("23:45", "23:50")),
        (" atm , otm ,", ("atm", "otm")),
        ("nan,NaN", ("nan", "NaN")),
    ],
)
def test_an_axis_has_each_value_once_however_it_is_written(values: str, read: tuple[str, ...]) -> None:
    assert read_axis(f"risk.take_profit_pct={values}", KNOWN) == ("risk.take_profit_pct", read)


def test_too_many_to_draw_from_cost_one_line() -> None:
    many = tuple(f"{n}" for n in range(100_000))

    assert len(draw([("a", many), ("b", many)], 3, seed=1)) == 3
    with pytest.raises(FixTheCommand, match="--draw 100,001 of"):
        draw([("a", many), ("b", many)], 100_001, seed=1)
    with pytest.raises(FixTheCommand, match="--draw 1 of"):
        draw([(key, many) for key in "abcd"], 1, seed=1)


def test_a_setting_that_made_no_difference_is_named() -> None:
    def played(a: str, b: str, returns: tuple[float, ...]) -> Trial:
        return Trial((("a", a), ("b", b)), ("1", "2"), returns)

    alike = [played("1", "1", (0.1, 0.2)), played("1", "2", (0.1, 0.2)), played("2", "1", (0.3, 0.2))]

    assert without_effect(judge_sweep(alike, 0.0)) == ("b",)
    assert without_effect(judge_sweep([*alike, played("2", "2", (0.3, 0.1))], 0.0)) == ()
    assert without_effect(judge_sweep([alike[0], played("2", "2", (0.1, 0.2))], 0.0)) == ()
    assert without_effect(judge_sweep([], 0.0)) == ()


def test_what_the_settings_refuse_is_a_trial_with_its_reason(finished: tuple[Path, list[Trial]]) -> None:
    _, trials = finished

    assert [bool(x.error) for x in trials] == [False, False, True]
    assert "30 (from --grid)" in trials[2].error
    table = refused_table(judge_sweep(trials, 0.3), 5)
    assert table is not None
    assert table.rows == (("30", trials[2].error),)
    assert [len(x.returns) for x in trials] == [1, 1, 0]


def test_a_killed_sweep_goes_on_and_ends_with_the_same_table(
    finished: tuple[Path, list[Trial]], tmp_path: Path
) -> None:
    results, trials = finished
    half = tmp_path / "half.jsonl"
    lines = results.read_text().splitlines()
    half.write_text("\n".join(lines[:2]) + "\n" + lines[2][:20])

    known = known_in(half)
    again = swept_into(half)

    assert len(known) == 1
    assert again == trials
    # What was half written is gone: the file is whole, and nothing is run a third time.
    assert known_in(half) == {x.changes: x for x in trials}


def test_a_sweep_that_was_killed_in_its_first_line_begins_again(
    finished: tuple[Path, list[Trial]], tmp_path: Path
) -> None:
    torn = tmp_path / "torn.jsonl"
    torn.write_text('{"swe')

    assert swept_into(torn, WANTED[1:]) == finished[1][1:]
    assert len(known_in(torn)) == 2


@pytest.mark.slow
def test_processes_of_their_own_give_the_same_trials(
    finished: tuple[Path, list[Trial]], tmp_path: Path
) -> None:
    _, trials = finished

    assert swept_into(tmp_path / "sweep.jsonl", workers=2) == trials


def test_a_search_s_rounds_are_played_by_the_same_processes(tmp_path: Path) -> None:
    rounds = [grid([("strategies.scalp.fast_ema", values)]) for values in (("30",), ("5", "8"), ("6", "9"))]
    before, seen = {*multiprocessing.active_children()}, list[set[int | None]]()

    def look(_: Trial) -> None:
        seen[-1] |= {x.pid for x in {*multiprocessing.active_children()} - before}

    with Results(tmp_path / "sweep.jsonl", JOB) as results, closing(crew_of(JOB, 2, "")) as crew:
        for some in rounds:
            seen.append(set())
            run_sweep(some, results, crew, look)

    assert [len(pids) for pids in seen] == [1, 2, 2]
    assert seen[1] == seen[2]
    assert {*multiprocessing.active_children()} == before


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
        found = swept_into(tmp_path / "sweep.jsonl", scheduler=cluster.scheduler_address)

    assert found == trials


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_cluster_that_is_gone_in_the_middle_is_a_line_and_what_was_found_is_kept(
    finished: tuple[Path, list[Trial]], tmp_path: Path
) -> None:
    distributed = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
    results, cluster = (
        tmp_path / "sweep.jsonl",
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"),
    )

    with pytest.raises(FixTheMachine, match=r"--scheduler tcp.*what was found is kept"):
        swept_into(results, scheduler=cluster.scheduler_address, progress=lambda _: cluster.close())

    assert 1 <= len(known_in(results)) < len(WANTED)
    assert swept_into(results) == finished[1]


@pytest.mark.parametrize(
    "scheduler", ["127.0.0.1:8786", "tcp://127.0.0.1", "tcp://:8786", "foo://x:1", "tcp://x:y"]
)
def test_what_is_no_scheduler_s_address_is_refused(tmp_path: Path, scheduler: str) -> None:
    with pytest.raises(FixTheCommand, match="tcp://HOST:PORT"):
        swept_into(tmp_path / "sweep.jsonl", scheduler=scheduler)


@pytest.mark.parametrize("text", ["my notes", "my notes\n", '{"sweep": 1}\nnotes\n', "\n"])
def test_a_file_that_is_no_sweep_s_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text(text)

    with pytest.raises(FixTheMachine, match="another"):
        swept_into(notes)
    assert notes.read_text() == text


def test_results_of_another_sweep_are_not_mixed_in(finished: tuple[Path, list[Trial]]) -> None:
    results, _ = finished
    other = Job(None, (), None, ("GOOG",), DAY, DAY, Decimal(10), 1, False, "resume")

    with pytest.raises(FixTheMachine, match="another with --results"):
        Results(results, other)


@pytest.mark.slow
def test_a_cluster_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(FixTheMachine, match="--scheduler"):
        swept_into(tmp_path / "sweep.jsonl", scheduler="tcp://127.0.0.1:1")


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


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "returns", [[], [0.1], [0.1] * 3, [0.0] * 9, [0.1, float("inf")], [0.1, float("nan")]]
)
def test_of_days_that_do_not_differ_no_ratio_is_known(returns: list[float]) -> None:
    assert daily_sharpe(np.array(returns)) is None


def test_what_never_traded_is_chosen_last_and_counts_as_tried() -> None:
    random = np.random.default_rng(5)
    losing = [trial(f"losing {n}", random.normal(-0.01, 0.01, 100)) for n in range(2)]
    idle = trial("idle", np.zeros(100))

    swept = judge_sweep([idle, *losing], 0.3)

    assert swept.ranked[-1] == idle
    assert swept.deflated is not None
    without = judge_sweep(losing, 0.3)
    assert swept.by_luck is not None
    assert without.by_luck is not None
    assert swept.by_luck > without.by_luck
    assert [x.chosen for x in walk_forward([idle, *losing], 1)] != [idle]


def test_a_trial_is_the_backtest_of_its_settings() -> None:
    one = run_trial(JOB, WANTED[1])

    assert one == run_trial(JOB, WANTED[1])
    assert one.days == ("2015-12-24",)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_strategy_that_fails_with_some_values_is_named_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    honest = Scalp.glance

    def glance(self: Scalp, bar: Bar, *, may_fire: bool = True) -> tuple[bool, Reason]:
        if self._parameters.fast_ema == 8:
            raise ZeroDivisionError
        return honest(self, bar, may_fire=may_fire)

    monkeypatch.setattr(Scalp, "glance", glance)

    with pytest.raises(RestartTheLine, match=r"^with strategies\.scalp\.fast_ema=8: strategy scalp failed"):
        swept_into(tmp_path / "sweep.jsonl", workers=workers)

    assert set(known_in(tmp_path / "sweep.jsonl")) <= {WANTED[0], WANTED[2]}
