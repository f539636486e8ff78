"""What the documents tell a person to type exists: commands, their options, and make's targets."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main

from bot.cli.main import app

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / ".env.example", *ROOT.glob("configs/*.yaml")],
    key=str,
)
TYPED = re.compile(
    r"(?:^|[`$ ])ibkr-bot ((?:[a-z][a-z-]*)(?: (?:show|check|test|import|list|fetch)\b)?)([^`\n|#]*)",
    re.MULTILINE,
)
MADE = re.compile(r"(?:^|`)make ([a-z][a-z0-9-]*)", re.MULTILINE)


def command(words: str) -> Any:
    """The command that these words name, None where there is none."""
    found: Any = typer.main.get_command(app)
    for word in words.split():
        commands = getattr(found, "commands", None)
        if commands is None:
            return found
        if word not in commands:
            return None
        found = commands[word]
    return found


@pytest.mark.parametrize("page", [page for page in PAGES if page.exists()], ids=lambda page: page.name)
def test_every_command_of_the_documents_exists(page: Path) -> None:
    missing = []
    for words, rest in TYPED.findall(page.read_text()):
        found = command(words)
        known = (
            set()
            if found is None
            else {flag for param in found.params for flag in (*param.opts, *param.secondary_opts)}
        )
        unknown = [
            flag for flag in re.findall(r"(?<![\w-])--[a-z][a-z-]*", rest) if flag not in known | {"--help"}
        ]
        if found is None or unknown:
            missing.append((words, unknown))

    assert missing == []


def test_every_make_target_of_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for page in PAGES if page.exists() for name in MADE.findall(page.read_text())}

    assert len(named) > 5
    assert named - targets == set()
