"""Connecting, client ids and order ids, as unmodified client libraries see them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.sim.desk import Desk

pytestmark = pytest.mark.line


def test_a_client_gets_the_newest_version_it_speaks(desk: Desk) -> None:
    newest = {"ib_insync": 176, "ib_async": 178}[desk.lib.__name__]
    assert desk.ib.client.serverVersion() == newest


def test_a_client_learns_its_account_and_the_state_of_the_farms(desk: Desk) -> None:
    assert desk.ib.managedAccounts() == ["DU1234567"]
    assert desk.system_codes() == [2104, 2104, 2104, 2106, 2158]


def test_the_current_time_is_the_simulated_one(desk: Desk) -> None:
    assert desk.do(desk.ib.reqCurrentTimeAsync()) == desk.gateway.now.replace(microsecond=0)


def test_a_second_client_with_the_same_id_is_told_326_and_closed(desk: Desk) -> None:
    with pytest.raises((TimeoutError, ConnectionError)):
        desk.connect(1, timeout=0.3)
    assert 326 in desk.system_codes()
    assert desk.ib.isConnected()


def test_an_id_is_free_again_after_its_client_has_gone(desk: Desk) -> None:
    desk.ib.disconnect()
    desk.gateway.settle()
    assert desk.connect(1).isConnected()


def test_no_more_clients_than_the_maximum_are_taken(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(max_clients=2)
    desk.connect(2)
    with pytest.raises((TimeoutError, ConnectionError)):
        desk.connect(3, timeout=0.3)
    assert "maximum of 2 API clients" in desk.errors[-1][2]


def test_next_order_ids_are_kept_by_client_and_survive_a_disconnect(desk: Desk) -> None:
    desk.open_market()
    order = desk.lib.LimitOrder("BUY", 1, 100.0)
    trade = desk.ib.placeOrder(desk.spy(), order)
    desk.settle()
    desk.ib.disconnect()
    desk.gateway.settle()
    again = desk.connect(1)
    other = desk.connect(2)
    assert again.client.getReqId() > trade.order.orderId
    assert other.client.getReqId() < trade.order.orderId + 10


def test_orders_outlive_their_client_and_are_shown_when_it_comes_back(desk: Desk) -> None:
    desk.open_market()
    trade = desk.ib.placeOrder(desk.spy(), desk.lib.LimitOrder("BUY", 3, 100.0, orderRef="mine"))
    desk.settle()
    desk.ib.disconnect()
    desk.gateway.settle()
    (found,) = desk.connect(1).openTrades()
    assert found.order.orderRef == "mine"
    assert found.order.permId == trade.order.permId
    assert found.orderStatus.status == "Submitted"


def test_a_read_only_connection_asks_for_no_orders(desk: Desk) -> None:
    ib = desk.connect(2, readonly=True)
    assert ib.isConnected()
