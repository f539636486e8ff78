"""One bot per state directory, and one per gateway and client id: locks that the kernel lets go of when the process dies,
however it dies.

Rule: whoever holds the directory's lock owns what lies in it, the control socket included.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from pathlib import Path
from typing import TextIO

from bot.domain.errors import FixTheMachine, StopTheOther

LOCK_FILE = "instance.lock"


class InstanceLock:
    """Held from construction until ``release``. ``line`` names the gateway and the client id, as in ``127.0.0.1:4002 1``."""

    def __init__(self, directory: Path, line: str = "") -> None:
        """Raises StopTheOther while another process holds one of them, FixTheMachine where no lock can be made."""
        self._files: list[TextIO] = []
        self.path = directory / LOCK_FILE
        who = f"process {os.getpid()}, {line or 'no gateway'}"
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._take(self.path, who, f"state directory {directory}", "journal.directory")
        except OSError as error:
            raise FixTheMachine(
                f"state directory {directory}: {error.strerror}; make it writable for this user, or choose another --state"
            ) from error
        shared = _of_this_user()
        if line and shared is not None:
            name = hashlib.sha256(line.encode()).hexdigest()[:16]
            try:
                self._take(
                    shared / f"line-{name}.lock",
                    f"{who}, {directory.absolute()}",
                    f"gateway {line}",
                    "broker.client_id",
                )
            except StopTheOther:
                self.release()
                raise

    def _take(self, path: Path, who: str, what: str, setting: str) -> None:
        file = path.open("a+", encoding="utf-8", errors="replace")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read(300).strip() or "unknown"
            file.close()
            raise StopTheOther(
                f"another instance ({holder}) already runs with {what}; stop it, or give this one another {setting}"
            ) from None
        file.truncate(0)
        file.write(who)
        file.flush()
        self._files.append(file)

    def release(self) -> None:
        """Let go of what is held; a second time is of no effect."""
        while self._files:
            self._files.pop().close()


def is_locked(directory: Path) -> bool:
    """Whether a bot runs with this state directory. Takes nothing."""
    try:
        with (directory / LOCK_FILE).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _of_this_user() -> Path | None:
    """A folder that all bots of this user on this machine share, and nobody else can write; None where there is none."""
    path = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()) / f"ibkr-bot-{os.getuid()}"
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        info = path.lstat()
    except OSError:
        return None
    return path if path.is_dir() and not path.is_symlink() and info.st_uid == os.getuid() else None
