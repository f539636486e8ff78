"""What the documents tell a person to type exists: commands, their options, and make's targets."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main

from bot.cli.main import app
from tests.cli.documented import WAYS, documented

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


@cache
def every_command() -> Any:
    """Built once: it takes typer a tenth of a second."""
    return typer.main.get_command(app)


def command(words: str) -> Any:
    """The command that these words name, None where there is none."""
    found: Any = every_command()
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


def test_every_command_of_the_documents_is_run_or_stands_in_the_table_with_its_reason() -> None:
    without = [(one.text, one.pages) for one in documented() if not one.rows]
    assert without == []


def test_the_table_names_no_command_that_is_gone_and_gives_a_reason_for_each() -> None:
    used = {one.rows[0].pattern for one in documented()}
    assert [row.pattern for row in WAYS if row.pattern not in used] == []
    assert all(len(row.why.split()) > 1 for row in WAYS)
    for path in re.findall(r"tests/[\w/.]+", " ".join(row.why for row in WAYS)):
        assert (ROOT / path.rstrip(".")).exists(), path
