"""Whether the broker can be spoken to, and whether we agree with it. Rule: silence is not agreement: after every new
connection the books are not believed until a complete snapshot was reconciled."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain import broker_messages as b
from bot.domain.machine import Applies
from bot.domain.messages import Reconciled

# IBKR Campus, "System Message Codes" and "Warning Message Codes".
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

    def applies(self) -> Applies:
        return {
            b.BrokerConnected: self._connected,
            b.BrokerDisconnected: self._disconnected,
            b.LinkChanged: self._link_changed,
            Reconciled: self._reconciled,
        }

    def has_opened(self, news: b.BrokerConnected | b.LinkChanged) -> bool:
        """Whether the way to the broker has just opened, so that everything must be asked again."""
        if isinstance(news, b.BrokerConnected):
            return True
        return news.code in LINK_CODES and news.up and self.is_connected

    def _connected(self, news: b.BrokerConnected) -> None:
        self.is_connected, self.is_up, self.is_reconciled = True, True, False
        self.has_agreed = False
        self.client_id = news.client_id

    def _disconnected(self, _: b.BrokerDisconnected) -> None:
        self.is_connected = self.is_up = self.is_reconciled = self.has_agreed = False

    def _link_changed(self, news: b.LinkChanged) -> None:
        if news.code in LINK_CODES:
            self.is_up, self.is_reconciled = news.up, False

    def _reconciled(self, _: Reconciled) -> None:
        self.is_reconciled = self.has_agreed = True
