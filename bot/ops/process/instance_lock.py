"""One bot per state directory and client id: a lock that the kernel lets go of when the process dies, however it dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import TextIO

from bot.domain.errors import FixTheMachine, StopTheOther


class InstanceLock:
    """Held from construction until ``release``. Raises StopTheOther while another process holds it."""

    def __init__(self, directory: Path, client_id: int) -> None:
        self.path = directory / f"client-{client_id}.lock"
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file: TextIO = self.path.open("a+", encoding="ascii")
        except OSError as error:
            raise FixTheMachine(
                f"state directory {directory}: {error.strerror}; make it writable for this user"
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = self._holder()
            self._file.close()
            raise StopTheOther(
                f"another instance (process {holder}) already runs with client id {client_id} and {directory}; "
                "stop it, or give this one another broker.client_id and journal.directory"
            ) from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def _holder(self) -> str:
        self._file.seek(0)
        return self._file.read(20).strip() or "unknown"

    def release(self) -> None:
        self._file.close()
