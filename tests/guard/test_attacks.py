"""What somebody would try who knows how the guard thinks: judged by what leaves."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.wire import encode
from tests.guard.bench import FOREIGN, OPTION, PUT, VERSION, Bench, order, sell, stop
from tests.guard.rig import ACCOUNT, GuardedDesk, limits
from tests.sim.desk import fair_world

GROUP: dict[str, Any] = {"ocaGroup": "g", "ocaType": 2}
FAMILY: dict[str, Any] = {"parentId": 1, **GROUP}


def ids(bench: Bench, *frames: bytes) -> list[int]:
    """The order ids of what leaves."""
    return [message.orderId for message in bench.hear(*frames)]


@pytest.mark.parametrize("kind", [0, 3])
def test_a_group_without_block_could_fill_twice_and_needs_cover_for_each(kind: int) -> None:
    bench = Bench(held={11: 1})
    group: dict[str, Any] = {"ocaGroup": "g", "ocaType": kind}
    assert ids(bench, sell(1, **group), sell(2, **group)) == [1]


def test_an_order_that_leaves_its_group_by_a_revision_covers_no_other_in_it() -> None:
    bench = Bench(held={11: 1})
    assert ids(bench, sell(1, **GROUP), sell(1, ocaGroup="h", ocaType=2), sell(2, **GROUP)) == [1, 1]


def test_a_child_that_leaves_its_parent_by_a_revision_needs_cover_of_its_own() -> None:
    bench = Bench(held={11: 1})
    assert ids(bench, order(1), sell(2, parentId=1), sell(2), sell(3)) == [1, 2, 2]


def test_a_parent_is_not_made_smaller_than_its_children() -> None:
    bench = Bench()
    assert ids(bench, order(1, totalQuantity=5), sell(2, totalQuantity=5, **FAMILY)) == [1, 2]
    assert ids(bench, order(1, totalQuantity=1)) == []


def test_a_parent_that_is_being_made_smaller_carries_no_larger_child() -> None:
    bench = Bench()
    assert ids(bench, order(1, totalQuantity=5)) == [1]
    bench.acknowledge(1, totalQuantity=5)
    assert ids(bench, order(1, totalQuantity=1), sell(2, totalQuantity=5, **FAMILY)) == [1]


def test_an_echo_from_before_a_revision_makes_no_room() -> None:
    bench = Bench(limits(total={"premium": 1000}), held={11: 4, 12: 1})
    assert ids(bench, sell(1)) == [1]
    bench.acknowledge(1, action="SELL")
    assert ids(bench, sell(1, totalQuantity=4)) == [1]
    bench.acknowledge(1, action="SELL")  # as it stood before
    assert ids(bench, sell(2, totalQuantity=3)) == []
    bench.acknowledge(1, action="SELL", totalQuantity=4)
    bench.acknowledge(1, action="SELL", totalQuantity=2)
    assert ids(bench, sell(3, totalQuantity=2)) == [3]


def test_a_stop_that_was_filled_in_part_is_still_revised() -> None:
    bench = Bench(held={11: 4})
    assert ids(bench, stop(1, totalQuantity=4)) == [1]
    bench.acknowledge(1, action="SELL", orderType="STP", totalQuantity=4)
    bench.status(1, "Submitted", 2, 2)
    assert ids(bench, stop(1, totalQuantity=4, auxPrice="0.6"), stop(1, totalQuantity=5)) == [1]


def test_a_request_that_bears_an_orders_number_does_not_end_the_order() -> None:
    bench = Bench(limits(total={"positions": 1}))
    assert ids(bench, order(50, PUT)) == [50]
    bench.say("error", 1, reqId=50, errorCode=200, errorString="No security definition has been found")
    assert ids(bench, order(51)) == []


def test_an_order_that_crossed_a_listing_on_the_way_is_not_forgotten() -> None:
    bench = Bench(limits(total={"positions": 1}))
    bench.wait(29)
    bench.tick(11, 2, "1.00")
    bench.tick(12, 2, "1.00")
    assert ids(bench, order(1, PUT)) == [1]
    bench.wait(2)  # the guard asks for every open order, and the answer is from before
    bench.say("openOrderEnd", -1)
    assert ids(bench, order(2)) == []


def test_executions_of_the_past_cannot_be_asked_for_as_if_they_were_of_now() -> None:
    bench = Bench()
    asked = {"acctCode": "", "time": "", "symbol": "", "secType": "", "exchange": "", "side": ""}
    assert bench.hear(encode("reqExecutions", VERSION, reqId=-1, **asked)) == []
    assert [m.kind for m in bench.hear(encode("reqExecutions", VERSION, reqId=1, **asked))] == [
        "reqExecutions"
    ]


def _watch(number: int, con_id: int, **more: Any) -> bytes:
    return encode("reqMktData", VERSION, reqId=number, conId=con_id, **more)


def _quoted(bench: Bench, number: int, price: str) -> None:
    bench.say("tickPrice", 1, reqId=number, tickType=2, price=Decimal(price), size=1, attrMask=0)


def test_a_quote_of_another_contract_opens_no_collar() -> None:
    bench = Bench()
    # The number of a subscription that stands, of one that has just ended, of one under a wrong name, of a combination.
    bench.hear(_watch(70, 14), _watch(70, 11))
    bench.hear(_watch(71, 14), encode("cancelMktData", VERSION, reqId=71), _watch(71, 11))
    bench.hear(_watch(72, 11, symbol="GME"), _watch(73, 11, secType="BAG", comboLegs=()))
    for number in (70, 71, 72, 73):
        _quoted(bench, number, "50.00")
    assert ids(bench, order(1, lmtPrice=5)) == []
    bench.wait(6)
    _quoted(bench, 71, "5.00")  # it is the contract's own by now
    assert ids(bench, order(2, lmtPrice=5)) == [2]


def test_a_subscription_that_cannot_be_read_is_not_let_through() -> None:
    bench = Bench()
    whole = encode("reqMktData", VERSION, reqId=11, conId=14)
    assert bench.hear(whole.replace(b"\x0014\x00", b"\x00xy\x00")) == []
    assert bench.codes() == [321]


def test_a_description_leaves_with_the_number_of_the_contract_it_was_judged_as() -> None:
    bench = Bench()
    nameless = OPTION | {"conId": 0}
    assert [m.conId for m in bench.hear(order(1, nameless))] == [11]
    for con_id, name in ((11, "SPY"), (21, "SPYW")):
        named = OPTION | {"conId": con_id, "tradingClass": name}
        bench.say("position", -1, account=ACCOUNT, **named, position=0, avgCost=0)
    for tick, price in ((1, "0.98"), (2, "1.00")):
        bench.hear(_watch(21, 21))
        bench.tick(21, tick, price)
    left = bench.hear(order(2, nameless), order(3, nameless | {"tradingClass": "SPYW"}))
    assert [(m.orderId, m.conId) for m in left] == [(3, 21)]


def test_a_name_that_contradicts_the_number_is_refused() -> None:
    bench = Bench()
    bench.say("position", -1, account=ACCOUNT, **OPTION, localSymbol="SPY   260320C", position=0, avgCost=0)
    assert ids(bench, order(1, OPTION | {"localSymbol": "SPY 260320P"})) == []
    assert ids(bench, order(1, OPTION | {"localSymbol": "SPY 260320C"})) == [1]


def test_an_option_of_an_unknown_multiplier_is_not_traded() -> None:
    bench = Bench()
    bench.say(
        "position", -1, account=ACCOUNT, **(OPTION | {"conId": 22, "multiplier": ""}), position=3, avgCost=0
    )
    assert ids(bench, sell(1, OPTION | {"conId": 22})) == []


def test_orders_typed_into_tws_are_told_apart() -> None:
    bench = Bench(held={11: 2})
    for perm_id in (7, 8):
        known = {"account": ACCOUNT, "clientId": 0, "permId": perm_id, "status": "Submitted"}
        terms = {"action": "SELL", "totalQuantity": 1, "orderType": "LMT", "lmtPrice": 1}
        bench.say("openOrder", -1, orderId=0, **OPTION, **known, **terms)
    assert ids(bench, sell(1)) == []


@pytest.mark.parametrize(
    "trick",
    [
        {"secType": "BAG", "comboLegs": ({"conId": 11, "action": "SELL"}, {"conId": 12, "action": "BUY"})},
        {"deltaNeutralContract": {"conId": 14, "delta": 1.0, "price": 1.0}},
        {
            "conditions": (
                {"condType": 3, "conjunction": "a", "isMore": True, "time": "20260302 15:00:00 UTC"},
            )
        },
        {"algoStrategy": "Adaptive", "algoParams": ({"tag": "adaptivePriority", "value": "Urgent"},)},
        {"faGroup": "All", "faMethod": "EqualQuantity"},
        {"cashQty": 90000},
        {"hedgeType": "D"},
        {"overridePercentageConstraints": True},
        {"origin": 1},
        {"modelCode": "m"},
        {"scaleInitLevelSize": 5, "scalePriceIncrement": 1},
        {"outsideRth": True},
    ],
    ids=lambda trick: next(iter(trick)),
)
def test_an_order_that_is_more_than_an_order_is_refused_and_ends_nothing(trick: dict[str, Any]) -> None:
    bench = Bench(held={11: 9})
    tricky = order(1, OPTION | trick) if "secType" in trick else order(1, **trick)
    assert ids(bench, tricky, sell(2)) == [2]


def test_exercise_requests_and_allocations_never_leave() -> None:
    bench = Bench(held={11: 1})
    known = {key: value for key, value in OPTION.items() if key != "multiplier"}
    asked = {"exerciseAction": 1, "exerciseQuantity": 1, "account": ACCOUNT, "override": 1}
    assert bench.hear(encode("exerciseOptions", VERSION, reqId=1, exchange="SMART", **known, **asked)) == []
    assert bench.hear(encode("replaceFA", VERSION, faDataType=1, xml="<x/>", reqId=1)) == []


def test_a_foreign_underlying_is_not_bought_under_a_known_number() -> None:
    bench = Bench(held={14: 1})
    assert ids(bench, order(1, FOREIGN), order(2, OPTION | {"symbol": "GME"}), sell(3, FOREIGN)) == [3]


@pytest.fixture
def open_desk(tmp_path: Path) -> Iterator[GuardedDesk]:
    """A gateway that itself lets everything through: what is held is held by the guard alone."""
    world = fair_world(short_options_allowed=True, price_collar=None, both_sides_reject=False)
    desk = GuardedDesk("ib_insync", tmp_path, world=world)
    desk.open_market()
    yield desk
    desk.close()


@pytest.mark.line
def test_the_gateways_books_never_show_what_was_not_held(open_desk: GuardedDesk) -> None:
    desk = open_desk
    option = desk.quoted_option()
    desk.place(option, *desk.bracket(1, desk.ask(option)))
    desk.advance(seconds=15)
    assert desk.gateway.books().positions == {option.conId: 1}
    desk.ib.reqGlobalCancel()
    desk.settle()
    unblocked = {"ocaGroup": "twice", "ocaType": 3}
    desk.place(option, *(desk.lib.MarketOrder("SELL", 1, **unblocked) for _ in range(2)))
    desk.advance(seconds=15)
    assert desk.gateway.books().positions.get(option.conId, 0) == 0
    # A parent is sent with children of five, and made smaller while it rests; then it fills.
    family = desk.bracket(5, 0.05)
    trades = desk.place(option, *family)
    family[0].totalQuantity = 1
    family[0].lmtPrice = desk.ask(option)
    desk.place(option, family[0])
    desk.advance(seconds=30)
    assert trades[0].filled() == 0
    # The day's executions, asked for as if they were of now, after a restart has emptied the books' memory.
    desk.ib.client.send(7, 3, -1, 0, "", "", "", "", "", "")
    desk.place(option, desk.lib.MarketOrder("SELL", 1))
    desk.advance(seconds=15)
    assert desk.gateway.books().positions.get(option.conId, 0) == 0
