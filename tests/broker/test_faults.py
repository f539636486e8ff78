"""The adapter against a simulated gateway that breaks in the ways real ones do. What must come back, comes back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.domain import broker_messages as b
from bot.domain.market import BarSize
from bot.domain.order import OrderStatus
from bot.sim.faults.handle import FaultHandle
from tests.broker.peers import GatewayPlace, Peer, bracket

pytestmark = pytest.mark.line


@pytest.fixture(params=["ib_insync", "ib_async"])
def peer(request: pytest.FixtureRequest) -> Iterator[Peer]:
    peer = Peer(request.param)
    yield peer
    peer.close()


def faults(peer: Peer) -> FaultHandle:
    assert isinstance(peer.place, GatewayPlace)
    return peer.place.gateway.faults


def reconnected(peer: Peer, count: int = 2) -> b.BrokerConnected:
    found: b.BrokerConnected = peer.facts.wait_for(b.BrokerConnected, count)
    peer.place.settle(peer.broker)
    return found


def feed(peer: Peer) -> None:
    """Bars and a quote of SPY, ten minutes into the day."""
    stock = peer.underlying()
    peer.send(b.WatchBars(stock, BarSize.M1, 1), b.WatchQuote(stock))
    peer.advance(minutes=15)


def told_bars(peer: Peer) -> list[b.BarReceived]:
    return [fact for fact in peer.facts.of(b.BarReceived) if fact.bar.size is BarSize.M1]


def assert_feeds_flow(peer: Peer) -> None:
    bars, quotes = len(told_bars(peer)), len(peer.facts.of(b.QuoteReceived))
    for _ in range(3):
        peer.advance(minutes=1)
    assert len(told_bars(peer)) >= bars + 2
    assert len(peer.facts.of(b.QuoteReceived)) > quotes
    starts = [fact.bar.start for fact in told_bars(peer)]
    assert starts == sorted(set(starts))


def test_feeds_come_back_after_a_dropped_socket(peer: Peer) -> None:
    feed(peer)
    faults(peer).drop_socket()
    reconnected(peer)
    assert_feeds_flow(peer)
    assert len(peer.facts.of(b.BarsBackfilled)) == 2


@pytest.mark.parametrize("code", [1101, 1102])
def test_feeds_come_back_after_a_server_reset(peer: Peer, code: int) -> None:
    feed(peer)
    faults(peer).outage(seconds=90, then=code)
    peer.advance(minutes=2)
    assert [fact.code for fact in peer.facts.of(b.LinkChanged)] == [1100, code]
    assert_feeds_flow(peer)


def test_feeds_come_back_after_a_farm_blip_that_killed_them(peer: Peer) -> None:
    feed(peer)
    faults(peer).farm("usfarm", seconds=3, dead_after=True)
    peer.advance(minutes=1)
    assert [fact.up for fact in peer.facts.of(b.LinkChanged)] == [False, True]
    assert_feeds_flow(peer)


def test_bars_come_back_after_a_bust(peer: Peer) -> None:
    feed(peer)
    faults(peer).bust()
    peer.place.settle(peer.broker)
    peer.facts.wait_for(b.BarsBackfilled, 2)
    assert_feeds_flow(peer)


def test_a_fill_during_a_server_reset_is_in_the_next_snapshot(peer: Peer) -> None:
    call = peer.call()
    quote = peer.quote(call)
    assert quote.ask is not None
    peer.send(b.SendOrders(bracket(call, quote.ask), peer.now))
    faults(peer).outage(seconds=60, then=1102)
    faults(peer).gap("SPY", -2.0)
    peer.advance(minutes=3)
    peer.send(b.TakeSnapshot("restored", peer.now))
    whole = peer.facts.of(b.SnapshotTaken)[0].snapshot
    assert sum(fill.signed_quantity for fill in whole.fills) == 0
    assert whole.positions == ()
    assert {fill.order_ref for fill in whole.fills} == {"i/entry", "i/stop"}


def test_after_a_nightly_restart_that_rolls_ids_back_orders_are_still_ours(peer: Peer) -> None:
    call = peer.call()
    quote = peer.quote(call)
    assert quote.ask is not None
    peer.send(b.SendOrders(bracket(call, quote.ask), peer.now))
    used = max(fact.order_id for fact in peer.facts.of(b.OrderStatusChanged))
    faults(peer).restart(seconds=60, roll_back_ids=True)
    peer.facts.wait_for(b.BrokerDisconnected)
    assert isinstance(peer.place, GatewayPlace)
    peer.place.gateway.advance(minutes=2)
    assert reconnected(peer).next_order_id > used
    peer.send(b.SendCancel("i/target", peer.now))
    ended = [x for x in peer.facts.of(b.OrderStatusChanged) if x.status is OrderStatus.CANCELLED]
    assert "i/target" in {fact.ref for fact in ended}


def test_a_fill_is_told_although_no_status_ever_comes(peer: Peer) -> None:
    call = peer.call()
    quote = peer.quote(call)
    assert quote.ask is not None
    faults(peer).message("orderStatus", "drop", count=None)
    peer.send(b.SendOrders(bracket(call, quote.ask), peer.now))
    assert sum(x.fill.quantity for x in peer.facts.of(b.Filled)) == 2
    assert not peer.facts.of(b.OrderStatusChanged)


def test_a_preset_that_rewrites_the_tif_does_not_end_an_order(peer: Peer) -> None:
    call = peer.call()
    quote = peer.quote(call)
    assert quote.ask is not None
    peer.send(b.SendOrders(bracket(call, quote.ask), peer.now))
    stop = [x for x in peer.facts.of(b.OrderStatusChanged) if x.ref == "i/stop"][-1]
    faults(peer).say(
        10349, "Order TIF was set to DAY based on order preset.", req_id=stop.order_id, client_id=7
    )
    told = len(peer.facts.of(b.OrderStatusChanged))
    peer.place.settle(peer.broker)
    assert len(peer.facts.of(b.OrderStatusChanged)) == told
    assert not peer.facts.of(b.OrderRefused)


def test_an_order_typed_into_tws_is_in_the_snapshot_without_a_ref(peer: Peer) -> None:
    call = peer.call()
    quote = peer.quote(call)
    assert quote.bid is not None
    assert quote.bid > 1
    faults(peer).manual_order(con_id=call.con_id, action="BUY", quantity=1, order_type="LMT", limit=1.0)
    peer.send(b.TakeSnapshot("look", peer.now))
    foreign = peer.facts.of(b.SnapshotTaken)[0].snapshot.open_orders
    assert [(x.ref, x.client_id, x.contract.con_id) for x in foreign] == [("", 0, call.con_id)]


def test_a_correction_of_a_fill_is_told_as_what_it_is(peer: Peer) -> None:
    call = peer.call()
    quote = peer.quote(call)
    assert quote.ask is not None
    peer.send(b.SendOrders(bracket(call, quote.ask), peer.now))
    faults(peer).correct_execution(price=float(quote.ask) - 0.01)
    peer.place.settle(peer.broker)
    first, corrected = (x.fill for x in peer.facts.of(b.Filled))
    assert first.exec_id.rpartition(".")[0] == corrected.exec_id.rpartition(".")[0]
    assert corrected.exec_id > first.exec_id


def test_a_contract_without_live_data_is_shown_delayed_and_says_so(peer: Peer) -> None:
    stock = peer.underlying()
    faults(peer).unsubscribed()
    peer.send(b.WatchQuote(stock))
    peer.advance(minutes=30)
    assert {fact.code for fact in peer.facts.of(b.RequestFailed)} == {10089}
    assert {fact.data_type.value for fact in peer.facts.of(b.DataTypeChanged)} == {"delayed"}
    assert {fact.quote.data_type.value for fact in peer.facts.of(b.QuoteReceived)} == {"delayed"}


def test_re_centrings_leave_no_line_behind_at_the_gateway(peer: Peer) -> None:
    call, other = peer.call("126"), peer.call("127")
    for _ in range(50):
        for command in (b.WatchQuote(call), b.UnwatchQuote(call), b.WatchQuote(other), b.UnwatchQuote(other)):
            peer.broker.send(command)
    peer.send(b.WatchQuote(call))
    assert isinstance(peer.place, GatewayPlace)
    families = peer.place.gateway.ask(
        lambda core: [family for session in core.sessions.values() for family, _ in session.subscriptions]
    )
    assert families.count("line") == 1
    assert not peer.facts.of(b.RequestFailed)
