"""The three peers behind one port: the loopback exchange, and the adapter over either library against the simulated
gateway. Each lives in a world of its own, whose time only the test moves.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from bot.broker.ibkr import IbkrBroker
from bot.domain import broker_messages as b
from bot.domain.contract import Contract
from bot.domain.market import Quote
from bot.domain.messages import MachineFailed
from bot.domain.order import Order, OrderType, Tif
from bot.domain.port import BrokerPort
from bot.domain.types import Right, Side
from bot.sim.exchange.exchange_settings import ExchangeSettings
from bot.sim.loopback.loopback import LoopbackBroker
from bot.sim.server.thread import SimGatewayThread
from bot.sim.world.build import recorded_world
from bot.sim.world.ledger import AccountLedger
from tests.broker.script import TIMEOUT_S, Heard, settings

DAY = date(2011, 1, 7)
CLIENT = 7
PEERS = ("loopback", "ib_insync", "ib_async")


class Place(Protocol):
    """Where a peer's broker lives; it outlives the broker."""

    def new_broker(self) -> BrokerPort: ...
    def now(self) -> datetime: ...
    def advance_to(self, broker: BrokerPort, at: datetime) -> None: ...
    def settle(self, broker: BrokerPort) -> None: ...
    def books(self) -> AccountLedger: ...
    def close(self) -> None: ...


class LoopbackPlace:
    def __init__(self, exchange_settings: ExchangeSettings) -> None:
        self._world = recorded_world(["SPY"], DAY, exchange_settings=exchange_settings)

    def new_broker(self) -> BrokerPort:
        return LoopbackBroker(self._world, CLIENT)

    def now(self) -> datetime:
        return self._world.now

    def advance_to(self, broker: BrokerPort, at: datetime) -> None:
        assert isinstance(broker, LoopbackBroker)
        broker.advance_to(at)

    def settle(self, broker: BrokerPort) -> None:
        """It answers before it returns."""

    def books(self) -> AccountLedger:
        return self._world.books()

    def close(self) -> None:
        """Nothing is open."""


class GatewayPlace:
    def __init__(self, library: str, exchange_settings: ExchangeSettings) -> None:
        self._library = library
        self.gateway = SimGatewayThread(recorded_world(["SPY"], DAY, exchange_settings=exchange_settings))
        self._now = self.gateway.now

    def new_broker(self) -> BrokerPort:
        quick = settings(self.gateway.port, client_id=CLIENT, shortest_deadline_wall_s=5.0)
        return IbkrBroker(quick, self.now, library=self._library)

    def now(self) -> datetime:
        return self._now

    def advance_to(self, broker: BrokerPort, at: datetime) -> None:
        self.gateway.advance_to(at)
        self._now = at
        self.settle(broker)

    def settle(self, broker: BrokerPort) -> None:
        assert isinstance(broker, IbkrBroker)
        broker.settle(TIMEOUT_S)

    def books(self) -> AccountLedger:
        return self.gateway.books()

    def close(self) -> None:
        self.gateway.stop()


class Peer:
    """One broker at one place, and what it has told."""

    def __init__(self, name: str, **exchange_settings: Any) -> None:
        chosen = ExchangeSettings(**exchange_settings)
        self.place: Place = LoopbackPlace(chosen) if name == "loopback" else GatewayPlace(name, chosen)
        self.facts = Heard()
        self.broker = self._start()

    def _start(self) -> BrokerPort:
        broker = self.place.new_broker()
        broker.start(self.facts.add)
        self.facts.wait_for(b.BrokerConnected)
        self.place.settle(broker)
        return broker

    def live_again(self) -> None:
        """Stop the broker and start another in the same world: what was told before is forgotten."""
        self.broker.stop(TIMEOUT_S)
        self.facts = Heard()
        self.broker = self._start()

    def close(self) -> None:
        self.broker.stop(TIMEOUT_S)
        self.place.close()
        assert not self.facts.of(MachineFailed)

    def send(self, *commands: Any) -> None:
        for command in commands:
            self.broker.send(command)
        self.place.settle(self.broker)

    def advance(self, **span: float) -> None:
        self.place.advance_to(self.broker, self.now + timedelta(**span))

    @property
    def now(self) -> datetime:
        return self.place.now()

    # ── what most tests begin with ──

    def underlying(self) -> Contract:
        self.send(b.QualifyUnderlying("SPY"))
        found: Contract = self.facts.of(b.UnderlyingQualified)[-1].contract
        return found

    def call(self, strike: str = "126") -> Contract:
        """A call of the second expiry, so that nothing expires during a test."""
        stock = self.underlying()
        self.send(b.ListChain(stock))
        chain = self.facts.of(b.ChainListed)[-1].chain
        wanted = b.QualifyOptions(
            stock, chain.trading_class, chain.expiries[1], (Decimal(strike),), (Right.CALL,)
        )
        self.send(wanted)
        found: Contract = self.facts.of(b.OptionsQualified)[-1].contracts[0]
        return found

    def quote(self, contract: Contract) -> Quote:
        """Its latest two-sided quote, watched since the open."""
        self.send(b.WatchQuote(contract))
        self.advance(minutes=10)
        quotes: list[Quote] = [
            fact.quote for fact in self.facts.of(b.QuoteReceived) if fact.quote.con_id == contract.con_id
        ]
        assert quotes[-1].bid is not None
        return quotes[-1]


def bracket(
    contract: Contract, entry: Decimal, *, quantity: int = 2, idea: str = "i"
) -> tuple[Order, Order, Order]:
    """Entry, target 50 cents above and stop 50 cents below."""
    half = Decimal("0.5")
    first = Order(
        ref=f"{idea}/entry",
        contract=contract,
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=quantity,
        limit_price=entry,
        transmit=False,
    )
    exits: dict[str, Any] = {
        "contract": contract,
        "side": Side.SELL,
        "quantity": quantity,
        "tif": Tif.GTC,
        "oca_group": idea,
        "parent_ref": first.ref,
    }
    target = Order(
        ref=f"{idea}/target", type=OrderType.LIMIT, limit_price=entry + half, transmit=False, **exits
    )
    stop = Order(ref=f"{idea}/stop", type=OrderType.STOP, stop_price=entry - half, **exits)
    return first, target, stop
