"""What every broker must do, whichever peer is behind the port: the same tests over all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from bot.domain import broker_messages as b
from bot.domain.market import BarSize, DataType
from bot.domain.order import LIVE, OrderStatus, OrderType
from bot.domain.session import session_on
from bot.domain.types import OrderRef, Right, SecType, Side
from bot.sim.market.recorded.bars import bars_1m
from tests.broker.peers import DAY, PEERS, Peer, bracket

pytestmark = pytest.mark.line
CENT = Decimal("0.01")


@pytest.fixture(params=PEERS)
def peer(request: pytest.FixtureRequest) -> Iterator[Peer]:
    peer = Peer(request.param)
    yield peer
    peer.close()


@pytest.fixture(params=PEERS)
def thin_peer(request: pytest.FixtureRequest) -> Iterator[Peer]:
    """A market that shows one contract at a time, so that orders fill in parts."""
    peer = Peer(request.param, displayed_size=1)
    yield peer
    peer.close()


def last_status(peer: Peer, ref: OrderRef) -> b.OrderStatusChanged:
    found: b.OrderStatusChanged = [x for x in peer.facts.of(b.OrderStatusChanged) if x.ref == ref][-1]
    return found


def snapshot(peer: Peer) -> b.Snapshot:
    peer.send(b.TakeSnapshot("contract", peer.now))
    found: b.Snapshot = peer.facts.of(b.SnapshotTaken)[-1].snapshot
    return found


# ── session and contracts ──


def test_connected_comes_first_with_the_account(peer: Peer) -> None:
    first = peer.facts.all[0]
    assert isinstance(first, b.BrokerConnected)
    assert (first.account, first.client_id) == ("DU1234567", 7)
    assert first.next_order_id >= 1
    assert peer.facts.of(b.AccountUpdated)[0].values.net_liquidation == Decimal(25_000)


def test_an_underlying_is_qualified_whole(peer: Peer) -> None:
    stock = peer.underlying()
    assert (stock.symbol, stock.sec_type, stock.con_id) == ("SPY", SecType.STOCK, 756733)
    assert (stock.currency, stock.exchange, stock.multiplier) == ("USD", "SMART", 1)


def test_a_symbol_that_does_not_exist_fails_by_name(peer: Peer) -> None:
    peer.send(b.QualifyUnderlying("NOPE"))
    assert peer.facts.of(b.RequestFailed)[0].subject == "underlying:NOPE"


def test_the_chain_is_a_superset_of_what_exists(peer: Peer) -> None:
    stock = peer.underlying()
    peer.send(b.ListChain(stock))
    chain = peer.facts.of(b.ChainListed)[0].chain
    assert (chain.symbol, chain.underlying_con_id, chain.multiplier) == ("SPY", stock.con_id, 100)
    assert list(chain.expiries) == sorted(chain.expiries)
    assert list(chain.strikes) == sorted(chain.strikes)
    peer.send(b.QualifyOptions(stock, chain.trading_class, chain.expiries[0], chain.strikes))
    real = peer.facts.of(b.OptionsQualified)[0].contracts
    pairs = {(x.strike, x.right) for x in real}
    assert 0 < len(pairs) < 2 * len(chain.strikes)
    assert len(pairs) == len(real)
    assert {strike for strike, _ in pairs} <= set(chain.strikes)


def test_a_qualified_option_is_complete(peer: Peer) -> None:
    call = peer.call()
    assert (call.symbol, call.sec_type, call.right, call.strike) == (
        "SPY",
        SecType.OPTION,
        Right.CALL,
        Decimal(126),
    )
    assert (call.multiplier, call.currency, call.trading_class) == (100, "USD", "SPY")
    assert call.con_id > 0
    assert call.expiry is not None
    assert call.ticks.is_on_grid(Decimal("1.23"))


# ── data ──


def test_history_then_every_closed_bar_once_and_as_recorded(peer: Peer) -> None:
    stock = peer.underlying()
    peer.send(b.WatchBars(stock, BarSize.M1, 2))
    past = peer.facts.of(b.BarsBackfilled)[0].bars
    assert len(past) == 2 * 390
    assert [bar.start for bar in past] == sorted({bar.start for bar in past})
    for _ in range(21):
        peer.advance(minutes=1)
    live = [fact.bar for fact in peer.facts.of(b.BarReceived)]
    recorded = bars_1m("SPY", DAY)
    assert len(live) >= 15
    assert live == list(recorded[: len(live)])


def test_the_first_hours_bar_is_half_as_long(peer: Peer) -> None:
    stock = peer.underlying()
    peer.send(b.WatchBars(stock, BarSize.M60, 3))
    assert len(peer.facts.of(b.BarsBackfilled)[0].bars) == 3 * 7
    for _ in range(5):
        peer.advance(minutes=8)
    session = session_on(DAY)
    assert session is not None
    first = peer.facts.of(b.BarReceived)[0].bar
    assert (first.start, first.end.minute, first.size) == (session.open, 0, BarSize.M60)


def test_the_last_bar_of_the_day_is_told_without_a_successor(peer: Peer) -> None:
    session = session_on(DAY)
    assert session is not None
    peer.place.advance_to(peer.broker, session.close.replace(hour=20, minute=50))
    stock = peer.underlying()
    peer.send(b.WatchBars(stock, BarSize.M1, 1))
    for _ in range(11):
        peer.advance(minutes=1)
    peer.advance(seconds=20)
    told = [*peer.facts.of(b.BarsBackfilled)[0].bars, *(x.bar for x in peer.facts.of(b.BarReceived))]
    assert told[-1].end == session.close
    assert told == list(bars_1m("SPY", DAY))


def test_a_stock_and_an_option_are_quoted_by_con_id(peer: Peer) -> None:
    call = peer.call()
    stock = peer.underlying()
    peer.send(b.WatchQuote(stock))
    option = peer.quote(call)
    spot = [x.quote for x in peer.facts.of(b.QuoteReceived) if x.quote.con_id == stock.con_id][-1]
    assert spot.bid is not None
    assert option.bid is not None
    assert option.ask is not None
    assert spot.bid > 100 > option.ask > option.bid
    assert (option.data_type, option.symbol) == (DataType.LIVE, "SPY")
    assert option.volume is not None
    assert option.open_interest is not None
    assert spot.delta is None


def test_greeks_belong_to_the_brokers_model(peer: Peer) -> None:
    call = peer.call()
    peer.quote(call)
    peer.advance(minutes=1)
    latest = [x.quote for x in peer.facts.of(b.QuoteReceived) if x.quote.con_id == call.con_id][-1]
    assert latest.delta is not None
    assert latest.underlying_price is not None
    assert 0 < latest.delta < 1
    assert latest.underlying_price > 100


def test_after_unwatch_nothing_more_is_told(peer: Peer) -> None:
    call = peer.call()
    peer.quote(call)
    peer.send(b.UnwatchQuote(call))
    told = len(peer.facts.of(b.QuoteReceived))
    peer.advance(minutes=5)
    assert len(peer.facts.of(b.QuoteReceived)) == told


# ── orders ──


def test_a_bracket_lives_from_entry_to_exit(peer: Peer) -> None:
    call = peer.call()
    quote = peer.quote(call)
    assert quote.ask is not None
    assert quote.bid is not None
    entry, target, stop = bracket(call, quote.ask)
    peer.send(b.SendOrders((entry, target, stop), peer.now))
    assert last_status(peer, "i/entry").status is OrderStatus.FILLED
    assert last_status(peer, "i/target").status is OrderStatus.WORKING
    assert last_status(peer, "i/stop").status is OrderStatus.HELD
    seen = {x.order.ref: x.order for x in peer.facts.of(b.OrderSeen)}
    assert (seen["i/stop"].type, seen["i/stop"].stop_price, seen["i/stop"].tif) == (
        OrderType.STOP,
        stop.stop_price,
        "GTC",
    )
    assert seen["i/target"].oca_group == seen["i/stop"].oca_group != ""
    assert peer.place.books().working_stops[call.con_id] == 2
    peer.send(b.SendRevision("i/target", quote.bid - 5 * CENT, 2, peer.now))
    assert last_status(peer, "i/target").status is OrderStatus.FILLED
    assert last_status(peer, "i/stop").status is OrderStatus.CANCELLED
    fills = [x.fill for x in peer.facts.of(b.Filled)]
    assert sum(fill.signed_quantity for fill in fills) == 0
    assert {x.exec_id for x in peer.facts.of(b.CommissionCharged)} == {fill.exec_id for fill in fills}
    assert not peer.place.books().positions.get(call.con_id)


def test_children_are_held_until_the_parent_fills(peer: Peer) -> None:
    call = peer.call()
    quote = peer.quote(call)
    assert quote.bid is not None
    peer.send(b.SendOrders(bracket(call, quote.bid - 60 * CENT), peer.now))
    assert last_status(peer, "i/entry").status is OrderStatus.WORKING
    assert {last_status(peer, ref).status for ref in ("i/target", "i/stop")} == {OrderStatus.HELD}
    peer.send(b.SendCancel("i/entry", peer.now))
    ended = {last_status(peer, f"i/{leg}").status for leg in ("entry", "target", "stop")}
    assert ended == {OrderStatus.CANCELLED}
    assert not peer.facts.of(b.Filled)


def test_an_entry_that_fills_in_parts_is_told_part_by_part(thin_peer: Peer) -> None:
    peer = thin_peer
    call = peer.call()
    quote = peer.quote(call)
    assert quote.ask is not None
    peer.send(b.SendOrders(bracket(call, quote.ask + 40 * CENT, quantity=3), peer.now))
    for _ in range(6):
        peer.advance(minutes=1)
    entries = [x.fill for x in peer.facts.of(b.Filled) if x.fill.order_ref == "i/entry"]
    assert len(entries) > 1
    assert sum(fill.quantity for fill in entries) == 3
    counts = [x.filled for x in peer.facts.of(b.OrderStatusChanged) if x.ref == "i/entry"]
    assert counts == sorted(counts)
    assert counts[-1] == 3


def test_a_revision_moves_the_price_and_nothing_else(peer: Peer) -> None:
    call = peer.call()
    quote = peer.quote(call)
    assert quote.ask is not None
    peer.send(b.SendOrders(bracket(call, quote.ask), peer.now))
    higher = quote.ask + 70 * CENT
    peer.send(b.SendRevision("i/target", higher, 2, peer.now))
    moved = next(x for x in snapshot(peer).open_orders if x.ref == "i/target")
    assert (moved.limit_price, moved.quantity, moved.tif) == (higher, 2, "GTC")
    stop = next(x for x in snapshot(peer).open_orders if x.ref == "i/stop")
    peer.send(b.SendRevision("i/stop", quote.ask - 40 * CENT, 2, peer.now))
    revised = next(x for x in snapshot(peer).open_orders if x.ref == "i/stop")
    assert (revised.stop_price, revised.perm_id) == (quote.ask - 40 * CENT, stop.perm_id)
    assert revised.oca_group == moved.oca_group


def test_an_order_off_the_grid_is_refused(peer: Peer) -> None:
    call = peer.call()
    quote = peer.quote(call)
    assert quote.bid is not None
    odd = replace(bracket(call, quote.bid)[0], limit_price=quote.bid + Decimal("0.003"), transmit=True)
    peer.send(b.SendOrders((odd,), peer.now))
    assert [(x.ref, x.code) for x in peer.facts.of(b.OrderRefused)] == [("i/entry", 110)]
    assert not peer.place.books().positions.get(call.con_id)


def test_what_is_not_held_cannot_be_sold(peer: Peer) -> None:
    call = peer.call()
    quote = peer.quote(call)
    assert quote.bid is not None
    short = replace(bracket(call, quote.bid)[0], ref="i/target", side=Side.SELL, transmit=True)
    peer.send(b.SendOrders((short,), peer.now))
    assert [(x.ref, x.code) for x in peer.facts.of(b.OrderRefused)] == [("i/target", 201)]


def test_the_same_intent_is_never_sent_twice(peer: Peer) -> None:
    call = peer.call()
    quote = peer.quote(call)
    assert quote.bid is not None
    family = bracket(call, quote.bid - 60 * CENT)
    for _ in range(2):
        peer.send(b.SendOrders(family, peer.now))
    assert peer.place.books().orders_received == 3


def test_a_cancel_of_what_has_ended_brings_no_second_verdict(peer: Peer) -> None:
    call = peer.call()
    quote = peer.quote(call)
    assert quote.ask is not None
    peer.send(b.SendOrders(bracket(call, quote.ask), peer.now))
    peer.send(b.SendCancel("i/entry", peer.now))
    assert last_status(peer, "i/entry").status is OrderStatus.FILLED
    assert last_status(peer, "i/stop").status in LIVE


def test_an_unknown_order_cannot_be_cancelled(peer: Peer) -> None:
    peer.send(b.SendCancel("x/entry", peer.now))
    assert [x.subject for x in peer.facts.of(b.RequestFailed)] == ["cancel:x/entry"]


def test_a_what_if_costs_nothing_and_says_what_it_would(peer: Peer) -> None:
    call = peer.call()
    quote = peer.quote(call)
    assert quote.ask is not None
    peer.send(b.QuoteMargin("i", bracket(call, quote.ask)[0]))
    quoted = peer.facts.of(b.MarginQuoted)[0]
    assert quoted.idea_id == "i"
    assert quoted.initial_margin_change is not None
    assert quoted.equity_with_loan_after is not None
    assert quoted.commission is not None
    assert quoted.commission > 0
    assert peer.place.books().orders_received == 0
    assert snapshot(peer).open_orders == ()


# ── snapshots and lives ──


def test_a_snapshot_holds_all_that_the_broker_knows(peer: Peer) -> None:
    call = peer.call()
    quote = peer.quote(call)
    assert quote.ask is not None
    peer.send(b.SendOrders(bracket(call, quote.ask), peer.now))
    whole = snapshot(peer)
    assert {x.ref for x in whole.open_orders} == {"i/target", "i/stop"}
    assert [(x.ref, x.status, x.filled) for x in whole.completed_orders] == [
        ("i/entry", OrderStatus.FILLED, 2)
    ]
    assert sum(fill.quantity for fill in whole.fills) == 2
    assert {x.exec_id for x in whole.commissions} == {fill.exec_id for fill in whole.fills}
    assert [(x.contract.con_id, x.quantity) for x in whole.positions] == [(call.con_id, 2)]
    assert whole.account.net_liquidation is not None
    asked = peer.facts.of(b.SnapshotTaken)[-1]
    assert (asked.reason, asked.requested_at) == ("contract", peer.now)


def test_in_a_new_life_every_live_order_is_known_by_its_ref(peer: Peer) -> None:
    call = peer.call()
    quote = peer.quote(call)
    assert quote.ask is not None
    peer.send(b.SendOrders(bracket(call, quote.ask), peer.now))
    stop = next(x for x in snapshot(peer).open_orders if x.ref == "i/stop")
    next_id = peer.facts.of(b.BrokerConnected)[0].next_order_id
    peer.live_again()
    assert peer.facts.of(b.BrokerConnected)[0].next_order_id > next_id
    peer.send(b.SendRevision("i/target", quote.ask + 60 * CENT, 2, peer.now))
    known = {x.ref: x for x in snapshot(peer).open_orders}
    assert known["i/target"].limit_price == quote.ask + 60 * CENT
    assert known["i/stop"].perm_id == stop.perm_id
    peer.send(b.SendCancel("i/stop", peer.now))
    assert "i/stop" not in {x.ref for x in snapshot(peer).open_orders}


def test_an_intent_of_an_earlier_life_is_not_sent_again(peer: Peer) -> None:
    call = peer.call()
    quote = peer.quote(call)
    assert quote.bid is not None
    family = bracket(call, quote.bid - 60 * CENT)
    peer.send(b.SendOrders(family, peer.now))
    peer.live_again()
    peer.send(b.SendOrders(family, peer.now))
    assert peer.place.books().orders_received == 3
