"""In which settings a journal's bot differs from those in force: the first thing to know of its differences."""

from __future__ import annotations

from typing import Any

from bot.config import Settings
from bot.config.deciding import deciding, told_apart
from bot.domain import broker_messages as b
from bot.domain import messages as m


class ToldSettings:
    """Hears the starts, which name their settings, and the accounts; older builds' rows name the accounts alone."""

    def __init__(self, settings: Settings) -> None:
        self._account, self._here = settings.broker.account, deciding(settings)
        self._apart: dict[str, None] = {}
        self._accounts: dict[str, None] = {}

    def hear(self, message: Any) -> None:
        if isinstance(message, m.LineStarted):
            self._apart |= dict.fromkeys(told_apart(message.settings or (), self._here))
        elif isinstance(message, b.BrokerConnected):
            self._accounts[message.account] = None

    def apart(self) -> tuple[str, ...]:
        """Each difference in words."""
        others = [x for x in self._accounts if self._account not in ("", x)]
        if not others or any(x.startswith("broker.account ") for x in self._apart):
            return tuple(self._apart)
        return (f"broker.account is {self._account}, the journal is of {', '.join(others)}", *self._apart)
