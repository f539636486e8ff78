"""Typed settings: one file, .env and the environment in; small frozen objects out."""

from bot.config.load import load_settings
from bot.config.settings import Settings

__all__ = ["Settings", "load_settings"]
