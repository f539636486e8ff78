"""Trials in processes of their own, or on an existing Dask cluster; each result is on disk as soon as it is known."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from typing import Final, Protocol

from bot.backtest.sweep.cluster import OnCluster
from bot.backtest.sweep.results import Results
from bot.backtest.sweep.space import Changes
from bot.backtest.sweep.trial import Job, Trial, prepare, run_trial
from bot.backtest.worker import begin_worker, deaf_to_ctrl_c, processors
from bot.domain.errors import FixTheMachine

TrialSeen = Callable[[Trial], None]


class Crew(Protocol):
    """Who plays the trials of a sweep, for as many rounds as it has."""

    def __call__(self, wanted: Sequence[Changes]) -> Generator[Trial]:
        """Trials as they come, in any order."""

    def close(self) -> None:
        """No more rounds."""


def crew_of(job: Job, workers: int, scheduler: str, tell: Callable[[str], None] = lambda _: None) -> Crew:
    """Processes of their own (``workers`` 0: one a processor), or a cluster.

    ``tell``: told in a line what is wrong with a worker there. FixTheCommand for a scheduler that is no address.
    """
    return OnCluster(job, scheduler, tell) if scheduler else _Here(job, workers or processors())


def run_sweep(wanted: Sequence[Changes], results: Results, crew: Crew, progress: TrialSeen) -> list[Trial]:
    """All trials in the order asked for; those that ``results`` holds are not run again. ``progress``: told of each that is."""
    if any(changes not in results.known for changes in wanted):
        results.begin()
    missing = [changes for changes in wanted if changes not in results.known]
    if missing:
        with closing(crew(missing)) as found:
            for trial in found:
                results.add(trial)
                progress(trial)
    return [results.known[changes] for changes in wanted]


class _Here:
    """The processes are made for the first round and kept to the last, or each would read the days again for every round."""

    def __init__(self, job: Job, workers: int) -> None:
        self._job, self._workers = job, workers
        self._size = 0
        self._pool: ProcessPoolExecutor | None = None
        self._others = set[multiprocessing.process.BaseProcess]()

    def __call__(self, wanted: Sequence[Changes]) -> Generator[Trial]:
        if self._workers == 1:
            yield from (run_trial(self._job, changes) for changes in wanted)
            return
        pool = self._pool_of(min(self._workers, len(wanted)))
        try:
            yield from (future.result() for future in as_completed(_submitted(pool, wanted)))
        except BrokenProcessPool:
            raise FixTheMachine(
                "a worker process of the sweep was killed (out of memory?); run the same command again to go on from there"
            ) from None
        except BaseException:
            # Whoever stops a sweep does not wait for what its workers are at: it is tried again.
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in {*multiprocessing.active_children()} - self._others:
                worker.kill()
            raise

    def _pool_of(self, size: int) -> ProcessPoolExecutor:
        """The one there is, unless it is too small: the first round of a search that goes on may be what is left of one."""
        if self._pool is None or self._size < size:
            self.close()
            prepare(self._job)
            self._size, self._others = size, {*multiprocessing.active_children()}
            self._pool = ProcessPoolExecutor(size, initializer=_begin, initargs=(self._job,))
        return self._pool

    def close(self) -> None:
        """Wait until the processes have ended."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown()


def _submitted(pool: ProcessPoolExecutor, wanted: Sequence[Changes]) -> list[Future[Trial]]:
    with deaf_to_ctrl_c():
        return [pool.submit(_run_own, changes) for changes in wanted]


_own: Final[list[Job]] = []
"""The job of this worker process, which it was given at its start."""


def _begin(job: Job) -> None:
    begin_worker()
    os.nice(10)  # a sweep must not make a bot on the same machine wait
    _own.append(job)


def _run_own(changes: Changes) -> Trial:
    return run_trial(_own[0], changes)
