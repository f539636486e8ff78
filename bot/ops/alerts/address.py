"""Where an alert goes. A module of its own: the settings name addresses, and need none of what delivers to them."""

from __future__ import annotations

from dataclasses import dataclass

DISCORD, SLACK, TELEGRAM = "discord", "slack", "tgram"


@dataclass(frozen=True, slots=True)
class Address:
    """``setting`` is the key it came from; ``scheme``, where given, is what Apprise must make of it."""

    setting: str
    url: str
    scheme: str | None = None
