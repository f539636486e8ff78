"""Trials in processes of their own, or on an existing Dask cluster; each result is on disk as soon as it is known.

Rule: a sweep that was killed goes on where it was, and ends with the same table: a trial depends on nothing but its settings.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any, Final

from bot.backtest.sweep.parcel import pack, run_parcel
from bot.backtest.sweep.space import Changes
from bot.backtest.sweep.trial import Job, Trial, as_row, from_row, prepare, run_trial
from bot.domain.errors import FixTheMachine

TrialSeen = Callable[[Trial], None]
_LOOK_S: Final = 1.0
"""Between two looks of a worker whether its sweep still runs."""


def run_sweep(
    job: Job, wanted: Sequence[Changes], results: Path, workers: int, scheduler: str, progress: TrialSeen
) -> list[Trial]:
    """All trials in the order asked for; those that ``results`` holds already are not run again."""
    known = read_results(results, job)
    missing = [changes for changes in wanted if changes not in known]
    for changes in wanted:
        if changes in known:
            progress(known[changes])
    with _results_file(results, job) as out:
        for trial in _run(job, missing, workers, scheduler):
            out.write(json.dumps(as_row(trial)) + "\n")
            out.flush()
            known[trial.changes] = trial
            progress(trial)
    return [known[changes] for changes in wanted]


def _results_file(results: Path, job: Job) -> Any:
    try:
        _cut_torn_line(results)
        out = results.open("a", encoding="utf-8")
    except OSError as error:
        raise FixTheMachine(f"--results {results}: {error.strerror}") from None
    if not results.stat().st_size:
        out.write(_head(job))
        out.flush()
    return out


def _cut_torn_line(results: Path) -> None:
    """What a killed sweep had half written must not run into the next line."""
    if results.exists():
        whole = results.read_bytes().rpartition(b"\n")
        if whole[2]:
            os.truncate(results, len(whole[0]) + len(whole[1]))


def mark(job: Job) -> str:
    """What all trials of a file have in common, as one short text: days, equity, data, the other settings."""
    told = {name: value for name, value in asdict(job).items() if name != "variables"}
    # What the settings file says, not where it lies: it may have been changed since.
    told["config"] = None if job.config is None else sha256(job.config.read_bytes()).hexdigest()
    own = sorted(pair for pair in job.variables if "__" in pair[0] or pair[0] in ("MODE", "SYMBOLS"))
    return sha256(json.dumps([told, own], default=str, sort_keys=True).encode()).hexdigest()[:16]


def read_results(results: Path, job: Job) -> dict[Changes, Trial]:
    """What a file holds; a last line that was cut off is passed over. FixTheMachine for the file of another sweep."""
    if not results.exists():
        return {}
    whole, newline, torn = results.read_text(encoding="utf-8", errors="replace").rpartition("\n")
    if not newline:
        if not _head(job).startswith(torn):
            raise FixTheMachine(f"{results}: not a sweep's results; name another file")
        return {}
    head, *lines = whole.split("\n")
    _check_head(results, head, job)
    found: dict[Changes, Trial] = {}
    for n, line in enumerate(lines):
        try:
            trial = from_row(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise FixTheMachine(
                f"{results}, line {n + 2}: not a sweep's results; name another file"
            ) from None
        found[trial.changes] = trial
    return found


def _head(job: Job) -> str:
    return json.dumps({"sweep": mark(job)}) + "\n"


def _check_head(results: Path, head: str, job: Job) -> None:
    if head + "\n" == _head(job):
        return
    if head.startswith('{"sweep"'):
        raise FixTheMachine(
            f"{results} holds a sweep over other days, data or settings; name another with --results"
        )
    raise FixTheMachine(f"{results}, line 1: not a sweep's results; name another file")


def _run(job: Job, wanted: Sequence[Changes], workers: int, scheduler: str) -> Iterator[Trial]:
    if scheduler:
        yield from _on_dask(job, wanted, scheduler)
    elif workers == 1:
        yield from (run_trial(job, changes) for changes in wanted)
    elif wanted:
        prepare(job)
        with ProcessPoolExecutor(
            min(workers, len(wanted)), initializer=_begin, initargs=(job, os.getpid())
        ) as pool:
            futures = [pool.submit(_run_own, changes) for changes in wanted]
            try:
                yield from (future.result() for future in as_completed(futures))
            except BrokenProcessPool:
                raise FixTheMachine(
                    "a worker process of the sweep was killed (out of memory?); run the same command again to go on from there"
                ) from None


_own: Final[list[Job]] = []
"""The job of this worker process, which it was given at its start."""


def _begin(job: Job, parent: int) -> None:
    os.nice(10)  # a sweep must not make a bot on the same machine wait
    Thread(target=_end_with, args=(parent,), daemon=True).start()
    _own.append(job)


def _end_with(parent: int) -> None:
    """A worker whose sweep was killed would wait for its next combination for ever."""
    while os.getppid() == parent:
        time.sleep(_LOOK_S)
    os._exit(1)


def _run_own(changes: Changes) -> Trial:
    return run_trial(_own[0], changes)


def _on_dask(job: Job, wanted: Sequence[Changes], scheduler: str) -> Iterator[Trial]:
    try:
        distributed = import_module("distributed")
    except ModuleNotFoundError:
        raise FixTheMachine("--scheduler needs Dask: pip install 'ibkr-options-bot[cluster]'") from None
    try:
        client = distributed.Client(scheduler, timeout="10s")
    except (OSError, ValueError, TimeoutError) as error:
        raise FixTheMachine(f"--scheduler {scheduler}: {error or 'no answer'}") from None
    with client:
        if not client.scheduler_info()["workers"]:
            raise FixTheMachine(
                f"--scheduler {scheduler}: it has no workers; start some: dask worker {scheduler}"
            )
        parcel = client.scatter(pack(job), broadcast=True)
        futures = [client.submit(run_parcel, parcel, changes, pure=False) for changes in wanted]
        for future in distributed.as_completed(futures):
            yield _result(future)


def _result(future: Any) -> Trial:
    try:
        trial: Trial = future.result()
    except ModuleNotFoundError as error:
        raise FixTheMachine(
            f"--scheduler: its workers lack {error.name}; install ibkr-options-bot there"
        ) from None
    return trial
