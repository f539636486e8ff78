"""A journal for those who only look at it: nothing is left beside it, whoever owns it and wherever it lies.

Source: SQLite, "Write-Ahead Logging", "Read-Only Databases": in WAL mode even a reader makes a ``-shm`` and a ``-wal`` beside the
file, and one that may not write cannot take them away again. So a file at rest is opened as one that nobody changes, and what a
killed bot left without its index is copied first. Beside a running bot's journal both files lie already.
"""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from bot.domain.errors import FixTheMachine


class _AtRest(sqlite3.Connection):
    """Of a file that nobody writes; without locks, so that ``close`` looks whether that stayed true."""

    path: Path
    before: tuple[int, ...] = ()

    def close(self) -> None:
        """Raises FixTheMachine where somebody began to write: what was read may be torn."""
        super().close()
        if self.before and _state(self.path) != self.before:
            raise FixTheMachine(f"journal {self.path}: the bot wrote it while it was read; ask again")


def connect_read_only(path: Path) -> sqlite3.Connection:
    """For the commands that only look; to be closed. Raises FixTheMachine where there is nothing to look at."""
    if not path.exists():
        raise FixTheMachine(f"journal {path}: no such file; has the bot run with this state directory yet?")
    if not path.is_file():
        raise FixTheMachine(f"journal {path}: not a file; name the journal.db in it")
    try:
        return _looked_at(path)
    except (sqlite3.Error, OSError) as error:
        raise FixTheMachine(
            f"journal {path}: cannot be read ({error}); the bot repairs its own at its next start, else name another"
        ) from error


def _looked_at(path: Path) -> sqlite3.Connection:
    """Raises sqlite3.Error where it is no journal, OSError where it cannot be copied."""
    wal, index, rollback = (path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal"))
    if not _size(wal) and not _size(rollback) and not (wal.exists() and index.exists()):
        return _at_rest(path)
    if index.exists() or not _size(wal):
        return _opened(path)
    return _copied(path, wal)


def _at_rest(path: Path) -> sqlite3.Connection:
    before = _state(path)
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, factory=_AtRest)
    _look(db)
    db.path, db.before = path, before
    return db


def _opened(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10)
    _look(db)
    return db


def _copied(path: Path, wal: Path) -> sqlite3.Connection:
    """The files' names are gone before the caller reads, their contents with the connection: even a kill leaves nothing."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="ibkr-bot-journal-") as scratch:
        copy = Path(scratch) / path.name
        shutil.copyfile(path, copy)
        shutil.copyfile(wal, copy.with_name(f"{copy.name}-wal"))
        return _opened(copy)


def _look(db: sqlite3.Connection) -> None:
    try:
        db.execute("SELECT seq, at, kind, body FROM messages LIMIT 1").fetchone()
    except sqlite3.Error:
        db.close()
        raise


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _state(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:
        return ()
    return (found.st_ino, found.st_size, found.st_mtime_ns)
