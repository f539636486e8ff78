"""Whether one release can read what another writes: the judge itself, and the present build against the one before."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli.commands import make_app
from bot.domain.errors import FixTheCommand
from bot.journal.formats import formats, unreadable

app = make_app()
BEFORE = Path(__file__).parents[1] / "compat" / "formats.json"


@pytest.fixture
def now() -> dict[str, Any]:
    return copy.deepcopy(formats())


def test_the_release_before_can_read_what_this_one_writes() -> None:
    """Fails when a row changes so that a roll-back would end at its start.

    Then find a form that the release before can read: a field with a default instead of another word, for example. Where
    that cannot be, renew the file (ibkr-bot formats) and say in the changelog that there is no way back.
    """
    assert unreadable(formats(), reader=json.loads(BEFORE.read_text(encoding="utf-8"))) == []


def test_a_build_reads_itself() -> None:
    assert unreadable(formats()) == []


def test_a_new_field_or_a_longer_comment_takes_nothing_away(now: dict[str, Any]) -> None:
    now["types"]["Order"]["properties"]["good_for"] = {"type": "string", "default": ""}
    assert unreadable(now) == []


def test_each_way_in_which_a_row_can_become_unreadable_is_named(now: dict[str, Any]) -> None:
    now["schema"] += 1
    now["kinds"].append("MoonRose")
    now["types"]["Tif"]["enum"].append("GTD")
    order = now["types"]["Order"]["properties"]
    del order["quantity"]
    order["transmit"] = {"type": "string"}
    order["ref"] = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert unreadable(now) == [
        f"the file's schema is {now['schema']}, newer than {now['schema'] - 1}",
        "MoonRose: an unknown kind of row",
        "Order: quantity is required and no longer written",
        "Order: ref may be null, which is not understood",
        "Order: transmit may be string, which is not understood",
        "Tif: 'GTD' is unknown",
    ]


def test_the_command_answers_by_its_exit_code(now: dict[str, Any]) -> None:
    printed = CliRunner().invoke(app, ["formats"]).stdout
    assert CliRunner().invoke(app, ["formats", "--check", "-"], input=printed).exit_code == 0
    now["kinds"].append("MoonRose")
    refused = CliRunner().invoke(app, ["formats", "--check", "-"], input=json.dumps(now))
    assert (refused.exit_code, refused.stdout) == (1, "MoonRose: an unknown kind of row\n")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 1, "kinds": [], "types": []}'])
def test_what_is_no_such_document_is_a_usage_error(text: str) -> None:
    result = CliRunner().invoke(app, ["formats", "--check", "-"], input=text)
    assert isinstance(result.exception, FixTheCommand)
