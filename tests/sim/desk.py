"""A client at a desk: an unmodified client library, a gateway whose time the test moves, and a loop that runs both.

Synchronous on purpose: ``do`` runs one of the library's coroutines, ``advance`` lets simulated time pass and returns when
the client has read all that came of it.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from datetime import date
from typing import Any

from bot.sim.exchange.exchange_settings import ExchangeSettings
from bot.sim.gateway.settings import GatewaySettings
from bot.sim.server.thread import SimGatewayThread
from bot.sim.world.build import recorded_world
from bot.sim.world.world import World

DAY = date(2011, 1, 4)
LIBRARIES = ("ib_insync", "ib_async")
PATIENT = GatewaySettings(messages_per_second=None)
_TIMEOUT_S = 120


class Desk:
    """``lib`` is the client library's module, ``ib`` its connected client 1, ``errors`` what it was told (id, code, text)."""

    def __init__(self, library: str, world: World | None = None, **settings: Any) -> None:
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        self.lib = importlib.import_module(library)
        given = settings.pop("gateway", None)
        self.gateway = given or SimGatewayThread(
            world or recorded_world(["SPY"], DAY), settings=_settings(settings)
        )
        self.errors: list[tuple[int, int, str]] = []
        self._clients: list[Any] = []
        self.ib = self.connect(1)

    @classmethod
    def at(cls, library: str, gateway: SimGatewayThread) -> Desk:
        """At a gateway that others use, too: :meth:`leave` ends it."""
        return cls(library, gateway=gateway)

    def connect(self, client_id: int, **options: Any) -> Any:
        """Another client."""
        ib = self.lib.IB()
        ib.errorEvent += lambda req_id, code, text, _contract: self.errors.append((req_id, code, text))
        self._clients.append(ib)
        options = {"timeout": 4, **options}
        self.do(ib.connectAsync("127.0.0.1", self.door, clientId=client_id, **options))
        return ib

    @property
    def door(self) -> int:
        """The port that clients connect to."""
        return self.gateway.port

    def do(self, work: Any) -> Any:
        return self.loop.run_until_complete(asyncio.wait_for(work, _TIMEOUT_S))

    def start(self, work: Any) -> asyncio.Future[Any]:
        """Begin something that needs simulated time to end."""
        task: asyncio.Future[Any] = asyncio.ensure_future(work, loop=self.loop)
        self.settle()
        return task

    def advance(self, **span: float) -> None:
        self.do(asyncio.to_thread(self.gateway.advance, **span))
        self.settle()

    def settle(self) -> None:
        """Let every client hear what the gateway has said by now."""
        for ib in self._clients:
            if ib.isConnected():
                self.do(_round_trip(ib))

    def codes(self) -> list[int]:
        """The codes of errors that concern a request or an order."""
        return [code for req_id, code, _ in self.errors if req_id != -1]

    def system_codes(self) -> list[int]:
        return [code for req_id, code, _ in self.errors if req_id == -1]

    # ── what most tests begin with

    def open_market(self) -> None:
        """Ten minutes into the session."""
        self.advance(minutes=15)

    def spy(self) -> Any:
        stock = self.lib.Stock("SPY", "SMART", "USD")
        self.do(self.ib.qualifyContractsAsync(stock))
        return stock

    def option(self, *, right: str = "C", strike: float = 127.0) -> Any:
        contract = self.lib.Option("SPY", "20110121", strike, right, "SMART", "100", "USD")
        self.do(self.ib.qualifyContractsAsync(contract))
        return contract

    def quote(self, contract: Any) -> Any:
        """A ticker that streams."""
        ticker = self.ib.reqMktData(contract, "")
        self.settle()
        return ticker

    def close(self) -> None:
        self.leave(self.gateway.stop)

    def leave(self, last: Callable[[], None] = lambda: None) -> None:
        """Disconnect its clients, and do ``last``."""
        for ib in self._clients:
            ib.disconnect()
        self.loop.run_until_complete(asyncio.sleep(0))
        last()
        self.loop.close()
        asyncio.set_event_loop(None)


def _settings(changes: dict[str, Any]) -> GatewaySettings:
    return GatewaySettings(**{"messages_per_second": None, **changes})


def fair_world(**exchange_settings: Any) -> World:
    """SPY's recorded day with exchange_settings turned."""
    return recorded_world(["SPY"], DAY, exchange_settings=ExchangeSettings(**exchange_settings))


async def _round_trip(ib: Any) -> None:
    await ib.reqCurrentTimeAsync()
