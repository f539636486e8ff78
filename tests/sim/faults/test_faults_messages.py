"""Messages that are lost, late, doubled, out of order or changed; orders that are refused; quotes that vanish."""

from __future__ import annotations

import pytest

from bot.domain.errors import FixTheConfiguration
from bot.sim.faults.handle import bind
from tests.sim.raw import SPY, Bench, RawClient, market_order, order


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def client(bench: Bench) -> RawClient:
    return bench.client()


def inflict(bench: Bench, command: str, /, **arguments: object) -> None:
    bind(command, arguments)(bench.core)
    bench.core.do_what_is_due()


def kinds(client: RawClient) -> list[str]:
    return [message.kind for message in client.take()]


def test_a_dropped_status_never_comes(bench: Bench, client: RawClient) -> None:
    inflict(bench, "message", kind="orderStatus", effect="drop", count=None)
    client.take()
    client.say("placeOrder", **market_order(1))
    bench.advance(seconds=30)
    heard = kinds(client)
    assert "orderStatus" not in heard
    assert "execDetails" in heard


def test_a_doubled_status_comes_twice(bench: Bench, client: RawClient) -> None:
    inflict(bench, "message", kind="orderStatus", effect="duplicate")
    client.take()
    client.say("placeOrder", **order(1))
    statuses = client.take("orderStatus")
    assert len(statuses) == 2
    assert statuses[0] == statuses[1]


def test_a_delayed_message_comes_later_on_the_simulated_clock(bench: Bench, client: RawClient) -> None:
    inflict(bench, "message", kind="commissionReport", effect="delay", seconds=30)
    client.say("placeOrder", **market_order(1))
    bench.advance(seconds=29)
    assert client.take("commissionReport") == []
    bench.advance(seconds=2)
    assert len(client.take("commissionReport")) == 1


def test_a_reordered_message_comes_behind_the_next(bench: Bench, client: RawClient) -> None:
    inflict(bench, "message", kind="openOrder", effect="reorder")
    client.take()
    client.say("placeOrder", **order(1))
    assert kinds(client)[:2] == ["orderStatus", "openOrder"]


def test_a_rewritten_message_bears_other_values(bench: Bench, client: RawClient) -> None:
    inflict(bench, "message", kind="orderStatus", effect="rewrite", fields={"status": "Inactive"})
    client.say("placeOrder", **order(1))
    assert [status.status for status in client.take("orderStatus")] == ["Inactive"]


def test_a_swallowed_request_is_never_answered(bench: Bench, client: RawClient) -> None:
    inflict(bench, "message", kind="placeOrder", effect="drop")
    client.take()
    client.say("placeOrder", **order(1))
    assert client.take() == []
    client.say("placeOrder", **order(1))
    assert "openOrder" in kinds(client)


def test_some_messages_pass_before_a_rule_begins(bench: Bench, client: RawClient) -> None:
    inflict(bench, "message", kind="currentTime", effect="drop", skip=2)
    answers = [len(client.say("reqCurrentTime")) for _ in range(4)]
    assert answers == [1, 1, 0, 1]


def test_chance_comes_from_the_seed(bench: Bench) -> None:
    def answered() -> list[int]:
        fresh = Bench()
        inflict(fresh, "message", kind="currentTime", effect="drop", count=None, chance=0.5)
        client = fresh.client()
        return [len(client.say("reqCurrentTime")) for _ in range(40)]

    first = answered()
    assert 0 < sum(first) < 40
    assert answered() == first


def test_a_rule_may_concern_one_client_only(bench: Bench, client: RawClient) -> None:
    other = bench.client(2)
    inflict(bench, "message", kind="currentTime", effect="drop", count=None, client_id=2)
    assert len(client.say("reqCurrentTime")) == 1
    assert other.say("reqCurrentTime") == []
    inflict(bench, "clear")
    assert len(other.say("reqCurrentTime")) == 1


def test_the_next_order_is_rejected_with_code_and_text(bench: Bench, client: RawClient) -> None:
    inflict(bench, "reject", code=201, text="Order rejected - reason:test", action="BUY")
    client.take()
    client.say("placeOrder", **order(1))
    (error,) = client.take("error")
    assert (error.reqId, error.errorCode, error.errorString) == (1, 201, "Order rejected - reason:test")
    client.say("placeOrder", **order(2))
    assert "openOrder" in kinds(client)
    assert bench.core.world.books().orders_received == 1


def test_any_system_message_can_be_said(bench: Bench, client: RawClient) -> None:
    client.take()
    inflict(bench, "say", code=10349, text="Order TIF was set to DAY", req_id=5)
    (error,) = client.take("error")
    assert (error.reqId, error.errorCode) == (5, 10349)


def test_a_price_gap_moves_book_and_bars(bench: Bench, client: RawClient) -> None:
    client.say("reqMktData", reqId=7, **SPY)
    bench.advance(seconds=1)
    before = [m.price for m in client.take("tickPrice") if m.tickType == 1][-1]
    inflict(bench, "gap", symbol="SPY", percent=-10)
    bench.advance(seconds=30)
    after = [m.price for m in client.take("tickPrice") if m.tickType == 1][-1]
    assert after == pytest.approx(before * 0.9, rel=0.005)


def test_a_pinned_quote_stays_until_it_is_unpinned(bench: Bench, client: RawClient) -> None:
    inflict(bench, "pin_quote", con_id=756733, bid=90.0, ask=91.0, seconds=60)
    client.say("placeOrder", **market_order(1))
    bench.advance(seconds=15)
    (fill,) = client.take("execDetails")
    assert fill.price == 91
    bench.advance(seconds=60)
    book = bench.core.world.ticker(756733)
    assert book is not None
    assert book.book.bid is not None
    assert book.book.bid > 100


def test_fills_can_be_made_partial_while_the_gateway_runs(bench: Bench, client: RawClient) -> None:
    inflict(bench, "exchange", displayed_size=4)
    client.say("placeOrder", **market_order(1))
    bench.advance(minutes=1)
    assert [fill.shares for fill in client.take("execDetails")] == [4, 4, 2]


def test_an_execution_can_be_corrected(bench: Bench, client: RawClient) -> None:
    client.say("placeOrder", **market_order(1))
    bench.advance(seconds=15)
    first = client.take("execDetails")[0]
    inflict(bench, "correct_execution", price=120.5)
    second = client.take("execDetails")[0]
    assert second.execId == first.execId[:-1] + "2"
    assert second.price == pytest.approx(120.5)


def test_commissions_can_be_late(bench: Bench, client: RawClient) -> None:
    inflict(bench, "exchange", commission_delay_s=120)
    client.say("placeOrder", **market_order(1))
    bench.advance(seconds=60)
    assert client.take("commissionReport") == []
    bench.advance(seconds=90)
    assert len(client.take("commissionReport")) == 1


def test_the_gateways_clock_can_be_wrong(bench: Bench, client: RawClient) -> None:
    inflict(bench, "clock_skew", seconds=90)
    (answer,) = client.say("reqCurrentTime")
    assert answer.time == int(bench.core.now.timestamp()) + 90


def test_a_bust_ends_streaming_bars(bench: Bench, client: RawClient) -> None:
    client.say("reqRealTimeBars", reqId=9, **SPY, whatToShow="TRADES")
    inflict(bench, "bust")
    assert client.codes()[-1] == 10225
    client.take()
    bench.advance(minutes=1)
    assert client.take("realtimeBar") == []


def test_settings_of_the_gateway_can_be_turned_while_it_runs(bench: Bench, client: RawClient) -> None:
    inflict(bench, "gateway", read_only=True)
    client.take()
    client.say("placeOrder", **order(1))
    assert client.codes() == [321]


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("explode", {}, "no fault 'explode'"),
        ("outage", {}, "missing a required argument: 'seconds'"),
        ("outage", {"seconds": "long"}, "seconds must be float"),
        ("outage", {"seconds": 5, "then": True}, "then must be int"),
        ("refuse", {"seconds": 5, "minutes": 1}, "unexpected keyword argument 'minutes'"),
    ],
)
def test_a_mistake_in_a_command_names_the_argument(
    name: str, arguments: dict[str, object], said: str
) -> None:
    with pytest.raises(FixTheConfiguration, match=said):
        bind(name, arguments)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("outage", {"seconds": 5.0, "then": 1103}),
        ("farm", {"name": "nofarm", "seconds": 5.0}),
        ("gap", {"symbol": "XXX", "percent": 5.0}),
        ("message", {"kind": "tickPrice", "effect": "eat"}),
        ("exchange", {"no_such_knob": 1}),
        ("gateway", {"no_such_setting": 1}),
    ],
)
def test_an_impossible_value_is_refused_when_it_is_used(
    bench: Bench, name: str, arguments: dict[str, object]
) -> None:
    with pytest.raises(FixTheConfiguration, match=name):
        inflict(bench, name, **arguments)
