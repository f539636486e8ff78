"""What the workers of a cluster need, sent to each of them once: the job, the settings file, the stored days.

Rule: nothing is read from where a worker happens to run, neither its folder nor its ``.env``.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Final

from bot.backtest.store.kinds import Kind
from bot.backtest.sweep.space import Changes
from bot.backtest.sweep.trial import Job, Trial, run_trial
from bot.config.load import plain_file

_opened: Final[dict[str, tuple[TemporaryDirectory[str], Job]]] = {}
"""By the name they were sent under, in this process; a folder goes with its last user."""
_one_at_a_time: Final = Lock()
"""A worker has as many threads as its machine has processors, unless it is told otherwise; a backtest knows of none."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """``settings`` is the settings file without its secrets; ``files`` are the store's by their path in it."""

    job: Job
    settings: str
    files: tuple[tuple[str, bytes], ...]


def pack(job: Job) -> Parcel:
    """A job with everything that it names."""
    settings = "" if job.config is None else plain_file(job.config)
    files = tuple((name, path.read_bytes()) for name, path in stored_files(job))
    return Parcel(job, settings, files)


def stored_files(job: Job) -> Iterator[tuple[str, Path]]:
    """The store's files that have a say, by their path in it."""
    if job.data is None:
        return
    for kind in Kind:
        for symbol in job.symbols:
            for path in sorted((job.data / kind / symbol).glob("[12]*.parquet")):
                # Later days have no say; earlier ones give the history that strategies begin with.
                if path.stem <= f"{job.last}":
                    yield str(path.relative_to(job.data)), path


def run_packed(name: str, packed: bytes, changes: Changes) -> Trial:
    """Play one combination with a pickled parcel, which is opened the first time that its name is heard."""
    with _one_at_a_time:
        if name not in _opened:
            _opened[name] = _open(pickle.loads(packed))  # noqa: S301  from who sends the work itself
        held = _opened[name]  # to the end, as who puts it away does not wait
        return run_trial(held[1], changes)


def put_away(name: str) -> None:
    """Its sweep has ended."""
    _opened.pop(name, None)


def _open(parcel: Parcel) -> tuple[TemporaryDirectory[str], Job]:
    folder = TemporaryDirectory(prefix="ibkr-bot-sweep-")
    root, job = Path(folder.name), parcel.job
    config = root / "settings.yaml"
    config.write_text(parcel.settings, encoding="utf-8")
    for name, content in parcel.files:
        path = root / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder, replace(job, config=config, data=None if job.data is None else root / "data")
