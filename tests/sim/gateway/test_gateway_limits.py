"""IB's rates and limits, and that every request is answered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.sim.gateway.pacing_limits import HistoryPace, MessageRate, Rate
from bot.sim.handlers.table import HANDLERS
from bot.wire import Direction, message_kinds
from tests.sim.raw import SPY, Bench
from tests.sim.samples import samples

NOON = datetime(2026, 1, 5, 17, tzinfo=UTC)
REQUESTS = [kind.name for kind in message_kinds() if kind.direction is Direction.REQUEST]
BARS = {"endDateTime": "", "barSizeSetting": "30 secs", "durationStr": "1800 S", "whatToShow": "TRADES"}
# IB itself says nothing to these: they change a state, or end something.
SILENT = {kind for kind in REQUESTS if kind.startswith(("cancel", "unsubscribe"))} | {
    "setServerLogLevel",
    "reqMarketDataType",
    "reqNewsBulletins",
    "reqAutoOpenOrders",
    "reqGlobalCancel",
}


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_fifty_messages_in_a_second_pass_with_a_warning() -> None:
    rate = MessageRate(50)
    said = [rate.count_one(after(0.01 * n)) for n in range(50)]
    assert said.count(Rate.NEAR) == 1
    assert said[43] is Rate.NEAR
    assert rate.count_one(after(0.6)) is Rate.OVER


def test_a_second_later_the_rate_is_free_again() -> None:
    rate = MessageRate(50)
    for n in range(43):
        rate.count_one(after(0.01 * n))
    assert rate.count_one(after(1.5)) is Rate.FINE
    assert rate.count == 1


def test_too_many_messages_end_the_client() -> None:
    bench = Bench(messages_per_second=50)
    client = bench.client()
    for _ in range(60):
        if not client.is_gone:
            client.say("reqCurrentTime")
    assert client.is_gone
    assert [code for code in client.codes() if code in (0, 100)] == [0, 100]


def test_an_identical_request_must_wait_fifteen_seconds() -> None:
    pace = HistoryPace()
    assert pace.ask(NOON, ("a",), ("c",)) is None
    assert pace.ask(after(14.9), ("a",), ("c",)) is not None
    assert pace.ask(after(15), ("a",), ("c",)) is None


def test_six_of_a_contract_in_two_seconds_are_too_many() -> None:
    pace = HistoryPace()
    answers = [pace.ask(after(0.1 * n), (n,), ("c",)) for n in range(6)]
    assert answers[:5] == [None] * 5
    assert answers[5] is not None
    assert pace.ask(after(2.6), (9,), ("c",)) is None


def test_sixty_in_ten_minutes_are_the_limit_and_bid_ask_counts_twice() -> None:
    pace = HistoryPace()
    assert all(pace.ask(after(5 * n), (n,), (n,)) is None for n in range(59))
    assert pace.ask(after(300), ("x",), ("x",), weight=2) is not None
    assert pace.ask(after(300), ("y",), ("y",)) is None
    assert pace.ask(after(301), ("z",), ("z",)) is not None
    assert pace.ask(after(602), ("z",), ("z",)) is None


def test_small_bars_are_paced_and_large_ones_are_not() -> None:
    bench = Bench()
    client = bench.client()
    client.take()
    for req_id in (1, 2):
        client.say("reqHistoricalData", reqId=req_id, **SPY, **BARS)
        client.say("reqHistoricalData", reqId=req_id + 10, **SPY, **{**BARS, "barSizeSetting": "1 min"})
    assert client.codes() == [162]
    assert len(client.take("historicalData")) == 3


def test_all_bars_can_be_paced() -> None:
    bench = Bench(pace_all_bars=True)
    client = bench.client()
    client.take()
    for req_id in (1, 2):
        client.say("reqHistoricalData", reqId=req_id, **SPY, **{**BARS, "barSizeSetting": "1 min"})
    assert client.codes() == [162]


def test_a_hundred_lines_are_shared_by_all_clients() -> None:
    bench = Bench()
    one, two = bench.client(1), bench.client(2)
    for req_id in range(60):
        one.say("reqMktData", reqId=req_id, **SPY)
    two.take()
    for req_id in range(41):
        two.say("reqMktData", reqId=req_id, **SPY)
    assert two.codes() == [101]


def test_every_request_kind_has_a_handler() -> None:
    assert set(REQUESTS) == set(HANDLERS)


@pytest.fixture(scope="module")
def shared() -> Bench:
    return Bench()


# Real-time bars are answered by the first bar, five seconds later; startApi by the connection itself.
@pytest.mark.parametrize("kind", sorted(set(REQUESTS) - SILENT - {"startApi", "reqRealTimeBars"}))
@pytest.mark.parametrize("version", [157, 163, 176, 178])
def test_every_request_is_answered_at_every_version(shared: Bench, kind: str, version: int) -> None:
    client = shared.client(max_version=version)
    client.take()
    answers = client.say(kind, **samples(kind))
    shared.core.disconnected(client.session)
    assert answers
    assert shared.core.failures == []
