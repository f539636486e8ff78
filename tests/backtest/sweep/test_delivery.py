"""A cluster's workers are sent the data once a sweep: not once a round, nor from each other, and one that joins or starts again
is sent them once, too.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from bot.backtest.sweep.parcel import pack
from bot.backtest.sweep.results import Results
from bot.backtest.sweep.space import Changes, grid
from bot.backtest.sweep.workers import crew_of, run_sweep
from tests.backtest.sweep.test_parcel import stored_day
from tests.backtest.sweep.test_sweep import JOB, nobody

distributed: Any = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
from bot.backtest.sweep.delivery import delivery, name_for  # noqa: E402  only with the extra

PADDING = 4_000_000
"""Bytes that nothing makes smaller, so that a parcel stands out from all that is said besides."""


@contextmanager
def counted_bytes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """What client and scheduler, which are both in this process, write to anybody."""
    kind: Any = distributed.comm.tcp.TCP
    written, plain = list[int](), kind.write

    async def write(self: Any, *given: Any, **named: Any) -> Any:
        size = await plain(self, *given, **named)
        written.append(size)
        return size

    with monkeypatch.context() as patched:
        patched.setattr(kind, "write", write)
        yield written


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_data_go_to_each_worker_once_a_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = stored_day(tmp_path / "data")
    # A file of an earlier year, which would give a strategy its history; no day of it is played.
    (data / "options_1m" / "GOOG").mkdir(parents=True)
    (data / "options_1m" / "GOOG" / "1999.parquet").write_bytes(os.urandom(PADDING))
    job = replace(JOB, data=data)
    parcel = len(pickle.dumps(pack(job)))
    rounds = [grid([("strategies.scalp.fast_ema", (f"{n}", f"{n + 1}"))]) for n in (3, 5, 7, 9)]
    assert parcel > PADDING
    with (
        counted_bytes(monkeypatch) as written,
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        Results(tmp_path / "sweep.jsonl", job) as results,
        closing(crew_of(job, 1, cluster.scheduler_address)) as crew,
        distributed.Client(cluster.scheduler_address, set_as_default=False) as client,
    ):

        def parcels() -> float:
            return sum(written) / parcel

        def played(some: tuple[Changes, ...]) -> None:
            assert [x.error for x in run_sweep(some, results, crew, nobody)] == ["", ""]

        played(rounds[0])
        assert 3 <= parcels() < 3.5  # to the scheduler, and from there to both
        played(rounds[1])
        assert parcels() < 3.5
        cluster.scale(3)
        client.wait_for_workers(3)
        played(rounds[2])
        assert 4 <= parcels() < 4.5
        client.restart_workers([*client.scheduler_info()["workers"]][:1])
        client.wait_for_workers(3)
        played(rounds[3])
        assert 5 <= parcels() < 5.5
        asked_of_each_other = client.run(lambda dask_worker: dask_worker.state.transfer_incoming_count_total)
        assert {*asked_of_each_other.values()} == {0}
        crew.close()
        assert not [x for x in cluster.scheduler.worker_plugins if x.startswith("ibkr-bot")]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_sweep_that_ends_takes_no_other_sweep_s_data_be_they_the_same(tmp_path: Path) -> None:
    rounds = [grid([("strategies.scalp.fast_ema", (f"{n}",))]) for n in (3, 5)]
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        Results(tmp_path / "one.jsonl", JOB) as ones,
        Results(tmp_path / "two.jsonl", JOB) as others,
        closing(crew_of(JOB, 1, cluster.scheduler_address)) as one,
        closing(crew_of(JOB, 1, cluster.scheduler_address)) as other,
    ):
        run_sweep(rounds[0], ones, one, nobody)
        run_sweep(rounds[0], others, other, nobody)
        one.close()

        assert [x.error for x in run_sweep(rounds[1], others, other, nobody)] == [""]
        assert ones.known.items() <= others.known.items()


KILLED = """
import os, sys
from tests.backtest.sweep.test_delivery import *
crew = crew_of(JOB, 1, sys.argv[1])
next(crew(grid([("strategies.scalp.fast_ema", ("3", "5"))])))
os._exit(1)
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_a_killed_sweep_sent_to_the_scheduler_goes_with_it() -> None:
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        scheduler, seen = cluster.scheduler, list[str]()
        gone, plugins = Event(), scheduler.worker_plugins

        class Watcher(distributed.SchedulerPlugin):  # type: ignore[misc]
            """Is told that a client is gone, and asks again until its data are, too."""

            def add_client(self, scheduler: Any, client: str) -> None:
                seen.append(client)

            def remove_client(self, scheduler: Any, client: str) -> None:
                self.look()

            def look(self) -> None:
                if any(x.startswith("ibkr-bot") for x in plugins):
                    scheduler.loop.call_later(0.05, self.look)
                elif seen:
                    gone.set()

        scheduler.loop.add_callback(scheduler.add_plugin, Watcher(), name="a test")
        subprocess.run((sys.executable, "-c", KILLED, cluster.scheduler_address), check=False)

        assert gone.wait(60)
        assert seen
        assert not [x for x in scheduler.plugins if x.startswith("ibkr-bot")]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_a_killed_sweep_left_on_a_scheduler_that_did_not_see_it_goes_when_the_next_begins(
    tmp_path: Path,
) -> None:
    some = grid([("strategies.scalp.fast_ema", ("3",))])
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
    ) as cluster:

        def left() -> set[str]:
            return {x for x in cluster.scheduler.worker_plugins if x.startswith("ibkr-bot")}

        with distributed.Client(cluster.scheduler_address, set_as_default=False) as other:
            other.register_plugin(delivery(name_for("of-long-ago"), b""))
        before = left()
        with (
            Results(tmp_path / "sweep.jsonl", JOB) as results,
            closing(crew_of(JOB, 1, cluster.scheduler_address)) as crew,
        ):
            run_sweep(some, results, crew, nobody)
            meanwhile = left()

        assert len(before) == len(meanwhile) == 1
        assert before != meanwhile
        assert not left()
