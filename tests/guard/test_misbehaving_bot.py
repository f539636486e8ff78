"""The bot's own broker adapter, behind which nothing thinks any more: what it sends is held by the guard alone.

The gateway lets everything through (any size, any price, naked sales), and its books are the judge.
"""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.broker.ibkr import IbkrBroker
from bot.broker.orders import order_sender
from bot.domain import broker_messages as b
from bot.domain.contract import Contract
from bot.domain.order import Order, OrderType
from bot.domain.port import BrokerPort
from bot.domain.types import Side
from bot.sim.exchange.exchange_settings import ExchangeSettings
from bot.sim.server.admin import largest_orders
from tests.broker.peers import CLIENT, GatewayPlace, Peer, bracket
from tests.broker.script import Heard, settings
from tests.guard.rig import ROOT, GuardThread, limits

pytestmark = pytest.mark.line
REVISIONS = 20


class GuardedPlace(GatewayPlace):
    """With a guard before the gateway."""

    def __init__(self, directory: Path) -> None:
        lax = ExchangeSettings(short_options_allowed=True, price_collar=None, both_sides_reject=False)
        super().__init__("ib_insync", lax)
        wall = limits(clients={"trade": [CLIENT]}, rates={"revisions": {"minute": REVISIONS, "day": 100}})
        self.guard = GuardThread(wall, self.gateway.port, directory)

    def new_broker(self) -> BrokerPort:
        quick = settings(self.guard.proxy.port, client_id=CLIENT, shortest_deadline_wall_s=5.0)
        return IbkrBroker(quick, self.now, library="ib_insync")

    def close(self) -> None:
        self.guard.stop()
        super().close()


class GuardedPeer(Peer):
    def __init__(self, directory: Path) -> None:
        self.place = self.guarded = GuardedPlace(directory)
        self.facts = Heard()
        self.broker = self._start()

    def positions(self) -> dict[int, int]:
        return {con_id: int(n) for con_id, n in self.place.books().positions.items() if n}


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[GuardedPeer]:
    peer = GuardedPeer(tmp_path)
    yield peer
    peer.close()


def sale(contract: Contract, ref: str, quantity: int) -> Order:
    return Order(ref=ref, contract=contract, side=Side.SELL, type=OrderType.MARKET, quantity=quantity)


def test_what_a_mad_bot_sends_is_held_and_what_it_holds_stays_protected(peer: GuardedPeer) -> None:
    call = peer.call()
    ask = peer.quote(call).ask
    assert ask is not None

    peer.send(b.SendOrders((sale(call, "naked/flatten", 3),), peer.now))
    peer.send(b.SendOrders(bracket(call, ask, quantity=200, idea="tenfold"), peer.now))
    peer.send(b.SendOrders(bracket(call, ask * 3, quantity=2, idea="dear"), peer.now))
    peer.advance(minutes=1)
    assert peer.positions() == {}

    peer.send(b.SendOrders(bracket(call, ask + Decimal("0.05"), quantity=2, idea="fine"), peer.now))
    peer.advance(minutes=1)
    assert peer.positions() == {call.con_id: 2}

    twice = [sale(call, f"twice-{n}/flatten", 2) for n in range(5)]
    peer.send(*(b.SendOrders((order,), peer.now) for order in twice))
    peer.advance(minutes=1)
    assert peer.positions() == {call.con_id: 2}
    assert dict(peer.place.books().working_stops) == {call.con_id: 2}


def test_a_thousand_revisions_become_a_few(peer: GuardedPeer) -> None:
    call = peer.call()
    peer.quote(call)
    entry = replace(bracket(call, Decimal("0.05"), quantity=1, idea="r")[0], transmit=True)
    peer.send(b.SendOrders((entry,), peer.now))
    before = peer.guarded.gateway.books().modifies
    prices = (Decimal("0.05") + Decimal("0.01") * (n % 3) for n in range(1000))
    peer.send(*(b.SendRevision(entry.ref, price, 1, peer.now) for price in prices))

    assert peer.guarded.gateway.books().modifies - before <= REVISIONS
    assert peer.guarded.guard.ask(lambda guard: guard.counts.by_kind["revisions"]) <= REVISIONS


def test_the_bot_of_the_labs_drill_is_mad_and_what_reaches_the_gateway_is_not(
    peer: GuardedPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    mad = runpy.run_path(str(ROOT / "ansible/lab/mad_bot.py"))
    monkeypatch.setattr(order_sender, "why_forbidden", mad["nothing_is_forbidden"])
    monkeypatch.setattr(order_sender.Orders, "_send", mad["gone_mad"](order_sender.Orders._send))
    call = peer.call()
    peer.quote(call)
    peer.send(b.SendOrders(bracket(call, Decimal("0.05"), quantity=3, idea="r"), peer.now))
    books = peer.guarded.gateway.books()
    assert largest_orders(books) == dict.fromkeys(largest_orders(books), 3)
    assert not [name for name in largest_orders(books) if "mad-" in name]
    assert 0 < books.modifies <= REVISIONS
    assert peer.guarded.guard.ask(lambda guard: guard.counts.refused) >= mad["REVISIONS"] - REVISIONS
