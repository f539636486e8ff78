"""A halt that was left as a file, because the bot did not answer when it was given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bot.ops.process.control_socket import forget_halt, take_halt


class HaltFile:
    """Looked at before anything comes from the broker, and several times a second ever after.

    ``halt`` takes reason and name, and returns when the halt is on disk: only then the file is taken away. One that cannot
    be taken away is obeyed once, and enough.
    """

    def __init__(self, directory: Path, halt: Callable[[str, str], object]) -> None:
        self._directory, self._halt = directory, halt
        self._is_looked_for = True

    def obey(self) -> None:
        left = take_halt(self._directory) if self._is_looked_for else None
        if left is not None:
            self._halt(*left)
            self._is_looked_for = forget_halt(self._directory)
