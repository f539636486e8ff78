"""The wall as a client library meets it: real ib_insync, the guard, and the gateway's own books as judge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bot.domain.errors import FixTheMachine
from bot.guard.files import Files
from tests.guard.rig import ACCOUNT, GuardedDesk, limits

pytestmark = pytest.mark.line


@pytest.fixture
def option(desk: GuardedDesk) -> Any:
    return desk.quoted_option()


def hold_one(desk: GuardedDesk, option: Any) -> list[Any]:
    """A position of one contract under a target and a stop."""
    trades = desk.place(option, *desk.bracket(1, desk.ask(option)))
    desk.advance(seconds=15)
    assert desk.statuses(trades) == ["Filled", "Submitted", "PreSubmitted"]
    return trades


def rest_one(desk: GuardedDesk) -> list[Any]:
    """An entry of another contract far below the market, with its children: IB takes no orders on both sides of one."""
    return desk.place(desk.quoted_option(right="P"), *desk.bracket(1, 0.05))


@pytest.mark.parametrize("library", ["ib_insync", "ib_async"])
def test_an_ordinary_bracket_passes_and_is_followed(
    make_desk: Callable[..., GuardedDesk], library: str
) -> None:
    desk = make_desk(library=library)
    option = desk.quoted_option()
    hold_one(desk, option)
    assert desk.words() == []
    assert desk.wall.ask(lambda guard: dict(guard.ledger.held)) == {(ACCOUNT, option.conId): 1}
    assert desk.gateway.books().positions == {option.conId: 1}


def test_ten_times_the_size_is_refused_as_ib_refuses(desk: GuardedDesk, option: Any) -> None:
    trades = desk.place(option, *desk.bracket(200, desk.ask(option)))
    assert desk.statuses(trades) == ["Cancelled"] * 3
    assert desk.codes() == [201] * 3
    assert desk.words()[0].startswith("Order rejected - reason:guard: 200 contracts in an order")
    assert desk.do(desk.ib.reqAllOpenOrdersAsync()) == []
    assert desk.wall.wait_told("refused size")


def test_what_is_not_held_is_not_sold(desk: GuardedDesk, option: Any) -> None:
    desk.place(option, desk.lib.MarketOrder("SELL", 1))
    hold_one(desk, option)
    desk.place(option, desk.lib.StopOrder("SELL", 1, 0.5))
    desk.place(option, desk.lib.LimitOrder("SELL", 1, 9.0))
    assert [text.partition("guard: ")[2] for text in desk.words()] == [
        "1 more would be sold than is held"
    ] * 3


def test_an_exit_in_the_group_of_its_stop_passes(desk: GuardedDesk, option: Any) -> None:
    trades = hold_one(desk, option)
    group = trades[2].order.ocaGroup
    desk.place(option, desk.lib.MarketOrder("SELL", 1, ocaGroup=group, ocaType=2))
    desk.advance(seconds=15)
    assert desk.words() == []
    assert desk.gateway.books().positions.get(option.conId, 0) == 0
    assert desk.wall.ask(lambda guard: (dict(guard.ledger.held), guard.counts.round_trips)) == ({}, 1)


def test_revisions_without_end_are_held_and_the_order_lives_on(
    make_desk: Callable[..., GuardedDesk],
) -> None:
    desk = make_desk(limits(rates={"revisions": {"minute": 20, "day": 100}}))
    option = desk.quoted_option()
    trades = desk.place(option, desk.lib.LimitOrder("BUY", 1, 0.05))
    desk.ib.client.MaxRequests = 0  # the library's own brake
    for n in range(100):
        trades[0].order.lmtPrice = 0.05 + 0.05 * (n % 2)
        desk.ib.placeOrder(option, trades[0].order)
    desk.settle()
    assert desk.gateway.books().modifies == 20
    assert set(desk.codes()) == {134}
    # What the order is was said again, so that the client library does not take it for dead.
    assert trades[0].orderStatus.status == "Submitted"


def test_a_price_above_the_ask_is_refused_on_entry_and_on_revision(desk: GuardedDesk, option: Any) -> None:
    ask = desk.ask(option)
    trades = desk.place(option, desk.lib.LimitOrder("BUY", 1, round(ask * 2, 2)))
    resting = desk.place(option, desk.lib.LimitOrder("BUY", 1, 0.05))[0]
    resting.order.lmtPrice = round(ask * 2, 2)
    desk.ib.placeOrder(option, resting.order)
    desk.settle()
    assert trades[0].orderStatus.status == "Cancelled"
    assert ["is above" in text for text in desk.words()] == [True, True]
    assert desk.gateway.books().positions == {}


def test_an_entry_without_a_quote_or_without_a_limit_does_not_leave(desk: GuardedDesk) -> None:
    option = desk.option()
    desk.place(option, desk.lib.LimitOrder("BUY", 1, 0.05))
    desk.place(option, desk.lib.MarketOrder("BUY", 1))
    desk.place(desk.spy(), desk.lib.LimitOrder("BUY", 1, 1.0))
    assert [text.partition("guard: ")[2][:24] for text in desk.words()] == [
        f"no ask of contract {option.conId}"[:24],
        "an entry of type MKT has",
        "SPY is STK, not an optio",
    ]


@pytest.mark.parametrize("library", ["ib_insync", "ib_async"])
def test_an_entry_by_delayed_quotes_does_not_leave(
    make_desk: Callable[..., GuardedDesk], library: str
) -> None:
    desk = make_desk(library=library)
    desk.gateway.faults.unsubscribed()
    desk.ib.reqMarketDataType(3)
    option = desk.quoted_option()
    assert desk.place(option, desk.lib.LimitOrder("BUY", 1, desk.ask(option)))[0].isDone()
    assert "they come delayed or frozen" in desk.words()[0]


def test_an_algorithm_or_another_account_does_not_leave(desk: GuardedDesk, option: Any) -> None:
    desk.place(option, desk.lib.LimitOrder("BUY", 1, 0.05, algoStrategy="Adaptive"))
    desk.place(option, desk.lib.LimitOrder("BUY", 1, 0.05, account="DU7654321"))
    assert ["algoStrategy" in desk.words()[0], "DU7654321" in desk.words()[1]] == [True, True]


def test_a_what_if_is_no_order(desk: GuardedDesk, option: Any) -> None:
    state = desk.do(desk.ib.whatIfOrderAsync(option, desk.lib.LimitOrder("BUY", 500, 1.0)))
    assert state.commission > 0
    assert desk.wall.ask(lambda guard: dict(guard.ledger.working)) == {}


def test_a_client_that_may_only_watch_cannot_order(make_desk: Callable[..., GuardedDesk]) -> None:
    desk = make_desk()
    option = desk.quoted_option()
    watcher = desk.connect(990)
    watcher.placeOrder(option, desk.lib.LimitOrder("BUY", 1, 0.05))
    watcher.reqGlobalCancel()
    desk.settle()
    assert ["may only watch" in text for text in desk.words()] == [True, True]
    assert desk.do(desk.ib.reqAllOpenOrdersAsync()) == []


def test_an_unknown_client_is_told_why_and_closed(desk: GuardedDesk) -> None:
    with pytest.raises((TimeoutError, ConnectionError)):
        desk.connect(77, timeout=1)
    assert "client id 77" in desk.words()[0]


def test_a_stop_cancels_what_rests_and_leaves_protection(desk: GuardedDesk, option: Any) -> None:
    held = hold_one(desk, option)
    resting = rest_one(desk)
    desk.wall.latch("the owner's phone")
    desk.advance(seconds=5)
    assert desk.statuses(resting) == ["Cancelled"] * 3
    assert desk.statuses(held)[1:] == ["Submitted", "PreSubmitted"]
    assert any(code == 2199 and "the owner's phone (Ana)" in text for _, code, text in desk.errors)
    assert desk.statuses(rest_one(desk)) == ["Cancelled"] * 3
    desk.wall.release()
    assert desk.statuses(rest_one(desk))[0] == "Submitted"


def test_a_stop_that_flattens_sells_everything_once(desk: GuardedDesk, option: Any) -> None:
    hold_one(desk, option)
    desk.wall.latch(flatten=True)
    desk.advance(seconds=5)
    desk.wall.tick()
    desk.advance(seconds=15)
    assert desk.gateway.books().positions.get(option.conId, 0) == 0
    assert desk.do(desk.ib.reqAllOpenOrdersAsync()) == []
    desk.place(option, desk.lib.StopOrder("SELL", 1, 0.5))
    assert desk.words()[-1].endswith("everything is being closed by the guard")


def test_the_latch_outlives_the_guard(desk: GuardedDesk, option: Any) -> None:
    desk.wall.latch("before the restart")
    desk.wall.stop()
    again = GuardedDesk("ib_insync", desk.wall.files.directory)
    try:
        assert again.wall.ask(lambda guard: str(guard.clearing.stop)) == "stopped: before the restart (Ana)"
    finally:
        again.close()


def test_entries_of_a_silent_client_are_cancelled_on_its_own_line(desk: GuardedDesk, option: Any) -> None:
    held = hold_one(desk, option)
    resting = rest_one(desk)
    desk.wall.later(121)
    assert "silent for 120 s" in desk.wall.wait_told("dead man").text
    desk.advance(seconds=5)
    assert desk.statuses(resting) == ["Cancelled"] * 3
    assert desk.statuses(held)[1:] == ["Submitted", "PreSubmitted"]


def test_entries_of_a_client_that_is_gone_are_cancelled_in_its_name(desk: GuardedDesk, option: Any) -> None:
    hold_one(desk, option)
    rest_one(desk)
    watcher = desk.connect(2)
    desk.ib.disconnect()
    desk.settle()
    desk.wall.wait_told("gone")
    desk.wall.later(121)
    desk.wall.wait_told("stand in")
    desk.advance(seconds=5)
    orders = desk.do(watcher.reqAllOpenOrdersAsync())
    assert sorted(trade.order.orderType for trade in orders) == ["LMT", "STP"]
    assert {trade.order.action for trade in orders} == {"SELL"}
    # The stand-in makes room for its client.
    desk.wall.tick()
    back = desk.connect(1)
    assert back.isConnected()


def test_a_guard_that_fails_closes_every_line_and_protection_stands(
    desk: GuardedDesk, option: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold_one(desk, option)

    def fail(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(desk.wall.guard, "time_passed", fail)
    desk.wall.wait_told("failed")
    desk.do(_disconnected(desk.ib))
    assert dict(desk.gateway.books().working_stops) == {option.conId: 1}


async def _disconnected(ib: Any) -> None:
    if ib.isConnected():
        await ib.disconnectedEvent


def test_counts_of_the_day_outlive_a_restart(desk: GuardedDesk, option: Any) -> None:
    hold_one(desk, option)
    directory = desk.wall.files.directory
    desk.wall.stop()
    assert Files(directory).counts(desk.wall.proxy._now()).by_kind["entries"] == 1


def test_while_the_disk_takes_no_counts_no_entry_leaves_and_an_exit_does(
    desk: GuardedDesk, option: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise FixTheMachine("counts.json: cannot be written (No space left on device)")

    trades = hold_one(desk, option)
    with monkeypatch.context() as disk:
        disk.setattr(desk.wall.files, "keep", full)
        assert "No space left" in desk.wall.wait_told("disk").text
        entry = desk.place(desk.quoted_option(right="P"), desk.lib.LimitOrder("BUY", 1, 0.05))
        assert "cannot keep its counts" in desk.words()[-1]
        out = desk.lib.LimitOrder("SELL", 1, 8.0, ocaGroup=trades[2].order.ocaGroup, ocaType=2)
        assert desk.place(option, out)[0].orderStatus.status != "Cancelled"
        assert desk.statuses(entry) == ["Cancelled"]
    assert desk.wall.wait_told("disk again")
    desk.place(desk.quoted_option(right="P"), desk.lib.LimitOrder("BUY", 1, 0.05))
    assert len(desk.words()) == 1


@pytest.mark.parametrize("set_s", [-3600.0, 86400.0])
def test_a_clock_that_is_set_ends_every_line_for_a_new_beginning(desk: GuardedDesk, set_s: float) -> None:
    desk.wall.clock_set_s = set_s
    assert desk.wall.wait_told("failed").is_urgent
    desk.do(_disconnected(desk.ib))
