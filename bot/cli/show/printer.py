"""Rich's console, made where something is printed: importing it costs more processor time than all the rest of ``--help``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def printer(*, to_stderr: bool = False) -> Console:
    """Standard output, or standard error for what is not the answer itself. A bracket in a name or a path is only a bracket."""
    from rich.console import Console

    return Console(stderr=to_stderr, markup=False)
