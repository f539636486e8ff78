"""``ibkr-bot config``: what is in force and where it came from; what is wrong with it."""

from __future__ import annotations

import json
from typing import Any

import typer

from bot.cli.options import ConfigOption, JsonOption, settings_of

HIDDEN = "(hidden)"


def show(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Every setting with its value and where the value came from. Secrets stay hidden.

    Example: ibkr-bot config show | grep -v default
    """
    from bot.config.settings import walk

    settings = settings_of(config)
    origins = settings.provenance()
    rows = [(key, _text(value), origins[key]) for key, value in walk(settings)]
    if as_json:
        for key, text, where in rows:
            typer.echo(json.dumps({"key": key, "value": text, "from": where}))
        return
    width = max(len(key) for key, _, _ in rows)
    for key, text, where in rows:
        typer.echo(f"{key:{width}}  {text}  ({where})")


def check_settings(config: ConfigOption = None) -> None:
    """Read all settings and say in a line each what is wrong. Exit code 0 or 78.

    Example: ibkr-bot config check
    """
    settings = settings_of(config)
    from bot.config.checks import warnings

    for warning in warnings(settings):
        typer.echo(f"warning: {warning}", err=True)
    orders = "no orders (dry run)" if settings.dry_run else "orders go out"
    typer.echo(f"settings are sound: {settings.broker.trading}, {orders}, {', '.join(settings.symbols)}")


def _text(value: Any) -> str:
    from pydantic import SecretStr

    match value:
        case SecretStr():
            return HIDDEN
        case tuple():
            return "[" + ", ".join(_text(part) for part in value) + "]"
        case bool():
            return str(value).lower()
        case None:
            return "null"
        case _:
            return str(value)
