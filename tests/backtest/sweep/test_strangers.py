"""A cluster's worker that has not this machine's build plays nothing, costs one line, and stops nobody who can."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

import bot
from bot.backtest.sweep.results import Results
from bot.backtest.sweep.space import grid
from bot.backtest.sweep.trial import Trial, run_trial
from bot.backtest.sweep.workers import crew_of, run_sweep
from bot.domain.errors import FixTheMachine
from tests.backtest.sweep.test_sweep import JOB, nobody

distributed: Any = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
WANTED = grid([("strategies.scalp.fast_ema", ("3", "5", "6", "8", "9", "30"))])


def without_package(folder: Path) -> Path:
    (folder / "bot").mkdir()
    (folder / "bot" / "__init__.py").touch()
    return folder


def of_another_build(folder: Path) -> Path:
    shutil.copytree(Path(bot.__file__).parent, folder / "bot", ignore=shutil.ignore_patterns("__pycache__"))
    with (folder / "bot" / "build.py").open("a") as file:
        file.write("# edited\n")
    return folder


@contextmanager
def cluster_of(workers: int) -> Iterator[Any]:
    with distributed.LocalCluster(
        n_workers=workers, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        yield cluster


@contextmanager
def stranger(cluster: Any, packages: Path) -> Iterator[None]:
    """A worker that finds its packages elsewhere, from when it has joined."""
    told = cluster.scheduler
    before = {*told.workers}
    command = (
        sys.executable,
        "-m",
        "distributed.cli.dask_worker",
        told.address,
        "--nthreads",
        "1",
        "--no-dashboard",
    )
    process = subprocess.Popen(
        command, cwd=packages, env={**os.environ, "PYTHONPATH": str(packages)}, stderr=subprocess.DEVNULL
    )
    try:
        with distributed.Client(told.address, set_as_default=False) as client:
            client.wait_for_workers(len(before) + 1)
        yield
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="module")
def played() -> list[Trial]:
    return [run_trial(JOB, changes) for changes in WANTED]


@pytest.mark.parametrize("kind", [without_package, of_another_build])
def test_a_worker_that_cannot_play_is_left_out_be_it_there_before_or_join_later(
    tmp_path: Path, kind: Any, played: list[Trial]
) -> None:
    said, packages = list[str](), kind(tmp_path)
    with (
        cluster_of(1) as cluster,
        Results(tmp_path / "joined.jsonl", JOB) as results,
        closing(crew_of(JOB, 1, cluster.scheduler_address, said.append)) as crew,
    ):
        found = run_sweep(WANTED[:1], results, crew, nobody)
        with stranger(cluster, packages):
            found += run_sweep(WANTED[1:], results, crew, nobody)
            assert found == played
            with (
                Results(tmp_path / "there.jsonl", JOB) as there,
                closing(crew_of(JOB, 1, cluster.scheduler_address, said.append)) as later,
            ):
                assert run_sweep(WANTED, there, later, nobody) == played

    assert len(said) == 2
    assert all("is left out: it" in line and "ibkr-options-bot" in line for line in said)
    assert not any("\n" in line for line in said)


def test_where_nobody_can_play_a_line_says_so(tmp_path: Path) -> None:
    with (
        cluster_of(0) as cluster,
        stranger(cluster, without_package(tmp_path)),
        Results(tmp_path / "sweep.jsonl", JOB) as results,
        closing(crew_of(JOB, 1, cluster.scheduler_address)) as crew,
        pytest.raises(FixTheMachine, match=r"none of its workers can play.*No module named.*install"),
    ):
        run_sweep(WANTED, results, crew, nobody)
