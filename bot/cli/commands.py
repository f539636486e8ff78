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
class Command:
    """A function of a module under ``bot.cli``."""

    module: str
    function: str

    def load(self) -> Callable[..., Any]:
        function: Callable[..., Any] = getattr(import_module(f"bot.cli.{self.module}"), self.function)
        return function

    @property
    def help(self) -> str:
        """The first paragraph of the function's own words."""
        source = Path(__file__).with_name(f"{self.module}.py").read_text(encoding="utf-8")
        for node in ast.parse(source).body:
            if isinstance(node, ast.FunctionDef) and node.name == self.function:
                return (ast.get_docstring(node) or "").split("\n\n")[0].replace("\n", " ")
        raise LookupError(f"bot/cli/{self.module}.py has no {self.function}")


COMMANDS: dict[str, Command] = {
    "run": Command("run", "run_command"),
    "sim": Command("sim", "sim"),
    "parity": Command("parity", "parity"),
    "status": Command("control", "status"),
    "positions": Command("control", "show_positions"),
    "orders": Command("control", "orders"),
    "halt": Command("control", "halt"),
    "resume": Command("control", "resume"),
    "flatten": Command("control", "flatten"),
    "doctor": Command("doctor", "doctor"),
    "what-if": Command("doctor", "what_if"),
    "report": Command("report", "report"),
    "backtest": Command("backtest", "backtest"),
    "replay": Command("replay", "replay"),
    "journal": Command("history", "journal"),
    "why": Command("history", "why"),
    "version": Command("history", "version"),
}
GROUPS: dict[str, tuple[str, dict[str, Command]]] = {
    "config": (
        "Look at the settings, and check them.",
        {
            "show": Command("config", "show"),
            "check": Command("config", "check_settings"),
        },
    ),
    "data": (
        "Market data of one's own: fetch, import, list, check.",
        {
            "fetch": Command("fetch", "fetch"),
            "import": Command("data", "import_"),
            "list": Command("data", "list_"),
            "check": Command("data", "check_data"),
        },
    ),
    "alert": ("Test the alert channels.", {"test": Command("alert", "send_test")}),
}
"""Commands of two words; a group's own are imported together."""


def make_app(wanted: str | None = None) -> typer.Typer:
    """The application, with the one command that is wanted; the others only as lines of the list. None: all of it."""
    app = _typer(
        "An Interactive Brokers options bot, with its own simulated gateway. Start with: ibkr-bot run"
    )
    is_list = wanted not in COMMANDS and wanted not in GROUPS
    for name, command in COMMANDS.items():
        if wanted is None or name == wanted:
            app.command(name=name)(command.load())
        else:
            app.command(name=name, help=command.help if is_list else None)(_not_loaded)
    for name, (words, commands) in GROUPS.items():
        app.add_typer(make_group(words, commands, is_wanted=wanted in (None, name)), name=name)
    return app


def make_group(words: str, commands: dict[str, Command], *, is_wanted: bool = True) -> typer.Typer:
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
