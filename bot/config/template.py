"""The settings file as it is shipped: every key with its default and its meaning, written from the models.

``make docs`` writes it to configs/settings.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from decimal import Decimal
from functools import cache
from pathlib import Path
from textwrap import wrap
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bot.config.fields import is_secret
from bot.config.settings import Settings

HEAD = """\
# Settings of the bot. Every key is here with its default; change what you want, delete what you do not need.
# Stronger than this file: .env, and the environment (RISK__MAX_DAILY_LOSS_PCT=0.03; two underscores a level).
# `ibkr-bot config check` reads all of it and says what is wrong; `ibkr-bot config show` says what is in force and why.
# Percentages are fractions (0.01 is 1 %), times end in _s or _minutes, money in _usd.
# Secrets do not belong here: write them to .env, or name a file that holds one (discord_webhook_url_file: /path).
"""


@cache
def setting_keys() -> frozenset[str]:
    """Every setting's dotted key."""
    return frozenset(key for key, _ in _leaves(Settings))


@cache
def secret_keys() -> frozenset[str]:
    """The dotted keys whose values must never be shown."""
    return frozenset(key for key, field in _leaves(Settings) if is_secret(field))


def as_yaml() -> str:
    """The whole file."""
    return HEAD + "".join(f"{text}\n" if text else "\n" for text in _section(Settings, Settings(), 0))


def _leaves(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        section = _section_type(field)
        if section is None:
            yield f"{prefix}{name}", field
        else:
            yield from _leaves(section, f"{prefix}{name}.")


def _section_type(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _section(model: type[BaseModel], values: BaseModel, depth: int) -> Iterator[str]:
    indent = "  " * depth
    for name, field in _in_order(model, depth):
        section, value = _section_type(field), getattr(values, name)
        if depth == 0 or section is not None:
            yield ""
        meaning = field.description or (_first_lines(section) if section is not None else "")
        yield from (f"{indent}# {text}" for text in wrap(meaning, 108 - len(indent)))
        if section is not None:
            yield f"{indent}{name}:"
            yield from _section(section, value, depth + 1)
        elif is_secret(field):
            yield f"{indent}# {name}: in .env, as {_variable(model, name)}"
        else:
            yield f"{indent}{name}: {_scalar(_shown(field, value))}"


def _in_order(model: type[BaseModel], depth: int) -> list[tuple[str, FieldInfo]]:
    """As the model has them, but inside a section its own sections come last, where the eye expects them."""
    return sorted(model.model_fields.items(), key=lambda one: depth > 0 and _section_type(one[1]) is not None)


def _first_lines(section: type[BaseModel]) -> str:
    return " ".join((section.__doc__ or "").split())


def _variable(model: type[BaseModel], name: str) -> str:
    section = next(n for n, field in Settings.model_fields.items() if _section_type(field) is model)
    return f"{section}__{name}".upper()


def _shown(field: FieldInfo, value: Any) -> Any:
    extra = field.json_schema_extra
    template = extra.get("template") if isinstance(extra, dict) else None
    return template if isinstance(template, str) else value


def _scalar(value: Any) -> str:
    match value:
        case time():
            return f'"{value:%H:%M}"'
        case Decimal():
            return f"{value:f}"
        case Path():
            return str(value)
        case tuple():
            return f"[{', '.join(_scalar(part) for part in value)}]"
        case _:
            return yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("...\n").strip()
