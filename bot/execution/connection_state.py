"""Whether the broker can be spoken to, and whether we agree with it. Rule: silence is not agreement: after every new
connection the books are not believed until a complete snapshot was reconciled."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain import broker_messages as b
from bot.domain.messages import Message, Reconciled

LINK_CODES = frozenset({1100, 1101, 1102, 1300, 2110})
"""Codes about the way to IB itself; every other LinkChanged is about one data farm and does not hold orders up."""


@dataclass(slots=True)
class ConnectionState:
    is_connected: bool = False
    is_up: bool = False
    is_reconciled: bool = False
    client_id: int = 0
    has_agreed: bool = False
    """Reconciled since the connection was made, though the way to IB may have broken and opened since."""

    @property
    def can_act(self) -> bool:
        return self.is_connected and self.is_up and self.is_reconciled

    @property
    def can_ask(self) -> bool:
        return self.is_connected and self.is_up

    def learn(self, message: Message) -> bool:
        """Take the news in; True when the way to the broker has just opened and everything must be asked anew."""
        if isinstance(message, b.BrokerConnected):
            self.is_connected, self.is_up, self.is_reconciled = True, True, False
            self.has_agreed = False
            self.client_id = message.client_id
            return True
        if isinstance(message, b.BrokerDisconnected):
            self.is_connected = self.is_up = self.is_reconciled = self.has_agreed = False
        elif isinstance(message, b.LinkChanged) and message.code in LINK_CODES:
            self.is_up = message.up
            self.is_reconciled = False
            return message.up and self.is_connected
        elif isinstance(message, Reconciled):
            self.is_reconciled = self.has_agreed = True
        return False
