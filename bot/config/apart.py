"""The settings, read and judged in a child that lives for that alone: what judging them takes never comes into the process
that trades, which meanwhile loads the rest of itself.

What the child found, secrets included, comes back over a pipe: nothing is on the command line, in the environment or in a file.
"""

from __future__ import annotations

import os
import pickle
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, cast

from bot.domain.errors import BotError, FixTheMachine

if TYPE_CHECKING:
    from bot.config.settings import Settings


class SettingsApart:
    """Begins to read when it is made; only for a process that has one thread yet."""

    def __init__(self, path: Path | None, state: Path | None) -> None:
        """``state`` is the directory that the command line chose for everything on disk."""
        self._pipe, writing = os.pipe()
        self._child = os.fork()
        if self._child == 0:
            os.close(self._pipe)
            _read_and_end(writing, path, state)
        os.close(writing)

    def result(self) -> Settings:
        """A plain copy. Raises what reading them raised: FixTheConfiguration, one line for each thing that is wrong."""
        with os.fdopen(self._pipe, "rb") as pipe:
            said = pipe.read()
        _, status = os.waitpid(self._child, 0)
        if not said:
            code = os.waitstatus_to_exitcode(status)
            raise FixTheMachine(f"the settings could not be read: whoever read them ended with {code}")
        found = pickle.loads(said)  # noqa: S301  from our own child, over a pipe that nobody else has
        if isinstance(found, Exception):
            raise found
        return cast("Settings", found)


def _read_and_end(pipe: int, path: Path | None, state: Path | None) -> None:
    """In the child: say what was found, and nothing else of it may go on."""
    code = 1
    try:
        with os.fdopen(pipe, "wb") as file:
            pickle.dump(_found(path, state), file)
        code = 0
    except (BrokenPipeError, KeyboardInterrupt):
        pass  # whoever asked has ended meanwhile, and has said what of
    except BaseException:  # noqa: BLE001  the end of a process of its own; its parent says what follows
        traceback.print_exc()
    finally:
        os._exit(code)


def _found(path: Path | None, state: Path | None) -> object:
    try:
        from bot.config.load import load_settings
        from bot.config.plain import plain_copy

        settings = load_settings(path)
    except (BotError, ModuleNotFoundError) as error:
        return error
    return plain_copy(settings if state is None else settings.with_state(state))
