"""What the checks are given, and which client id is the doctor's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.config import Settings

CLIENT_IDS_FROM = 9000
"""The doctor's client id is the bot's above this: never one that a bot may have, and one for each bot."""


@dataclass(frozen=True, slots=True)
class Context:
    """``now`` is the bot's clock, which may be a simulated one. Waits are seconds of the wall's."""

    settings: Settings
    now: Callable[[], datetime]
    connect_s: float = 10.0
    ask_s: float = 15.0
    quote_s: float = 8.0
    wants_what_if: bool = False

    @property
    def client_id(self) -> int:
        return CLIENT_IDS_FROM + self.settings.broker.client_id
