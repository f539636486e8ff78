"""Every command: where it is. Only the module of the one that is typed is imported.

Rule: importing everything costs half a second of processor, on a Raspberry Pi two. What ``--help`` says of the others is read
from their source, without running it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import typer


@dataclass(frozen=True, slots=True)
class CliCommand:
    """A function of a module under ``bot.cli``."""

    module: str
    function: str

    def load(self) -> Callable[..., Any]:
        function: Callable[..., Any] = getattr(import_module(f"bot.cli.{self.module}"), self.function)
        return function

    @property
    def help(self) -> str:
        """The first paragraph of the function's own words."""
        path = Path(__file__).parent / f"{self.module.replace('.', '/')}.py"
        source = path.read_text(encoding="utf-8")
        for node in ast.parse(source).body:
            if isinstance(node, ast.FunctionDef) and node.name == self.function:
                return (ast.get_docstring(node) or "").split("\n\n")[0].replace("\n", " ")
        raise LookupError(f"{path} has no {self.function}")


CLI_COMMANDS: dict[str, CliCommand] = {
    "run": CliCommand("run", "run_command"),
    "sim": CliCommand("sim", "sim"),
    "parity": CliCommand("parity", "parity"),
    "status": CliCommand("control", "status"),
    "positions": CliCommand("control", "show_positions"),
    "orders": CliCommand("control", "orders"),
    "halt": CliCommand("control", "halt"),
    "resume": CliCommand("control", "resume"),
    "flatten": CliCommand("control", "flatten"),
    "loosen": CliCommand("control", "loosen"),
    "doctor": CliCommand("doctor", "doctor"),
    "what-if": CliCommand("doctor", "what_if"),
    "drill": CliCommand("drill.command", "drill"),
    "report": CliCommand("report", "report"),
    "flex": CliCommand("report", "flex"),
    "backtest": CliCommand("backtest", "backtest"),
    "replay": CliCommand("replay", "replay_journal"),
    "sweep": CliCommand("sweep", "sweep"),
    "journal": CliCommand("history", "journal"),
    "why": CliCommand("history", "why"),
    "version": CliCommand("history", "version"),
    "formats": CliCommand("history", "formats_command"),
}
CLI_GROUPS: dict[str, tuple[str, dict[str, CliCommand]]] = {
    "config": (
        "Look at the settings, and check them.",
        {
            "show": CliCommand("config", "show"),
            "check": CliCommand("config", "check_settings"),
        },
    ),
    "data": (
        "Market data of one's own: fetch, import, list, check.",
        {
            "fetch": CliCommand("fetch", "fetch"),
            "import": CliCommand("data", "import_"),
            "list": CliCommand("data", "list_"),
            "check": CliCommand("data", "check_data"),
        },
    ),
    "alert": ("Test the alert channels.", {"test": CliCommand("alert", "send_test")}),
}
"""Commands of two words; a group's own are imported together."""


def make_app(wanted: str | None = None) -> typer.Typer:
    """The application, with the one command that is wanted; the others only as lines of the list. None: all of it."""
    app = _typer(
        "An Interactive Brokers options bot, with its own simulated gateway. Start with: ibkr-bot run"
    )
    is_list = wanted not in CLI_COMMANDS and wanted not in CLI_GROUPS
    for name, command in CLI_COMMANDS.items():
        if wanted is None or name == wanted:
            app.command(name=name)(command.load())
        else:
            app.command(name=name, help=command.help if is_list else None)(_not_loaded)
    for name, (words, commands) in CLI_GROUPS.items():
        app.add_typer(make_group(words, commands, is_wanted=wanted in (None, name)), name=name)
    return app


def make_group(words: str, commands: dict[str, CliCommand], *, is_wanted: bool = True) -> typer.Typer:
    """Commands of two words that begin alike."""
    group = _typer(words)
    for name, command in commands.items():
        group.command(name=name)(command.load() if is_wanted else _not_loaded)
    return group


def _typer(words: str) -> typer.Typer:
    # Plain help: the painted one imports a markdown parser and every lexer, four times the whole rest.
    return typer.Typer(
        no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None, help=words
    )


def _not_loaded() -> None:
    """A command that was not typed."""
