"""The settings that decisions hang on, as text: a journal keeps them, so that a replay can tell them from those in force.

Rule: no secret, and nothing of where files, gateways or alerts are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from bot.domain.errors import FixTheMachine

if TYPE_CHECKING:
    from bot.config.settings import Settings

Texts = tuple[tuple[str, str], ...]
"""Dotted keys and what they are set to, as a variable would spell it."""
_DECIDING: Final = (
    "symbols", "mode", "dry_run", "timezone", "risk", "options", "strategies", "session", "embargo", "execution", "market_data",
)  # fmt: skip
_OF_THE_BROKER: Final = ("trading", "account", "simulated_clock", "embedded_gateway")


_SAME_FOR_ALL: Final = ("symbols", "dry_run", "timezone")


def is_tried(key: str) -> bool:
    """Whether a backtest's decisions may hang on a setting that its plan does not fix."""
    return key not in _SAME_FOR_ALL and key.partition(".")[0] in _DECIDING


def deciding(settings: Settings) -> Texts:
    """Of the settings or their plain copy, in the order of their keys."""
    broker = ((name, getattr(settings.broker, name)) for name in _OF_THE_BROKER)
    found = [*_walk({name: getattr(settings, name) for name in _DECIDING}), *_walk(dict(broker), "broker.")]
    return tuple(sorted((key, _text(value)) for key, value in found))


def _walk(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if _is_section(value):
            yield from _walk(vars(value), f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _is_section(value: object) -> bool:
    from bot.config.plain import PlainSection

    return isinstance(value, PlainSection) or hasattr(type(value), "model_fields")


def _text(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, tuple):
        return json.dumps([_text(one) for one in value])
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"  # 0.10 and 0.1 are one setting
    return str(value).lower() if isinstance(value, bool) else f"{value}"


def told_apart(journaled: Iterable[tuple[str, str]], now: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Each setting that differs, in words. One that only the other build has differs from nothing."""
    here = dict(now)
    return tuple(
        f"{key} is {here[key]}, was {text}"
        for key, text in sorted(journaled)
        if key in here and here[key] != text
    )


def settings_again(texts: Iterable[tuple[str, str]]) -> Settings:
    """Settings as a journal has them, all else at its default. FixTheMachine where this build has no such setting."""
    from pydantic import ValidationError

    from bot.config import layers
    from bot.config.settings import Settings
    from bot.config.template import setting_keys

    known = setting_keys()
    layer = {key: layers.Origin(text, "the journal") for key, text in texts if key in known}
    try:
        return Settings(**layers.tree(layers.understood(layer, ())))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(f"{part}" for part in first["loc"])
        raise FixTheMachine(
            f"the journal's settings cannot be those of this build: {key}: {first['msg']}"
        ) from None
