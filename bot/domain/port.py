"""The broker, seen from inside: commands go in, facts come out. Three peers implement it and one contract-test suite
runs over all of them: IBKR over ib_insync, the loopback exchange, and the simulated gateway behind the real adapter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from bot.domain.messages import Message

Publish = Callable[[Message], None]


class BrokerPort(Protocol):
    def start(self, publish: Publish) -> None:
        """Connect in the background; every fact goes to ``publish``, BrokerConnected first. Returns at once."""

    def send(self, command: Message) -> None:
        """Hand over a command of ``broker_messages``; never blocks. Outcomes arrive as facts."""

    def stop(self, timeout_s: float) -> None:
        """Disconnect and return once nothing more will be told. Orders at the broker stay as they are."""
