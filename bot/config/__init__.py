"""Typed settings: one file, .env and the environment in; small frozen objects out.

Whoever only asks where the state is (``bot.config.where``) is not made to wait for the whole model.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.config.load import load_settings
    from bot.config.settings import Settings

__all__ = ["Settings", "load_settings"]

# Else pydantic looks into every installed package for plugins of its own (pydantic, "Plugins"): a sixth of what settings take.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return _found(name)
    except AttributeError as error:  # which Python would take for a name that is not in here
        raise ImportError(f"{error}") from error


def _found(name: str) -> Any:
    if name == "load_settings":
        from bot.config.load import load_settings

        return load_settings
    from bot.config.settings import Settings

    return Settings
