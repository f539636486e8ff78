"""``ibkr-bot`` as it works when typed here, and the commands to type next."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

PROGRAM = "ibkr-bot"
Next = tuple[str, str]
"""(what follows the program's name, what it shows)"""


def typed() -> str:
    """By its name where the shell finds this very one, else by its path."""
    program = Path(sys.argv[0])
    if program.name == "__main__.py":
        return "python -m bot"
    if not program.name.startswith(PROGRAM):
        return PROGRAM  # the command was called from other code
    found = shutil.which(program.name)
    if found is not None and Path(found).resolve() == program.resolve():
        return program.name
    try:
        return str(program.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(program)


def options(config: Path | None, state: Path | None) -> str:
    """What must be typed again so that the next command means the same bot; nothing where the environment says it."""
    is_new = config is not None and str(config) != os.environ.get("IBKR_BOT_CONFIG")
    given = f" --config {config}" if is_new else ""
    return given + (f" --state {state}" if state is not None else "")


def next_lines(commands: Iterable[Next]) -> list[str]:
    """One command a line, below each other."""
    name = typed()
    return [
        f"{'next:' if number == 0 else '':<8} {f'{name} {words}':<60} {meaning}".rstrip()
        for number, (words, meaning) in enumerate(commands)
    ]
