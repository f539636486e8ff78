"""A client of the gateway's core without sockets or library: it speaks the wire's client side and keeps what it hears."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bot.sim.gateway.core import GatewayCore
from bot.sim.gateway.settings import GatewaySettings
from bot.sim.handlers.table import make_core
from bot.sim.world.world import World
from bot.wire import Connection, Role, WireMessage
from tests.sim.desk import fair_world

SPY = {"conId": 756733, "symbol": "SPY", "secType": "STK", "exchange": "SMART", "currency": "USD"}


class RawClient:
    """``heard`` are the messages since the last ``take``; ``stream`` every byte that was received."""

    def __init__(self, core: GatewayCore, client_id: int = 1, *, max_version: int = 178) -> None:
        self.core = core
        self.session = core.connect()
        self.connection = Connection(Role.CLIENT)
        self.heard: list[WireMessage] = []
        self.stream = bytearray()
        self.give(self.connection.open(max_version=max_version))
        if self.session.ending is None and not self.session.is_silent:
            self.say("startApi", clientId=client_id)

    def give(self, data: bytes) -> None:
        self.core.receive(self.session, data)
        self.read()

    def say(self, kind: str, **values: Any) -> list[WireMessage]:
        """Send a request; what came back at once."""
        before = len(self.heard)
        self.give(self.connection.send(kind, **values))
        return self.heard[before:]

    def read(self) -> None:
        """Take in what the gateway has put into the outbox."""
        while data := self.session.take_bytes():
            self.stream += data
            self.connection.receive_data(data)
            while (event := self.connection.next_event()) is not None:
                if isinstance(event, WireMessage):
                    self.heard.append(event)

    def take(self, kind: str | None = None) -> list[WireMessage]:
        """The messages heard since the last time, of one kind or all, forgotten afterwards."""
        self.read()
        taken, self.heard = self.heard, []
        return [message for message in taken if kind in (None, message.kind)]

    def codes(self) -> list[int]:
        """Codes of the errors heard since the last ``take``."""
        self.read()
        return [message.errorCode for message in self.heard if message.kind == "error"]

    @property
    def is_gone(self) -> bool:
        return self.session.ending is not None


class Bench:
    """A core in a fair world, ten minutes into the session, and a way to let time pass."""

    def __init__(self, world: World | None = None, *, open_market: bool = True, **settings: Any) -> None:
        self.core = make_core(
            world or fair_world(), GatewaySettings(**{"messages_per_second": None, **settings}), seed=3
        )
        if open_market:
            self.advance(minutes=15)

    def advance(self, **span: float) -> None:
        self.core.advance_to(self.core.now + timedelta(**span))
        assert self.core.failures == []

    def client(self, client_id: int = 1, **options: Any) -> RawClient:
        return RawClient(self.core, client_id, **options)


def order(order_id: int, **changes: Any) -> dict[str, Any]:
    """The fields of a placeOrder for ten shares of SPY far below the market."""
    terms = {"action": "BUY", "totalQuantity": 10, "orderType": "LMT", "lmtPrice": 100, "tif": "GTC"}
    return {"orderId": order_id, **SPY, **terms, **changes}


def market_order(order_id: int, **changes: Any) -> dict[str, Any]:
    """Ten shares of SPY at the market."""
    return order(order_id, **{"orderType": "MKT", "lmtPrice": None, "tif": "DAY", **changes})
