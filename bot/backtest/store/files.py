"""Parquet files that are whole or not there: written beside their place and moved into it, read with their checksums.

Rule: a reader never sees half a file, whenever the process or the machine dies. One writer at a time holds the
folder's lock.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from bot.domain.errors import FixTheMachine, StopTheOther

_LOCK: Final = ".lock"


@contextlib.contextmanager
def locked(root: Path) -> Iterator[None]:
    """Be the only writer below ``root`` (made if need be); StopTheOther when there is one already."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        handle = (root / _LOCK).open("a")
    except OSError as error:
        raise FixTheMachine(
            f"{root}: {error.strerror}; make it writable, or choose another with --data"
        ) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StopTheOther(
                f"{root} is being written by another import or fetch; wait until it has ended"
            ) from None
        yield


def write(path: Path, table: pa.Table) -> None:
    """Replace ``path`` by ``table`` in one step; the old file stays whole until the new one is on disk.

    Raises FixTheMachine when it cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, beside, compression="zstd", write_page_checksum=True)
        with beside.open("rb") as written:
            os.fsync(written.fileno())
        beside.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        reason = error.strerror or f"{error}"
        raise FixTheMachine(f"{path}: cannot be written ({reason}); is the disk full?") from error
    finally:
        beside.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read(path: Path, schema: pa.Schema, columns: list[str] | None = None) -> pa.Table:
    """The file's rows; FixTheMachine when it is damaged or holds something else."""
    wanted = schema if columns is None else pa.schema([schema.field(name) for name in columns])
    try:
        table = pq.read_table(path, columns=wanted.names, page_checksum_verification=True, memory_map=True)
        return table.select(wanted.names).cast(wanted)
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        reason = f"{error}".splitlines()[0][:120] if f"{error}" else type(error).__name__
        raise FixTheMachine(
            f"{path}: not a sound file of the store ({reason}); delete it and import or fetch its days again"
        ) from error
