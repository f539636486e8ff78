"""The "broker" peer: commands go through to the port, facts from the port come back into the line in their order.

The port may tell facts from any thread. Writing to disk never holds up the thread that reads the socket: as an actor this
peer has an inbox of its own, and at a desk, where nobody who speaks waits for the disk, it needs none (``bot.actors.passage``).
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.domain.errors import RestartTheLine
from bot.domain.messages import MachineFailed, Message
from bot.domain.port import BrokerPort
from bot.wiring import BROKER, ROUTES

BROKER_COMMANDS = frozenset(kind for kind, row in ROUTES.items() if BROKER in row)


class BrokerLink:
    """Machine-shaped, around a port."""

    def __init__(self, port: BrokerPort) -> None:
        self._port = port

    def handle(self, message: Message) -> Iterator[Message]:
        """Raises RestartTheLine for a fault in the port: like any other machine's, it stops the line."""
        if isinstance(message, MachineFailed):
            raise RestartTheLine(f"{message.component}: {message.error}: {message.message}")
        if type(message) in BROKER_COMMANDS:
            self._port.send(message)
        else:
            yield message

    def remember(self, message: Message) -> None:
        """The broker keeps its own books."""
