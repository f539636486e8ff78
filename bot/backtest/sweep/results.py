"""The file of a sweep's results: a first line that says whose they are, and a line a combination, on disk as soon as it is known.

Rule: one sweep at a time adds to a file, and a trial depends on nothing but what the first line stands for: then whatever was
killed, the same command goes on and ends with the same table.

Rule: a file belongs to its days by what was played. Where nothing was (all values refused, no scheduler, killed before) it is
taken away at the end, and is anybody's where it could not be.
"""

from __future__ import annotations

import errno
import fcntl
import io
import json
import os
import re
import zlib
from collections.abc import Sequence
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

_HEAD: Final = re.compile(r'\{"sweep": "[0-9a-f]{16}"\}')
_TORN_HEAD: Final = re.compile(r'\{"sweep": "[0-9a-f]{0,16}"?\}?')

_UNREADABLE: Final = (ValueError, KeyError, TypeError, AttributeError)
_FULL: Final = "; what is in it stays: make room, and run the same command again"


class Results:
    """What a file holds of a job, and what is added to it. The file is opened, and locked, when something is to be added."""

    def __init__(self, path: Path, job: Job) -> None:
        """Raises FixTheMachine for the file of another sweep, or of no sweep."""
        self.path, self._head = path, _head(job)
        self._file: io.FileIO | None = None
        self._is_ours = False
        self.known = _trials(path, _content(path), self._head)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is None:
            return
        if self._is_ours and all(x.error for x in self.known.values()):
            self.path.unlink(missing_ok=True)  # while it is locked
        self._file.close()

    def begin(self) -> None:
        """Be the one who adds; a second time is of no effect. StopTheOther where there is one, FixTheMachine where nobody can."""
        while self._file is None:
            is_new = not self.path.exists()
            file = self._locked()
            if _is_at(file, self.path):
                self._file, self._is_ours = file, is_new
                self._go_on(file)
            else:
                file.close()  # who had it took it away meanwhile

    def _locked(self) -> io.FileIO:
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
        return file

    def _go_on(self, file: io.FileIO) -> None:
        """From what the file holds now: another sweep may have ended since it was read. A torn line is cut off."""
        file.seek(0)
        content = file.readall()
        self.known = _trials(self.path, content, self._head)
        self._is_ours |= bool(content)
        whole = content.rpartition(b"\n")
        kept = len(whole[0]) + len(whole[1]) if self.known else 0
        if kept < len(content):
            os.truncate(file.fileno(), kept)

    def add(self, trial: Trial) -> None:
        """Keep a trial. FixTheMachine where the disk does not take it."""
        row = json.dumps(as_row(trial))
        head = "" if self.known else self._head
        self._write(f'{head}{row[:-1]}, "{_CHECK}": {zlib.crc32(row.encode())}}}\n')
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
        if not (own_head.startswith(torn) or _TORN_HEAD.fullmatch(torn)):
            raise FixTheMachine(f"{path}: not a sweep's results; name another file")
        return {}
    head, *lines = whole.split("\n")
    if not _HEAD.fullmatch(head):
        raise FixTheMachine(f"{path}, line 1: not a sweep's results; name another file")
    if head + "\n" == own_head:
        return {x.changes: x for x in (_read(path, n, line) for n, line in enumerate(lines, 2))}
    if _is_played(lines):
        raise FixTheMachine(
            f"{path} holds a sweep over other days, data or settings, or of another build; name another with --results"
        )
    return {}


def _read(path: Path, n: int, line: str) -> Trial:
    try:
        return _trial(line)
    except _UNREADABLE:
        raise FixTheMachine(
            f"{path}, line {n}: not as a sweep wrote it; remove the line, or name another file"
        ) from None


def _is_played(lines: Sequence[str]) -> bool:
    """Whether another sweep's lines hold anything that would be missed: not, if they tell of refused values alone."""
    try:
        return not all(_trial(line).error for line in lines)
    except _UNREADABLE:
        return True


def _is_at(file: io.FileIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _trial(line: str) -> Trial:
    row = json.loads(line)
    said = row.pop(_CHECK)
    if zlib.crc32(json.dumps(row).encode()) != said:
        raise ValueError(_CHECK)
    return from_row(row)
