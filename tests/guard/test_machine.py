"""What the guard holds, limit by limit, without sockets: frames in, frames out."""

from __future__ import annotations

from typing import Any

import pytest

from bot.guard.clearing import Stop
from bot.guard.core.limits import Limits
from bot.guard.kept_counts import counts_from_json, counts_to_json
from bot.wire import encode
from tests.guard.bench import OPTION, PUT, VERSION, Bench, order, sell, stop
from tests.guard.rig import limits


def ids(bench: Bench, *frames: bytes) -> list[int]:
    """The order ids of what leaves."""
    return [message.orderId for message in bench.hear(*frames)]


def words(bench: Bench) -> str:
    errors = [message.errorString for message in bench.answers() if message.kind == "error"]
    return str(errors[-1]).partition("guard: ")[2]


def test_orders_a_minute_are_counted_and_the_minute_passes() -> None:
    bench = Bench(limits(rates={"entries": {"minute": 2, "day": 3}}))
    assert ids(bench, *(order(n) for n in (1, 2, 3))) == [1, 2]
    bench.wait(60)
    bench.tick(11, 2, "1.00")
    assert ids(bench, order(4), order(5)) == [4]
    assert words(bench) == "3 entries today; the limit is 3"
    bench.wait(24 * 3600)
    bench.tick(11, 2, "1.00")
    assert ids(bench, order(6)) == [6]


def test_a_revision_is_told_from_a_new_order_and_judged_by_what_it_becomes() -> None:
    bench = Bench(limits(rates={"entries": {"minute": 1, "day": 9}}))
    assert ids(bench, order(1), order(1, totalQuantity=2), order(1, totalQuantity=21)) == [1, 1]
    bench.acknowledge(1, totalQuantity=2)
    bench.answered.clear()
    assert ids(bench, order(1, lmtPrice=9)) == []
    kinds = [(m.kind, m.get("errorCode") or m.get("status")) for m in bench.answers()]
    assert kinds == [("error", 134), ("orderStatus", "Submitted")]
    bench.hear(order(1, PUT))
    assert ids(bench, sell(1)) == []
    assert words(bench) == "a revision cannot change the contract, the account or the side"


@pytest.mark.parametrize(
    ("wall", "asked", "why"),
    [
        ({"order": {"value": 150}}, order(2, totalQuantity=2), "an order of 200.00; the limit is 150.00"),
        (
            {"total": {"premium": 250}},
            order(2, totalQuantity=2),
            "300.00 of premium in all; the limit is 250.00",
        ),
        ({"total": {"positions": 1}}, order(2, PUT), "2 positions; the limit is 1"),
        ({"underlyings": ["QQQ"]}, order(2), "SPY is not among the underlyings"),
        ({"currency": "EUR"}, order(2), "SPY trades in USD"),
    ],
)
def test_an_entry_is_held_at_each_limit(wall: dict[str, Any], asked: bytes, why: str) -> None:
    bench = Bench(limits(**wall), held={11: 1})
    assert ids(bench, asked) == []
    assert words(bench) == why


def test_round_trips_wait_for_a_person() -> None:
    bench = Bench(limits(round_trips=1), held={11: 1})
    assert ids(bench, sell(1)) == [1]
    bench.acknowledge(1, action="SELL")
    bench.status(1, "Filled", 1, 0)
    assert ids(bench, order(2)) == []
    assert words(bench) == "1 round trips; a person must go on (ibkr-guard resume)"
    bench.take(bench.guard.set_stop(None, bench.now))
    assert ids(bench, order(3)) == [3]


def test_messages_without_fills_are_inefficient() -> None:
    bench = Bench(limits(rates={"efficiency": 5, "efficiency_from": 5, "entries": {"minute": 90, "day": 90}}))
    assert ids(bench, *(order(n, totalQuantity=1, lmtPrice="0.01") for n in range(1, 9))) == [1, 2, 3, 4, 5]
    assert words(bench) == "5 order messages for 0 fills today; the limit is 5 each"


def test_children_of_a_refused_parent_do_not_leave() -> None:
    bench = Bench()
    assert ids(bench, order(1, totalQuantity=99), sell(2, parentId=1), stop(3, parentId=1)) == []


def test_children_may_cover_what_their_parent_may_bring_and_no_more() -> None:
    bench = Bench()
    family: dict[str, Any] = {"parentId": 1, "ocaGroup": "g", "ocaType": 2}
    assert ids(bench, order(1, totalQuantity=2), sell(2, totalQuantity=2, **family)) == [1, 2]
    assert ids(bench, stop(3, totalQuantity=2, **family), stop(4, totalQuantity=3, **family)) == [3]
    bench.acknowledge(1, totalQuantity=2)
    bench.status(1, "Submitted", 1, 1)
    assert ids(bench, sell(5)) == []
    bench.status(1, "Cancelled", 1, 1)
    assert ids(bench, stop(6, totalQuantity=2)) == []


def test_an_order_that_ib_refuses_counts_no_longer() -> None:
    bench = Bench(limits(total={"positions": 1}))
    assert ids(bench, order(1, PUT)) == [1]
    bench.say("error", 1, reqId=1, errorCode=201, errorString="Order rejected - reason:margin")
    assert ids(bench, order(2)) == [2]


def test_a_stale_quote_carries_no_entry_and_any_tick_keeps_it_alive() -> None:
    bench = Bench()
    bench.wait(61)
    assert ids(bench, order(1)) == []
    bench.say("tickSize", 1, reqId=11, tickType=0, size=5)
    assert ids(bench, order(2)) == [2]
    bench.tick(11, 2, "-1")
    assert ids(bench, order(3)) == []


@pytest.mark.parametrize("data_type", [2, 3, 4])
def test_delayed_and_frozen_quotes_price_no_entry_unless_the_limits_let_them(data_type: int) -> None:
    def of(bench: Bench) -> Bench:
        bench.wait(61)  # what was live is old
        bench.say("marketDataType", 1, reqId=11, marketDataType=data_type)
        bench.tick(11, 2 if data_type == 2 else 67, "1.00")
        return bench

    bench = of(Bench(held={11: 1}))
    assert ids(bench, order(1)) == []
    assert "they come delayed or frozen" in words(bench)
    assert ids(bench, sell(2, lmtPrice="0.10"), stop(3)) == [2], (
        "an exit passes, and the stop beside it would sell twice"
    )
    bench.say("marketDataType", 1, reqId=11, marketDataType=1)
    bench.say("tickSize", 1, reqId=11, tickType=0, size=5)
    assert ids(bench, order(4)) == [], "what was live once is not what is live now"
    bench.tick(11, 2, "1.00")
    assert ids(bench, order(5)) == [5]
    assert ids(of(Bench(limits(collar={"delayed_quotes": True}))), order(1)) == [1]


def test_a_client_that_asked_for_other_than_live_quotes_prices_nothing_until_the_gateway_says_they_are() -> (
    None
):
    bench = Bench()
    bench.hear(encode("cancelMktData", VERSION, reqId=11))
    bench.wait(61)
    bench.hear(encode("reqMarketDataType", VERSION, marketDataType=4), bench._subscribe(OPTION))
    bench.tick(11, 2, "1.00")
    assert ids(bench, order(1)) == []
    bench.say("marketDataType", 1, reqId=11, marketDataType=1)
    bench.tick(11, 2, "1.00")
    assert ids(bench, order(2)) == [2]


def test_anothers_delayed_quotes_take_nothing_from_live_ones() -> None:
    bench = Bench()
    bench.connect(2, 2)
    bench.hear(bench._subscribe(OPTION), line=2)
    bench.say("marketDataType", 2, reqId=11, marketDataType=3)
    bench.say("tickPrice", 2, reqId=11, tickType=67, price="9.00", size=1, attrMask=0)
    assert ids(bench, order(1, lmtPrice=9), order(2)) == [2], "by the live ask of 1.00"


def test_what_ifs_have_a_limit_of_their_own_that_hinders_nothing_else() -> None:
    bench = Bench(limits(rates={"what_ifs": 3}), held={11: 1})
    asked = [order(n, whatIf=True) for n in range(1, 6)]
    assert ids(bench, *asked) == [1, 2, 3]
    assert "3 what-ifs in a minute; the limit is 3" in words(bench)
    assert ids(bench, stop(7), order(8)) == [7, 8]
    assert bench.guard.counts.messages == 2, "they are no order messages"
    bench.wait(60)
    assert ids(bench, order(9, whatIf=True)) == [9]


def test_an_exit_far_below_the_bid_is_held_and_one_without_a_quote_passes() -> None:
    bench = Bench(held={11: 5})
    assert ids(bench, sell(1, lmtPrice="0.5"), sell(2, lmtPrice="0.8")) == [2]
    bench.wait(61)
    assert ids(bench, sell(3, lmtPrice="0.5")) == [3]


def test_a_contract_is_known_from_the_gateway_alone() -> None:
    bench = Bench()
    nameless = OPTION | {"conId": 0}
    assert ids(bench, order(1, nameless), order(2, OPTION | {"conId": 99})) == [1]
    assert ids(bench, order(3, OPTION | {"symbol": "QQQ"}), order(4, nameless | {"strike": 1})) == []
    # A subscription to an unknown contract makes the guard ask what it is.
    bench.hear(encode("reqMktData", VERSION, reqId=5, conId=99))
    assert b"\x0099\x00" in bench.sent[-1]


def test_without_its_own_view_of_the_account_no_entry_leaves_but_an_exit_does() -> None:
    bench = Bench(held={11: 1})
    bench.take(bench.guard.closed(-1))
    assert ids(bench, order(1), sell(2)) == [2]
    assert words(bench) == "the guard does not see the account now"


def test_an_unreadable_fill_holds_entries_until_a_person_goes_on() -> None:
    bench = Bench(held={11: 1})
    bench.raw(1, b"\x00\x00\x00\x05" + b"11\x00x\x00")
    assert ids(bench, order(1), sell(2)) == [2]
    bench.take(bench.guard.set_stop(None, bench.now))
    assert ids(bench, order(3)) == [3]


def test_a_gateway_of_a_version_nobody_can_read_is_closed() -> None:
    bench = Bench()
    bench.take(bench.guard.connect(7))
    bench.take(bench.guard.from_client(7, b"API\0" + b"\x00\x00\x00\x09v100..225", bench.now))
    assert bench.sent[7].endswith(b"v100..178")
    bench.raw(7, b"\x00\x00\x00\x08" + b"201\x00now\x00")
    assert bench.closed == [7]


def test_nothing_comes_before_start_api() -> None:
    bench = Bench()
    bench.take(bench.guard.connect(7))
    bench.take(bench.guard.from_client(7, b"API\0" + b"\x00\x00\x00\x09v157..176" + order(1), bench.now))
    assert bench.closed == [7]
    assert b"3\0" not in bench.sent[7]


def test_no_client_is_let_in_before_the_account_was_seen() -> None:
    bench = Bench()
    bench.guard.gate.has_seen = False
    bench.take(bench.guard.connect(8))
    assert bench.closed == [8]


def test_an_order_missing_from_a_complete_listing_has_ended() -> None:
    bench = Bench(limits(total={"positions": 1}))
    assert ids(bench, order(1, PUT)) == [1]
    bench.wait(31)
    bench.say("openOrderEnd", -1)
    bench.tick(11, 2, "1.00")
    assert ids(bench, order(2)) == [2]


def test_counts_read_back_what_they_wrote_and_a_new_day_begins_from_nothing() -> None:
    bench = Bench()
    bench.hear(order(1))
    found = counts_from_json(counts_to_json(bench.guard.counts), bench.now)
    assert found.by_kind["entries"] == 1
    bench.wait(24 * 3600)
    assert counts_from_json(counts_to_json(found), bench.now).by_kind["entries"] == 0


def test_the_example_of_limits_is_whole() -> None:
    assert isinstance(limits(), Limits)


def test_a_stop_is_said_at_once_again_each_minute_and_taken_back() -> None:
    bench = Bench()
    bench.take(bench.guard.set_stop(Stop("odd orders", "Ana", bench.now), bench.now))
    bench.wait(30)
    bench.wait(31)
    bench.take(bench.guard.set_stop(None, bench.now))
    assert bench.codes() == [2199, 2199, 2198]


def test_a_client_that_comes_after_a_stop_is_told_once_with_its_first_order_id() -> None:
    bench = Bench()
    bench.take(bench.guard.set_stop(Stop("odd orders", "Ana", bench.now), bench.now))
    bench.connect(2, 2)
    bench.answered.clear()
    for number in (1, 5, 5):
        bench.say("nextValidId", 2, orderId=number)
    assert bench.codes(2) == [2199]
