"""Where the state is, and nothing else: for commands that ask a running bot or look into its journal.

Rule: the same layers in the same order as the whole settings (a test compares them), without the model: it costs ten times as
much, and a mistake in some other key must not keep anyone from `status` or `halt`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.config.text_file import text_of
from bot.domain.errors import FixTheConfiguration

DEFAULT_FILE = Path("configs/settings.yaml")
DEFAULT_DOTENV = Path(".env")
DEFAULTS = {"journal.directory": "state", "broker.trading": "simulated", "broker.embedded_gateway": "true"}
NO = frozenset({"false", "0", "no", "off", "f", "n"})
"""What a setting that is yes or no takes for no (pydantic, "Booleans")."""


@dataclass(frozen=True, slots=True)
class Place:
    """``directory`` is ``journal.directory``; ``has_days_of_its_own`` where each run is a simulated day with its own state.

    ``trading`` is ``broker.trading``: simulated, paper or live.
    """

    directory: Path
    has_days_of_its_own: bool
    trading: str


def place(
    path: Path | None = None, variables: Mapping[str, str] | None = None, dotenv: Path = DEFAULT_DOTENV
) -> Place:
    """Where the settings in force put the state. FixTheConfiguration where a file cannot be read."""
    given = os.environ if variables is None else variables
    file = _from_file(path or _named_file(given))
    found = {**DEFAULTS, **file, **_from_dotenv(dotenv), **_named(given)}
    trading = found["broker.trading"].strip().lower()
    is_embedded = found["broker.embedded_gateway"].strip().lower() not in NO
    directory = Path(found["journal.directory"]).expanduser()
    return Place(directory, trading == "simulated" and is_embedded, trading)


def _named(variables: Mapping[str, str | None]) -> dict[str, str]:
    keys = {key.replace(".", "__"): key for key in DEFAULTS}
    return {keys[name.lower()]: text for name, text in variables.items() if name.lower() in keys and text}


def _from_dotenv(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    from dotenv import dotenv_values

    try:
        return _named(dotenv_values(path, interpolate=False, encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise FixTheConfiguration(f"{path}: {error}; make it a readable UTF-8 file") from None


def _named_file(variables: Mapping[str, str]) -> Path | None:
    named = variables.get("IBKR_BOT_CONFIG")
    if named:
        return Path(named)
    return DEFAULT_FILE if DEFAULT_FILE.exists() else None


def _from_file(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    tree = _tree(text_of(path), path)
    found = {}
    for key in DEFAULTS:
        section, _, name = key.partition(".")
        values = tree.get(section)
        value = values.get(name) if isinstance(values, Mapping) else tree.get(key)
        if value is not None:
            found[key] = str(value)
    return found


def _tree(text: str, path: Path) -> Mapping[str, Any]:
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        tree = yaml.load(text, loader)  # noqa: S506  a safe loader either way
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        spot = f"line {mark.line + 1}: {getattr(error, 'problem', '')}" if mark else str(error)
        raise FixTheConfiguration(f"{path}: {spot}; fix the file's syntax") from None
    return tree if isinstance(tree, dict) else {}
