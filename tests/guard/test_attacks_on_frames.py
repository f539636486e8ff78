"""What somebody would try with bytes, numbers, two clients, restarts and the calendar: judged by what leaves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.domain.session import new_york_day
from bot.guard.clearing import Stop
from bot.guard.core.limits import Limits
from bot.guard.core.line import REQUESTS
from bot.guard.core.rates import Counts
from bot.guard.kept_counts import counts_from_json, counts_to_json
from bot.guard.machine import Guard
from bot.wire import decode_request, encode
from bot.wire.frames import pack_frame
from tests.guard.bench import NOW, OPTION, PUT, VERSION, Bench, order, requests, sell, stop
from tests.guard.rig import limits


def ids(bench: Bench, *frames: bytes, line: int = 1) -> list[int]:
    """The order ids of what leaves."""
    return [message.orderId for message in bench.hear(*frames, line=line)]


def with_text(frame: bytes, place: int, text: str) -> bytes:
    """The frame with another text in one field."""
    fields = frame[4:].split(b"\0")
    fields[place] = text.encode()
    return pack_frame(b"\0".join(fields))


def place_of(name: str, value: Any, another: Any) -> int:
    """Where an order has that field."""
    one, two = (order(1, **{name: said})[4:].split(b"\0") for said in (value, another))
    return next(n for n, (a, b) in enumerate(zip(one, two, strict=True)) if a != b)


QUANTITY = place_of("totalQuantity", 1, 2)
PRICE = place_of("lmtPrice", 1, 2)
FLAG = place_of("whatIf", False, True)


@pytest.mark.parametrize("head", [b"49\x001\x00", b"17\x001\x00", b"15\x001\x001\x00", b"8\x001\x001\x00"])
def test_an_order_behind_the_end_of_a_harmless_request_does_not_leave(head: bytes) -> None:
    bench = Bench(held={11: 1})
    assert bench.hear(pack_frame(head)) != []
    bench.sent.clear()
    assert bench.hear(pack_frame(head + sell(1)[4:]), pack_frame(head + b"\0"), pack_frame(head[:-1])) == []
    assert bench.codes() == [321] * 3


def test_a_request_of_every_kind_is_read_to_its_end_before_it_leaves() -> None:
    bench = Bench()
    for number in REQUESTS:
        bench.hear(pack_frame(number + b"\0" + b"x\0" * 400), pack_frame(number))
    assert bench.sent.get(1, b"") == b""
    assert bench.closed == []


@pytest.mark.parametrize(
    "text",
    [
        "1e400",
        "NaN",
        "Infinity",
        "-5",
        "0",
        "",
        " 5",
        "5 ",
        "５",
        "5_0",
        "0x5",
        "0.5",
        "1E-3",
        "21",
        "2.1E1",
        "1E3",
        "9" * 70,
    ],
)
def test_a_quantity_is_a_plain_whole_number_within_the_limit(text: str) -> None:
    bench = Bench()
    assert bench.hear(with_text(order(1), QUANTITY, text)) == []
    assert bench.codes() in ([201], [321])


@pytest.mark.parametrize("text", ["5", "5.0", "0.5E1", "+5"])
def test_a_quantity_may_be_written_as_numbers_are(text: str) -> None:
    assert ids(Bench(), with_text(order(1), QUANTITY, text)) == [1]


@pytest.mark.parametrize("text", ["-1", "0", "", "1e400", "NaN", "1.7976931348623157E308", "90", "9E1"])
def test_a_limit_is_a_number_above_zero_within_the_collar(text: str) -> None:
    assert Bench().hear(with_text(order(1), PRICE, text)) == []


@pytest.mark.parametrize("text", ["1", "true", "TRUE", "2", "01", "+1"])
def test_a_question_leaves_in_words_that_can_only_be_a_question(text: str) -> None:
    bench = Bench()
    bench.hear(with_text(order(1, totalQuantity=900, whatIf=True), FLAG, text))
    sent = bench.sent.get(1, b"")[4:]
    assert sent.split(b"\0")[FLAG] == b"1"
    assert decode_request(sent, VERSION).whatIf


@pytest.mark.parametrize(
    "unusual",
    [
        {"secType": "BAG", "comboLegs": ({"conId": 12, "ratio": 1, "action": "BUY"},)},
        {"orderType": "PEG BENCH"},
        {"algoStrategy": "Twap", "algoParams": ({"tag": "whatIf", "value": "1"},)},
        {"conditions": ({"condType": 4, "percent": 5},)},
        {"hedgeType": "D", "hedgeParam": "1"},
    ],
    ids=lambda unusual: next(iter(unusual)),
)
def test_a_question_of_another_shape_is_written_anew_and_is_the_same_question(
    unusual: dict[str, Any],
) -> None:
    bench = Bench()
    known = {key: value for key, value in OPTION.items() if key != "multiplier"}
    terms = {"action": "BUY", "totalQuantity": 1, "orderType": "LMT", "lmtPrice": 1, "whatIf": True}
    frame = encode("placeOrder", VERSION, orderId=1, exchange="SMART", **(known | terms | unusual))
    (left,) = bench.hear(frame)
    assert left == decode_request(frame[4:], VERSION)


def test_what_is_held_is_sold_once_whichever_of_two_clients_is_first() -> None:
    bench = Bench(held={11: 1})
    bench.connect(2, 2)
    assert ids(bench, sell(1)) + ids(bench, sell(1), stop(2), line=2) == [1]
    bench.answered.clear()
    assert ids(bench, sell(3), line=2) == []


def test_an_order_id_used_again_after_its_fill_is_a_new_order() -> None:
    wall = limits(rates={"entries": {"minute": 9, "day": 2}})
    bench = Bench(wall)
    assert ids(bench, order(1)) == [1]
    bench.acknowledge(1)
    bench.status(1, "Filled", 1, 0)
    assert ids(bench, order(1), order(1, PUT)) == [1]  # the second is no revision: another contract
    bench.acknowledge(1)
    bench.status(1, "Filled", 1, 0)
    assert ids(bench, order(1)) == []
    assert bench.guard.counts.by_kind["entries"] == 2


def test_an_account_left_blank_is_none_where_there_are_several() -> None:
    bench = Bench()
    assert ids(bench, order(1, account="")) == [1]
    bench.say("managedAccounts", 1, accountsList="DU1234567,DU7654321")
    assert (
        ids(bench, order(2, account=""), order(3, account="DU7654321"), order(4, account=" DU1234567")) == []
    )


def test_a_family_that_waits_for_its_last_child_is_cancelled_before_that_can_send_it_off() -> None:
    bench = Bench()
    assert ids(bench, order(1, transmit=False)) == [1]
    bench.acknowledge(1)
    bench.sent.clear()
    bench.take(bench.guard.set_stop(Stop("odd orders", "Ana", bench.now), bench.now))
    bench.hear(stop(2, parentId=1, transmit=True))
    assert [(m.kind, m.orderId) for m in requests(bench.sent[1])] == [("cancelOrder", 1), ("placeOrder", 2)]


def test_a_client_that_subscribes_and_leaves_for_a_year_costs_no_memory() -> None:
    bench = Bench()
    line = bench.guard.lines[1]
    for number in range(300):
        bench.hear(
            encode("reqMktData", VERSION, reqId=100 + number, conId=11),
            encode("cancelMktData", VERSION, reqId=100 + number),
        )
        bench.now += timedelta(seconds=1)
    assert len(line._ended_at) < 10


def _again(bench: Bench, wall: Limits) -> Bench:
    """The guard begins anew, with what lay on the disk."""
    found = counts_from_json(counts_to_json(bench.guard.counts), bench.now)
    again = Bench(wall)
    again.guard = Guard(wall, found, again.now)
    again._see({})
    again.connect(1, 1)
    return again


def test_a_restart_in_the_middle_of_the_day_makes_nobody_free() -> None:
    wall = limits(rates={"entries": {"minute": 9, "day": 2}}, round_trips=1)
    bench = Bench(wall)
    assert ids(bench, order(1), order(2, PUT), order(3)) == [1, 2]
    bench.guard.counts.round_trips = 1
    again = _again(bench, wall)
    assert again.guard.counts.by_kind["entries"] == 2
    assert again.guard.counts.round_trips == 1
    assert ids(again, order(4)) == []


@pytest.mark.parametrize("first", ["2026-03-07", "2026-10-31", "2026-12-31"])
def test_a_day_is_new_yorks_whatever_its_clocks_do(first: str) -> None:
    counts = Counts.of(NOW)
    at = datetime.fromisoformat(first).replace(tzinfo=UTC)
    for _ in range(3 * 24 * 4):
        is_same = new_york_day(at) == counts.day
        counts.by_kind["entries"] = 7
        counts.roll(at)
        assert counts.day == new_york_day(at)
        assert counts.by_kind["entries"] == (7 if is_same else 0)
        at += timedelta(minutes=15)


def test_a_clock_that_is_wrong_for_a_while_makes_nobody_free() -> None:
    counts, then = Counts.of(NOW), datetime(1970, 1, 2, tzinfo=UTC)
    counts.by_kind["entries"] = 7
    for at in (then, NOW):
        counts = counts_from_json(counts_to_json(counts), at)  # each step is a restart
        assert counts.by_kind["entries"] == 7
    counts.roll(NOW + timedelta(days=1))
    assert counts.by_kind["entries"] == 0


def test_a_day_of_the_future_is_taken_back_by_a_person() -> None:
    bench = Bench(limits(rates={"entries": {"minute": 9, "day": 1}}))
    bench.guard.counts.day += timedelta(days=4000)
    bench.hear(order(1))
    bench.wait(86400)
    assert bench.guard.counts.by_kind["entries"] == 1, "nobody is freed by a day that never comes"
    bench.take(bench.guard.set_stop(None, bench.now))
    bench.wait(86400)
    assert bench.guard.counts.by_kind["entries"] == 0


def test_an_exit_of_a_fraction_is_judged_as_one() -> None:
    bench = Bench(held={11: 1})
    assert ids(bench, sell(1, totalQuantity=Decimal("0.5")), sell(2, totalQuantity=Decimal("1.5"))) == []


def test_what_ibs_own_client_sets_in_every_order_is_ordinary() -> None:
    """IB's Python client up to 9.81 sets both by itself; without them none of its orders would leave."""
    assert ids(Bench(), order(1, eTradeOnly=True, firmQuoteOnly=True)) == [1]
