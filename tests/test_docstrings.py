"""Whoever calls a public function learns from its docstring what it raises."""

from __future__ import annotations

from tests.sources import PARSED_ONCE, sources

pytestmark = PARSED_ONCE
HELP_TEXTS = ("bot/cli/", "bot/guard/cli.py")
"""There the docstring is what ``--help`` shows, and an error is one line and an exit code."""


def test_public_functions_say_what_they_raise() -> None:
    silent = [
        f"{source.name}: {name} raises {', '.join(sorted(raised))}"
        for source in sources()
        if not source.name.startswith(HELP_TEXTS)
        for name, raised, text in source.raised
        if raised and not any(word in text for word in ("Raises", "Error", *raised))
    ]

    assert silent == []
