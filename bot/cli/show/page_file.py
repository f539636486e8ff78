"""The page that a long command writes at its end: where it goes is looked at before the work, not after it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bot.domain.errors import FixTheMachine

if TYPE_CHECKING:
    from bot.ops.page.document import Document


def check_place(path: Path | None) -> None:
    """FixTheMachine where ``--html`` cannot become a file there."""
    if path is None:
        return
    if path.is_dir():
        raise FixTheMachine(f"--html {path}: that is a folder")
    if not path.parent.is_dir():
        raise FixTheMachine(f"--html {path}: there is no folder {path.parent}")
    is_new = not path.exists()
    if not (is_new or path.is_file()):
        return  # a pipe or a device is written once
    try:
        with path.open("ab"):
            """It can be written."""
        if is_new:
            path.unlink()
    except OSError as error:
        raise FixTheMachine(f"--html {path}: {error.strerror}") from None


def write_page(path: Path, page: Document) -> None:
    """One file that needs nothing else. FixTheMachine where it cannot be written."""
    from bot.ops.page.render import as_file

    try:
        path.write_text(as_file(page), encoding="utf-8")
    except OSError as error:
        raise FixTheMachine(f"--html {path}: {error.strerror}") from None
