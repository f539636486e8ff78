"""IB's rates and limits, and that every request is answered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import accumulate, cycle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sim.gateway.pacing_limits import HistoryPace, MessageRate, Rate
from bot.sim.handlers.table import HANDLERS
from bot.wire import MessageDirection, message_kinds
from tests.sim.raw import SPY, Bench, RawClient
from tests.sim.samples import samples

NOON = datetime(2026, 1, 5, 17, tzinfo=UTC)
SINCE = {kind.name: kind.since for kind in message_kinds()}
REQUESTS = [kind.name for kind in message_kinds() if kind.direction is MessageDirection.REQUEST]
BARS = {
    "endDateTime": "",
    "barSizeSetting": "30 secs",
    "durationStr": "1800 S",
    "whatToShow": "TRADES",
}
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


_PLAIN = {"formatDate": 1, "useRTH": True, "keepUpToDate": False}


@given(
    gaps_ms=st.lists(st.integers(21, 60), min_size=60, max_size=160),
    looks_ms=st.lists(st.integers(1, 3_000), min_size=1, max_size=30),
)
def test_a_client_that_keeps_the_rate_is_never_cut_however_busy_the_reader(
    gaps_ms: list[int], looks_ms: list[int]
) -> None:
    sent = list(accumulate(gaps_ms))
    rate, looked, waits = MessageRate(50), 0, cycle(looks_ms)
    while sent:
        now = looked + next(waits)
        for _ in range(sum(at <= now for at in sent)):
            sent.pop(0)
            assert rate.count_one(after(now / 1000), after(looked / 1000)) is not Rate.OVER
        looked = now


def test_a_client_that_sends_too_much_is_cut_by_a_reader_who_is_there() -> None:
    rate = MessageRate(50)
    counted = [rate.count_one(after(n / 60), after(n / 60 - 0.005)) for n in range(61)]
    assert Rate.OVER in counted


def test_a_long_history_lets_a_short_question_pass() -> None:
    bench = Bench()
    bench.core.does_slices_at_once = False
    long = {"durationStr": "30 D", "barSizeSetting": "1 min", "whatToShow": "TRADES", "endDateTime": ""}
    client = bench.client(1)
    client.say("reqHistoricalData", reqId=7, **SPY, **long, **_PLAIN)
    client.say("reqCurrentTime")
    while bench.core.slices:
        bench.core.slices.do_one()
    kinds = [message.kind for message in client.take()]
    assert kinds.index("currentTime") < kinds.index("historicalData")


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
@pytest.mark.parametrize(
    ("kind", "version"),
    [
        (kind, version)
        for kind in sorted(set(REQUESTS) - SILENT - {"startApi", "reqRealTimeBars"})
        for version in (157, 163, 176, 178, 225)
        if version >= SINCE[kind]
    ],
)
def test_every_request_is_answered_at_every_version(shared: Bench, kind: str, version: int) -> None:
    client = shared.client(max_version=version)
    client.take()
    answers = client.say(kind, **samples(kind))
    shared.core.disconnected(client.session)
    assert answers
    assert shared.core.failures == []


def test_an_answer_delay_keeps_requests_in_order_and_answers_each_that_much_later() -> None:
    bench = Bench(answer_delay=timedelta(milliseconds=80))
    client = RawClient(bench.core)
    bench.advance(seconds=1)
    client.take()
    asked_at = bench.core.now
    client.say("reqCurrentTime")
    client.say("reqIds", numIds=1)
    bench.core.advance_to(asked_at + timedelta(milliseconds=79))
    assert client.take() == []
    bench.core.advance_to(asked_at + timedelta(milliseconds=80))
    assert [message.kind for message in client.take()] == ["currentTime", "nextValidId"]
