"""Connections that break: sockets, the line to IB, data farms, the nightly restart, the weekly log-out."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from bot.sim.faults.handle import bind
from tests.sim.raw import SPY, Bench, RawClient, market_order, order

BARS = {"endDateTime": "", "barSizeSetting": "1 min", "durationStr": "1800 S", "whatToShow": "TRADES"}


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def client(bench: Bench) -> RawClient:
    return bench.client()


def inflict(bench: Bench, command: str, /, **arguments: object) -> None:
    bind(command, arguments)(bench.core)
    bench.core.do_what_is_due()


def test_a_dropped_socket_concerns_the_named_client_only(bench: Bench, client: RawClient) -> None:
    other = bench.client(2)
    inflict(bench, "drop_socket", client_id=2)
    assert other.is_gone
    assert not client.is_gone


def test_the_port_refuses_for_a_while(bench: Bench, client: RawClient) -> None:
    inflict(bench, "refuse", seconds=60)
    assert client.is_gone
    assert not bench.core.link.is_listening
    bench.advance(seconds=61)
    assert bench.core.link.is_listening


def test_a_half_open_gateway_accepts_and_says_nothing(bench: Bench, client: RawClient) -> None:
    inflict(bench, "half_open", seconds=60)
    assert client.say("reqCurrentTime") == []
    assert not client.is_gone
    newcomer = bench.client(2)
    assert newcomer.stream == b""
    bench.advance(seconds=61)
    assert bench.client(3).take("nextValidId")


def test_a_gateway_may_accept_and_close_at_once(bench: Bench) -> None:
    inflict(bench, "accept_then_close", seconds=60)
    assert bench.client(2).is_gone
    bench.advance(seconds=61)
    assert not bench.client(3).is_gone


def test_fills_during_an_outage_are_told_when_it_ends(bench: Bench, client: RawClient) -> None:
    client.say("placeOrder", **order(1, totalQuantity=10))
    client.take()
    inflict(bench, "outage", seconds=120, then=1102)
    assert client.codes() == [1100]
    inflict(bench, "gap", symbol="SPY", percent=-30)
    bench.advance(seconds=60)
    assert client.take("execDetails") == []
    bench.advance(seconds=61)
    assert client.codes() == [1102]
    assert len(client.take("execDetails")) == 1


def test_requests_that_need_ib_wait_for_the_line(bench: Bench, client: RawClient) -> None:
    inflict(bench, "outage", seconds=60)
    client.take()
    assert client.say("reqContractDetails", reqId=3, **SPY) == []
    assert [m.kind for m in client.say("reqOpenOrders")] == ["openOrderEnd"]
    assert [m.kind for m in client.say("reqCurrentTime")] == ["currentTime"]
    client.say("placeOrder", **order(1))
    assert bench.core.world.open_orders() == []
    bench.advance(seconds=61)
    assert client.take("contractDetails")
    assert len(bench.core.world.open_orders()) == 1


def test_what_was_cancelled_while_it_waited_for_the_line_does_not_begin(
    bench: Bench, client: RawClient
) -> None:
    client.say("reqMktData", reqId=6, **SPY)
    inflict(bench, "outage", seconds=60)
    client.take()
    client.say("reqMktData", reqId=7, **SPY)
    client.say("cancelMktData", reqId=7)
    client.say("cancelMktData", reqId=6)
    assert list(bench.core.feeds.everyone()) == []
    bench.advance(seconds=61)
    assert client.codes() == [1102]
    assert list(bench.core.feeds.everyone()) == []


def test_of_a_client_that_has_gone_only_orders_wait_for_the_line(bench: Bench, client: RawClient) -> None:
    inflict(bench, "outage", seconds=60)
    client.say("reqMktData", reqId=7, **SPY)
    client.say("placeOrder", **order(1))
    bench.core.disconnected(client.session)
    bench.advance(seconds=61)
    assert list(bench.core.feeds.everyone()) == []
    assert len(bench.core.world.open_orders()) == 1


@pytest.mark.parametrize(("code", "is_kept"), [(1102, True), (1101, False)])
def test_market_data_survive_an_outage_only_with_1102(
    bench: Bench, client: RawClient, code: int, is_kept: bool
) -> None:
    client.say("reqMktData", reqId=7, **SPY)
    inflict(bench, "outage", seconds=60, then=code)
    client.take()
    bench.advance(seconds=45)
    assert client.take("tickPrice") == []
    bench.advance(minutes=2)
    assert code in client.codes()
    assert bool(client.take("tickPrice")) == is_kept


@pytest.mark.parametrize("gone", ["its client", "its cancel"])
def test_bars_that_were_not_answered_in_time_leave_no_line_behind(gone: str) -> None:
    slow = Bench(history_delay=timedelta(seconds=20))
    client = slow.client()
    client.say("reqHistoricalData", reqId=8, **SPY, **BARS, formatDate=2, keepUpToDate=True)
    if gone == "its client":
        slow.core.disconnected(client.session)
    else:
        client.say("cancelHistoricalData", reqId=8)
        assert 162 in client.codes()
    slow.advance(minutes=2)
    assert list(slow.core.feeds.everyone()) == []
    assert client.take("historicalData") == []


def test_bars_that_are_answered_late_are_kept_up_to_date() -> None:
    slow = Bench(history_delay=timedelta(seconds=20))
    client = slow.client()
    client.say("reqHistoricalData", reqId=8, **SPY, **BARS, formatDate=2, keepUpToDate=True)
    assert client.take("historicalData") == []
    slow.advance(minutes=2)
    heard = client.take()
    assert [x.kind for x in heard].count("historicalData") == 1
    assert any(x.kind == "historicalDataUpdate" for x in heard)
    client.say("cancelHistoricalData", reqId=8)
    assert list(slow.core.feeds.everyone()) == []


def test_a_request_on_its_way_begins_nothing_for_a_client_that_left() -> None:
    slow = Bench(answer_delay=timedelta(seconds=5))
    client = slow.client()
    slow.advance(seconds=6)
    client.say("reqMktData", reqId=7, **SPY)
    client.say("placeOrder", **order(1))
    slow.core.disconnected(client.session)
    slow.advance(seconds=6)
    assert list(slow.core.feeds.everyone()) == []
    assert len(slow.core.world.open_orders()) == 1  # an order is the market's, whoever left


def test_kept_bars_catch_up_after_an_outage(bench: Bench, client: RawClient) -> None:
    client.say("reqHistoricalData", reqId=8, **SPY, **BARS, formatDate=2, keepUpToDate=True)
    inflict(bench, "outage", seconds=300, then=1102)
    client.take()
    bench.advance(minutes=6)
    dates = sorted({int(update.date) for update in client.take("historicalDataUpdate")})
    assert len(dates) >= 6
    assert {later - earlier for earlier, later in pairwise(dates)} == {60}


@pytest.mark.parametrize(
    ("farm", "codes"), [("usfarm", [2103, 2104]), ("ushmds", [2105, 2106]), ("secdefil", [2157, 2158])]
)
def test_a_farm_breaks_and_comes_back(bench: Bench, client: RawClient, farm: str, codes: list[int]) -> None:
    client.take()
    inflict(bench, "farm", name=farm, seconds=60)
    bench.advance(seconds=61)
    assert client.codes() == codes


def test_a_broken_farm_stops_its_quotes_only(bench: Bench, client: RawClient) -> None:
    client.say("reqMktData", reqId=7, **SPY)
    client.say("reqMktData", reqId=8, conId=12087792, exchange="IDEALPRO")
    inflict(bench, "farm", name="usfarm", seconds=120)
    client.take()
    bench.advance(seconds=90)
    assert {message.reqId for message in client.take("tickPrice")} == {8}
    bench.advance(seconds=60)
    assert 7 in {message.reqId for message in client.take("tickPrice")}


def test_history_is_refused_while_its_farm_is_broken(bench: Bench, client: RawClient) -> None:
    inflict(bench, "farm", name="ushmds", seconds=60)
    client.take()
    bars = {"endDateTime": "", "barSizeSetting": "1 min", "durationStr": "1 D", "whatToShow": "TRADES"}
    client.say("reqHistoricalData", reqId=8, **SPY, **bars)
    assert client.codes() == [162]


def test_feeds_may_stay_dead_after_a_farm_came_back(bench: Bench, client: RawClient) -> None:
    client.say("reqMktData", reqId=7, **SPY)
    inflict(bench, "farm", name="usfarm", seconds=30, dead_after=True)
    client.take()
    bench.advance(minutes=5)
    assert client.take("tickPrice") == []
    client.say("cancelMktData", reqId=7)
    client.say("reqMktData", reqId=9, **SPY)
    assert client.take("tickPrice")


def test_a_competing_session_freezes_prices(bench: Bench, client: RawClient) -> None:
    client.say("reqMktData", reqId=7, **SPY)
    client.take()
    inflict(bench, "competing_session", seconds=60)
    assert client.codes() == [10197]
    client.take()
    bench.advance(seconds=45)
    assert client.take("tickPrice") == []
    bench.advance(minutes=1)
    assert client.take("tickPrice")


def test_the_nightly_restart_closes_refuses_and_may_roll_ids_back(bench: Bench, client: RawClient) -> None:
    for order_id in (1, 2, 3):
        client.say("placeOrder", **order(order_id))
    client.say("cancelOrder", orderId=2)
    inflict(bench, "restart", seconds=90, roll_back_ids=True)
    assert client.is_gone
    bench.advance(seconds=91)
    again = bench.client()
    assert [message.orderId for message in again.heard if message.kind == "nextValidId"] == [1]
    assert {message.orderId for message in again.take("openOrder")} == {1, 3}


def test_after_a_roll_back_an_old_id_may_mean_a_new_order(bench: Bench, client: RawClient) -> None:
    client.say("placeOrder", **market_order(1))
    bench.advance(seconds=15)
    old = client.take("execDetails")[0]
    inflict(bench, "restart", seconds=1, roll_back_ids=True)
    bench.advance(seconds=2)
    again = bench.client()
    again.take()
    again.say("placeOrder", **order(1))
    (new,) = again.take("openOrder")
    assert new.orderId == 1
    assert new.permId != old.permId
    again.say("cancelOrder", orderId=1)
    assert again.take("orderStatus")[-1].status == "Cancelled"


def test_a_log_out_lasts_until_somebody_logs_in(bench: Bench, client: RawClient) -> None:
    inflict(bench, "log_out")
    bench.advance(days=2)
    assert client.is_gone
    assert not bench.core.link.is_listening
    inflict(bench, "log_in")
    assert bench.core.link.is_listening


def test_a_fault_may_wait_for_a_message(bench: Bench, client: RawClient) -> None:
    bench.core.faults.on("execDetails", 1, lambda: bind("drop_socket", {})(bench.core))
    client.say("placeOrder", **market_order(1))
    bench.advance(seconds=30)
    assert client.is_gone
    assert bench.core.world.books().positions
