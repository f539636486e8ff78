"""The file of a sweep's results: a first line that says whose they are, and a line a combination, on disk as soon as it is known.

Rule: one sweep at a time adds to a file, and a trial depends on nothing but what the first line stands for: then whatever was
killed, the same command goes on and ends with the same table.
"""

from __future__ import annotations

import errno
import fcntl
import io
import json
import os
import zlib
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

from bot.backtest.sweep.build import build_mark
from bot.backtest.sweep.parcel import stored_files
from bot.backtest.sweep.space import Changes
from bot.backtest.sweep.trial import Job, Trial, as_row, from_row
from bot.domain.errors import FixTheMachine, StopTheOther

_CHECK: Final = "check"
"""The last part of a line: a sum over the rest, as a line that was changed by hand may read well."""

_FULL: Final = "; what is in it stays: make room, and run the same command again"


class Results:
    """What a file holds of a job, and what is added to it. The file is opened, and locked, when something is to be added."""

    def __init__(self, path: Path, job: Job) -> None:
        """Raises FixTheMachine for the file of another sweep, or of no sweep."""
        self.path, self._head = path, _head(job)
        self._file: io.FileIO | None = None
        self.known = _trials(path, _content(path), self._head)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def begin(self) -> None:
        """Be the one who adds; a second time is of no effect. StopTheOther where there is one, FixTheMachine where nobody can."""
        if self._file is not None:
            return
        try:
            file = io.FileIO(self.path, "a+")
        except OSError as error:
            raise self._trouble(error) from None
        try:
            # Not flock: a worker that outlives its killed sweep by a moment would go on holding it.
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise StopTheOther(
                f"another sweep is adding to {self.path}; wait until it has ended, or name another with --results"
            ) from None
        self._file = file
        self._go_on(file)

    def _go_on(self, file: io.FileIO) -> None:
        """From what the file holds now: another sweep may have ended since it was read. A torn line is cut off."""
        file.seek(0)
        content = file.readall()
        self.known = _trials(self.path, content, self._head)
        whole = content.rpartition(b"\n")
        if whole[2]:
            os.truncate(file.fileno(), len(whole[0]) + len(whole[1]))
        if not whole[1]:
            self._write(self._head)

    def add(self, trial: Trial) -> None:
        """Keep a trial. FixTheMachine where the disk does not take it."""
        row = json.dumps(as_row(trial))
        self._write(f'{row[:-1]}, "{_CHECK}": {zlib.crc32(row.encode())}}}\n')
        self.known[trial.changes] = trial

    def _write(self, line: str) -> None:
        if self._file is None:
            raise ValueError("begin() comes first")
        data = line.encode()
        try:
            written = self._file.write(data)
        except OSError as error:
            raise self._trouble(error, _FULL) from None
        if written < len(data):
            raise self._trouble(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), _FULL)

    def _trouble(self, error: OSError, remedy: str = "") -> FixTheMachine:
        return FixTheMachine(f"--results {self.path}: {error.strerror}{remedy}")


def mark(job: Job) -> str:
    """What all trials of a file have in common, as one short text: days, equity, data, the other settings, the build."""
    told = {name: value for name, value in asdict(job).items() if name != "variables"}
    # What files say, not where they lie: they may have been changed since.
    told["config"] = None if job.config is None else sha256(job.config.read_bytes()).hexdigest()
    told["data"] = [(name, sha256(path.read_bytes()).hexdigest()) for name, path in stored_files(job)]
    own = sorted(pair for pair in job.variables if "__" in pair[0] or pair[0] in ("MODE", "SYMBOLS"))
    return sha256(json.dumps([told, own, build_mark()], default=str, sort_keys=True).encode()).hexdigest()[
        :16
    ]


def _head(job: Job) -> str:
    return json.dumps({"sweep": mark(job)}) + "\n"


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes() if path.exists() else b""
    except OSError as error:
        raise FixTheMachine(f"--results {path}: {error.strerror}; name a file") from None


def _trials(path: Path, content: bytes, own_head: str) -> dict[Changes, Trial]:
    """What a file holds; a last line that was cut off is passed over. FixTheMachine for the file of another sweep."""
    whole, newline, torn = content.decode(errors="replace").rpartition("\n")
    if not newline:
        if not own_head.startswith(torn):
            raise FixTheMachine(f"{path}: not a sweep's results; name another file")
        return {}
    head, *lines = whole.split("\n")
    _check_head(path, head, own_head)
    found: dict[Changes, Trial] = {}
    for n, line in enumerate(lines):
        try:
            trial = _trial(line)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise FixTheMachine(
                f"{path}, line {n + 2}: not as a sweep wrote it; remove the line, or name another file"
            ) from None
        found[trial.changes] = trial
    return found


def _trial(line: str) -> Trial:
    row = json.loads(line)
    said = row.pop(_CHECK)
    if zlib.crc32(json.dumps(row).encode()) != said:
        raise ValueError(_CHECK)
    return from_row(row)


def _check_head(path: Path, head: str, own_head: str) -> None:
    if head + "\n" == own_head:
        return
    if head.startswith('{"sweep"'):
        raise FixTheMachine(
            f"{path} holds a sweep over other days, data or settings, or of another build; name another with --results"
        )
    raise FixTheMachine(f"{path}, line 1: not a sweep's results; name another file")
