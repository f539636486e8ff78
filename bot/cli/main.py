"""``ibkr-bot``: the one command. A user's mistake ends in one line and an exit code, never in a traceback.

Heavy imports stay inside the commands that need them, so that ``--help`` is quick on a Raspberry Pi; and none stands up here,
so that a Ctrl-C in the first moment is caught, too.
"""

from __future__ import annotations

import errno
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer

INTERRUPTED = 130
"""What a shell says of a program that Ctrl-C ended (128 + SIGINT)."""
_OF_THE_BOT = {
    "apprise",
    "dotenv",
    "ib_insync",
    "prometheus_client",
    "pydantic",
    "pydantic_settings",
    "pykka",
}
"""Modules of the extra ``bot``: an installation for the simulator alone has none of them."""


def main(arguments: list[str] | None = None) -> None:
    """Entry point. Exit codes: 0 well, 1 something outside is wrong, 2 usage, 78 configuration, 130 Ctrl-C."""
    if arguments is None:
        sys.unraisablehook = _not_lost
        _write_what_can_be_written()
    try:
        try:
            _run(sys.argv[1:] if arguments is None else arguments)
        finally:
            if arguments is None:
                _end_in_peace()
    except BaseException as error:
        if not _came_of_ctrl_c(error):
            raise
        sys.stderr.write("ibkr-bot: stopped\n")
        sys.exit(INTERRUPTED)


def _write_what_can_be_written() -> None:
    """Where a terminal or a pipe has no dash or line of ours (Latin-1, ASCII), a question mark stands for it."""
    if "utf" not in sys.stdout.encoding.lower():
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # it is a TextIOWrapper


def _not_lost(told: sys.UnraisableHookArgs) -> None:
    """A Ctrl-C that comes while Python clears up behind an import ends the command: Python itself shows it and goes on."""
    if told.exc_type is KeyboardInterrupt and "importlib" in getattr(told.object, "__module__", ""):
        import os

        os.write(2, b"ibkr-bot: stopped\n")
        os._exit(INTERRUPTED)
    sys.__unraisablehook__(told)


def _came_of_ctrl_c(error: BaseException) -> bool:
    """Also where Python has made another error of it: of one while a class is built, 3.11 makes a RuntimeError."""
    if isinstance(error, SystemExit):
        return False
    while not isinstance(error, KeyboardInterrupt):
        if "KeyboardInterrupt" in str(error):  # pydantic's core keeps the name and loses the error
            return True
        if error.__cause__ is None:
            return False
        error = error.__cause__
    return True


def _said_when_stopped(app: typer.Typer, given: list[str]) -> None:
    """Run a command. Typer ends one that Ctrl-C stopped without a word, unless it has said something itself."""
    try:
        app(given)
    except SystemExit as ended:
        if isinstance(getattr(ended.__context__, "__cause__", None), KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise


def _end_in_peace() -> None:
    """The command has ended; a Ctrl-C from now on would only tear the interpreter's own end, with a traceback."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _run(given: list[str]) -> None:
    from bot import daemon
    from bot.domain.errors import BotError
    from bot.domain.session import CalendarRangeError

    try:
        if not given:
            _welcome()
            return
        if given[0] == "run" and (code := daemon.run_without_terminal(given[1:])) is not None:
            sys.exit(code)
        from bot.cli.commands import make_app

        _said_when_stopped(make_app(next((word for word in given if not word.startswith("-")), "")), given)
    except BotError as error:
        sys.stderr.write(f"ibkr-bot: {error}\n")
        sys.exit(error.exit_code)
    except ModuleNotFoundError as error:
        if error.name not in _OF_THE_BOT:
            _end_with_a_strategy_s_file(error)
            raise
        remedy = "pip install 'ibkr-options-bot[bot]'"
        sys.stderr.write(f"ibkr-bot: {error.name} is missing, which all but the simulator needs: {remedy}\n")
        sys.exit(1)
    except CalendarRangeError as error:
        sys.stderr.write(f"ibkr-bot: {error}\n")
        sys.exit(1)
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            sys.stderr.write(f"ibkr-bot: what it had to say or to keep found no room: {error.strerror}\n")
            sys.exit(1)
        _end_with_a_strategy_s_file(error)
        raise


def _end_with_a_strategy_s_file(error: Exception) -> None:
    """In a line, where it is at fault."""
    if told := _of_a_strategy_s_file(error):
        sys.stderr.write(f"ibkr-bot: {told}\n")
        sys.exit(1)


def _of_a_strategy_s_file(error: BaseException | None) -> str:
    """What is wrong with a strategy's file that Python cannot import, or with the list of them; empty for any other error."""
    import traceback
    from pathlib import Path

    folder = Path(__file__).parents[1] / "strategies"
    while error is not None:
        places = [
            (x.filename, x.lineno) for x in traceback.extract_tb(error.__traceback__) if x.name == "<module>"
        ]
        if isinstance(error, SyntaxError):
            places.append((error.filename or "", error.lineno))
        name, line = places[-1] if places else ("", None)
        if Path(name).parent == folder:
            words = error.msg if isinstance(error, SyntaxError) else f"{error}"
            return f"{name}, line {line}: {type(error).__name__}: {' '.join(words.split())[:200]}"
        error = error.__cause__
    return ""


def _welcome() -> None:
    """Every command, and below it, where a person looks first: which bot is spoken of, how it stands, what to type next."""
    from bot.cli.commands import make_app
    from bot.cli.show.standing import welcome

    make_app("")(["--help"], standalone_mode=False)
    sys.stdout.write("\n".join(["", *welcome(), ""]))


def __getattr__(name: str) -> typer.Typer:
    """``app`` is the whole application, for whoever asks for every command at once; ``config_app`` one group of it."""
    if name.startswith("__"):
        raise AttributeError(
            name
        )  # the import system asks for __path__, before anything may be slow or interrupted
    from bot.cli.commands import CLI_GROUPS, make_app, make_group

    if name == "app":
        return make_app()
    if name.removesuffix("_app") in CLI_GROUPS:
        words, commands = CLI_GROUPS[name.removesuffix("_app")]
        return make_group(words, commands)
    raise AttributeError(name)
