"""The bot's disk: real SQLite over files in memory, which can be full, slow, torn in the middle of a write, or lie.

What a power loss leaves is what was synced: SQLite's WAL is synced at each commit under synchronous=FULL and not under NORMAL,
so that is the state at the last commit that was, and of what was written after it a beginning of any length. A disk that lies
keeps what it had when it began to.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from bot.journal.store import JOURNAL_FILE, Journal

_FILES = (JOURNAL_FILE, f"{JOURNAL_FILE}-wal")
Row = tuple[str, str, str]
"""(at, kind, body)"""
_COLUMNS = 5
"""(seq, at, kind, body, crc), as ``bot.journal.checksum`` writes them."""


class PowerLost(BaseException):
    """The machine has no power any more. No handler of the bot sees it."""


class Watching(Protocol):
    def synced(self, rows: list[Row]) -> None:
        """These rows are on disk."""


class Disk:
    """``stall`` is called with the seconds that a slow write took."""

    def __init__(
        self, directory: Path, chance: random.Random, watching: Watching, stall: Callable[[float], None]
    ) -> None:
        self.directory = directory
        self._random, self._watching, self._stall = chance, watching, stall
        self.is_full = False
        self.fails_once = False
        """The next write fails, and those after it do not: a bad block, of which a card has others."""
        self.delay_s = 0.0
        self.cut_in: int | None = None
        """The power fails in the middle of this commit from now."""
        self.on_cut: Callable[[], None] = lambda: None
        self._kept: dict[str, bytes] | None = None
        self._torn_to: int | None = None
        self.is_syncing = True
        self._unsynced: list[Row] = []
        self._synced_bytes = 0
        directory.mkdir(parents=True)

    def wrap(self, journal: Journal) -> None:
        """Put this disk between the journal and its file."""
        self.is_syncing = True
        setattr(journal, "_db", _Connection(journal._db, self))  # noqa: B010  the simulated disk's only way in

    def begin_to_lie(self) -> None:
        """From now on nothing that is synced is."""
        if self._kept is None:
            self._kept = self._files()

    def before(self) -> None:
        """Raises sqlite3.OperationalError where nothing can be written."""
        if self.is_full:
            raise sqlite3.OperationalError("database or disk is full")
        if self.fails_once:
            self.fails_once = False
            raise sqlite3.OperationalError("disk I/O error")
        if self.delay_s:
            self._stall(self.delay_s)

    def committed(self, rows: list[Row], before: int) -> None:
        """Raises PowerLost when the power failed just then."""
        if self.cut_in is not None:
            self.cut_in -= 1
            if self.cut_in <= 0:
                self.cut_in = None
                after = self.wal_bytes()
                first = min(before, self._synced_bytes) if self._unsynced else before
                self._torn_to = self._random.randrange(first, after) if after > first else None
                self._unsynced = []
                self.on_cut()
                raise PowerLost
        self._unsynced += rows
        if self.is_syncing:
            rows, self._unsynced, self._synced_bytes = self._unsynced, [], self.wal_bytes()
            self._watching.synced(rows)

    def wal_bytes(self) -> int:
        path = self.directory / _FILES[1]
        return path.stat().st_size if path.exists() else 0

    def _files(self) -> dict[str, bytes]:
        return {
            name: (self.directory / name).read_bytes() for name in _FILES if (self.directory / name).exists()
        }

    def survivors(self, *, power: bool) -> dict[str, bytes]:
        """What is there after the process (``power``: the machine) has died. Before anything is closed."""
        files = self._files()
        if power and self._kept is not None:
            files, self._kept = self._kept, None
        elif power and self._torn_to is not None and _FILES[1] in files:
            files[_FILES[1]] = files[_FILES[1]][: self._torn_to]
        elif power and self._unsynced and _FILES[1] in files:
            log = files[_FILES[1]]
            if len(log) > self._synced_bytes:
                files[_FILES[1]] = log[: self._random.randrange(self._synced_bytes, len(log))]
        self._torn_to = None
        if power:
            self._unsynced = []
        return files

    def put_back(self, files: dict[str, bytes]) -> None:
        for name in (*_FILES, f"{JOURNAL_FILE}-shm"):
            (self.directory / name).unlink(missing_ok=True)
        for name, data in files.items():
            (self.directory / name).write_bytes(data)

    def rows(self) -> list[Row]:
        """What a reader finds now, by plain SQL."""
        path = self.directory / JOURNAL_FILE
        if not path.exists():
            return []
        db = sqlite3.connect(path)
        try:
            return db.execute("SELECT at, kind, body FROM messages ORDER BY seq").fetchall()
        finally:
            db.close()

    def throw_away(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)


class _Connection:
    """sqlite3.Connection as the journal uses it."""

    def __init__(self, db: sqlite3.Connection, disk: Disk) -> None:
        self._db, self._disk = db, disk
        self._rows: list[Row] = []
        self._before = 0

    def execute(self, *how: Any) -> sqlite3.Cursor:
        query = str(how[0])
        if query.startswith("PRAGMA synchronous="):
            self._disk.is_syncing = query.endswith("FULL")
        if query.startswith("INSERT INTO messages "):
            self._begin(how[1])
        return self._db.execute(*how)

    def _begin(self, values: Sequence[Any]) -> None:
        """A statement's rows, each of ``_COLUMNS`` values."""
        self._disk.before()
        if not self._rows:
            self._before = self._disk.wal_bytes() if self._disk.cut_in is not None else 0
        starts = range(0, len(values), _COLUMNS)
        self._rows += [(values[n + 1], values[n + 2], values[n + 3]) for n in starts]

    def __enter__(self) -> Self:
        self._db.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.__exit__(kind, error, trace)
        rows, self._rows = self._rows, []
        if kind is None and rows:
            self._disk.committed(rows, self._before)

    def close(self) -> None:
        self._db.close()
