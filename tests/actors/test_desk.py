"""The desk: what leaves it is on disk before, nothing is lost, everyone hears all in the order it was said."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from decimal import Decimal

import pykka
import pytest

from bot.actors import desk
from bot.actors.runtime import Ping, stop
from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.errors import FixTheMachine
from bot.domain.messages import Message
from bot.execution.orders import approved_prices, bracket_orders
from bot.wiring import BOARD, BROKER, EXECUTION, JOURNAL, MARKET_DATA, OCO_WATCHER, RISK
from tests.actors.desk_parts import AT, AT_THE_DESK, MAKERS, SPY, HeldUp, House, Speaks
from tests.execution.line import bracket
from tests.journal.makers import CLOSED, ENTRY


def made(kind: str, number: int) -> Message:
    return MAKERS[kind](number)


# ── whose turn it is ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_orders_come_before_the_market_and_quotes_that_are_merely_kept_behind_all() -> None:
    order: list[tuple[str, Message]] = []
    is_over = threading.Event()

    def noting(name: str) -> Speaks:
        def note(message: Message) -> Sequence[Message]:
            order.append((name, message))
            if len(order) == 4:
                is_over.set()
            return ()

        return Speaks(note)

    held = HeldUp()
    house = House(machines={RISK: held} | {x: noting(x) for x in (EXECUTION, OCO_WATCHER, MARKET_DATA, SPY)})
    house.desk.emit(made("ordered", 0))
    assert held.began.wait(30)
    kept, received, cancel = made("updated", 1), made("quote", 2), made("cancel", 3)
    for message in (kept, received, cancel):
        house.desk.emit(message)
    held.may_go_on.set()
    assert is_over.wait(30)
    house.stop()

    assert order == [(EXECUTION, cancel), (MARKET_DATA, received), (SPY, kept), (OCO_WATCHER, kept)]


def test_of_a_group_the_broker_hears_before_board_and_journal() -> None:
    left: list[tuple[str, Message]] = []
    words = (made("protection", 1), made("cancel on the wire", 2))
    house = House(
        machines={EXECUTION: Speaks(lambda x: words if isinstance(x, m.CancelOrder) else ())},
        told=lambda name, x: left.append((name, x)),
    )
    house.desk.emit(made("cancel", 0))
    house.settle()
    house.stop()

    assert left[0] == (BROKER, words[1])
    assert {name for name, _ in left} > {BROKER, BOARD, JOURNAL}


# ── a fill, an end, a halt ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("first", [ENTRY, CLOSED, m.Halted(AT, "operator", "test", "me")])
def test_a_lone_fill_end_or_halt_is_on_disk_before_anything_is_made_of_it(first: Message) -> None:
    order, after = m.CancelOrder("a/stop", "test", AT), made("status", 7)
    heard_at_commit: list[int] = []
    is_written = threading.Event()

    def at_the_disk(rows: Sequence[Message]) -> None:
        if first in rows:
            heard_at_commit.append(sum(first in house.machines[name].heard for name in AT_THE_DESK))
            is_written.set()

    house = House(
        at_the_disk,
        {
            EXECUTION: Speaks(lambda x: (first,) if x == order else ()),
            RISK: Speaks(lambda x: (after,) if x == first else ()),
        },
    )
    house.desk.emit(order)
    assert is_written.wait(30)
    house.settle()
    house.stop()

    assert heard_at_commit == [0]
    assert house.groups[0] == [first]


def test_a_fill_behind_which_another_waits_goes_to_the_disk_with_what_is_made_of_both() -> None:
    held = HeldUp(lambda x: (ENTRY,) if isinstance(x, m.CancelOrder) else ())
    house = House(machines={EXECUTION: held})
    house.desk.emit(m.CancelOrder("a/stop", "test", AT))
    assert held.began.wait(30)
    status = made("status", 3)
    house.desk.emit(status)
    held.may_go_on.set()
    house.settle()
    house.stop()

    assert house.groups == [[status, ENTRY]]


# ── what a position or a person waits for ────────────────────────────────────────────────────────────────────────────

PLACE = bracket("a", at=AT)
ENTRY_SENT = b.SendOrders(bracket_orders(PLACE, approved_prices(PLACE), PLACE.enter_by), AT)
EXIT_SENT = b.SendOrders(ENTRY_SENT.orders[1:], AT)
CANCEL, REVISED = b.SendCancel("a/target", AT), b.SendRevision("a/stop", Decimal("1.70"), 3, AT)


def market_heard_before(row: Message, monkeypatch: pytest.MonkeyPatch) -> int:
    """How much the machines that judge the market had heard when that was on disk; three words for them lay there before
    it was said, and another about orders behind it; with it came a row for which nobody waits."""
    monkeypatch.setattr(desk, "WORKS_ON_S", 60.0)
    heard_at_commit: list[int] = []

    def judged() -> list[Message]:
        return [x for x in house.machines[MARKET_DATA].heard if isinstance(x, b.QuoteReceived)]

    def at_the_disk(rows: Sequence[Message]) -> None:
        if row in rows:
            heard_at_commit.append(len(judged()))

    held = HeldUp(lambda x: (row, made("resumed", 9)) if isinstance(x, m.CancelOrder) else ())
    house = House(at_the_disk, {EXECUTION: held})
    house.desk.emit(m.CancelOrder("a/stop", "test", AT))
    assert held.began.wait(30)
    for number in range(3):
        house.desk.emit(made("quote", number))
    house.desk.emit(made("status", 3))
    held.may_go_on.set()
    house.settle()
    house.stop()
    assert len(judged()) == 3
    (found,) = heard_at_commit
    return found


@pytest.mark.parametrize(
    "row", [ENTRY, CLOSED, m.Halted(AT, "operator", "test", "me"), EXIT_SENT, CANCEL, REVISED]
)
def test_what_a_position_or_a_person_waits_for_is_on_disk_before_the_market_is_judged(
    row: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert market_heard_before(row, monkeypatch) == 0


def test_an_entry_goes_to_the_disk_with_what_the_market_brings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert market_heard_before(ENTRY_SENT, monkeypatch) == 3


def test_it_does_not_wait_for_all_that_has_to_do_with_orders_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "WORKS_ON_S", 0.0)
    heard_at_commit: list[int] = []
    writers: list[threading.Thread | None] = []

    def at_the_disk(rows: Sequence[Message]) -> None:
        if CANCEL in rows:
            heard_at_commit.append(len(held.heard))
            writers.append(house.desk._writer)

    held = HeldUp(lambda x: (CANCEL,) if x == first else ())
    house, first = House(at_the_disk, {EXECUTION: held}), m.CancelOrder("a/target", "test", AT)
    house.desk.emit(first)
    assert held.began.wait(30)
    for number in range(20):
        house.desk.emit(made("cancel", number))
    held.may_go_on.set()
    house.settle()
    house.stop()

    assert heard_at_commit == [1]
    assert len(held.heard) == 21
    assert writers == [None]


def test_but_it_shares_a_sync_with_what_comes_of_the_orders_that_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(desk, "WORKS_ON_S", 60.0)
    held = HeldUp(lambda x: (b.SendCancel(x.ref, AT),) if isinstance(x, m.CancelOrder) else ())
    house = House(machines={EXECUTION: held})
    house.desk.emit(made("cancel", 0))
    assert held.began.wait(30)
    house.desk.emit(made("cancel", 1))
    held.may_go_on.set()
    house.settle()
    house.stop()

    assert [len(group) for group in house.groups] == [2]


# ── a disk that takes nothing ────────────────────────────────────────────────────────────────────────────────────────


def test_a_write_that_fails_ends_the_desk_and_nothing_that_waited_for_it_leaves() -> None:
    at_the_disk, may_fail = threading.Event(), threading.Event()

    def fails(rows: Sequence[Message]) -> None:
        at_the_disk.set()
        may_fail.wait(60)
        raise FixTheMachine(f"journal: cannot write {len(rows)} rows")

    lost, behind, unwritten = made("cancel on the wire", 1), made("unwatch", 2), made("protection", 3)
    house = House(fails)
    house.desk.emit(lost)
    assert at_the_disk.wait(30)
    house.desk.emit(behind)
    house.desk.emit(unwritten)
    may_fail.set()
    assert house.failed.event.wait(30)
    thread = house.desk._thread
    assert thread is not None
    thread.join(30)

    ((component, error, row),) = house.failed.failures
    assert (component, type(error), row) == (JOURNAL, FixTheMachine, lost)
    assert not any(ear.heard for ear in house.ears.values())
    assert not any(house.desk.peers[name].is_alive() for name in AT_THE_DESK)
    with pytest.raises(pykka.ActorDeadError):
        house.desk.emit(unwritten)


def test_a_fill_that_cannot_be_booked_is_made_nothing_of() -> None:
    def fails(_: Sequence[Message]) -> None:
        raise FixTheMachine("journal: cannot write")

    house = House(fails, {EXECUTION: Speaks(lambda x: (ENTRY,) if isinstance(x, m.CancelOrder) else ())})
    house.desk.emit(m.CancelOrder("a/stop", "test", AT))
    assert house.failed.event.wait(30)
    thread = house.desk._thread
    assert thread is not None
    thread.join(30)

    assert [name for name, _, _ in house.failed.failures] == [JOURNAL]
    assert not house.machines[OCO_WATCHER].heard
    assert not any(ear.heard for ear in house.ears.values())


def test_who_asked_while_the_disk_failed_is_told_that_the_desk_is_dead() -> None:
    may_fail = threading.Event()

    def fails(_: Sequence[Message]) -> None:
        may_fail.wait(60)
        raise FixTheMachine("journal: cannot write")

    house = House(fails)
    house.desk.emit(made("cancel on the wire", 1))
    asked = threading.Timer(0.0, may_fail.set)
    asked.start()
    with pytest.raises(pykka.ActorDeadError):
        house.settle()


# ── failing and ending ───────────────────────────────────────────────────────────────────────────────────────────────


def test_what_was_said_before_a_machine_raised_is_written_and_leaves() -> None:
    def breaks(_: Message) -> Sequence[Message]:
        raise ZeroDivisionError("broken on purpose")

    house = House(machines={RISK: Speaks(breaks)})
    said = made("cancel on the wire", 1)
    house.desk.emit(said)
    house.desk.emit(made("ordered", 2))
    assert house.failed.event.wait(30)
    stop(house.desk, reversed(AT_THE_DESK), 30.0)

    assert [name for name, _, _ in house.failed.failures] == [RISK]
    assert house.ears[BROKER].heard == house.disk == [said]


def test_a_dead_hearer_keeps_those_before_him_in_the_row_from_nothing() -> None:
    def breaks(message: Message) -> Sequence[Message]:
        if isinstance(message, m.CancelOrder):
            raise ZeroDivisionError("broken on purpose")
        return ()

    house, status = House(machines={OCO_WATCHER: Speaks(), EXECUTION: Speaks(breaks)}), made("status", 2)
    house.desk.emit(made("cancel", 1))
    assert house.failed.event.wait(30)
    house.desk.peers[RISK].ask(Ping(), timeout=30.0)
    with pytest.raises(pykka.ActorDeadError):
        house.desk.emit(status)
    house.desk.peers[RISK].ask(Ping(), timeout=30.0)

    assert house.disk == [status]
    stop(house.desk, reversed(AT_THE_DESK), 30.0)


def test_stopping_hears_and_writes_all_that_was_said_before_and_then_the_threads_end() -> None:
    house = House(machines={EXECUTION: Speaks(lambda x: (made("cancel on the wire", id(x)),))})
    for number in range(300):
        house.desk.emit(made("cancel", number))
    house.stop()

    assert len(house.machines[EXECUTION].heard) == len(house.disk) == len(house.ears[BROKER].heard) == 300
    thread = house.desk._thread
    assert thread is not None
    thread.join(30)
    assert not thread.is_alive()
    with pytest.raises(pykka.ActorDeadError):
        house.desk.emit(made("cancel", 301))


def test_a_desk_that_hangs_is_left_behind_and_neither_writes_nor_speaks_when_it_wakes() -> None:
    held = HeldUp(lambda _: (made("cancel on the wire", 9),))
    house = House(machines={EXECUTION: held})
    house.desk.emit(made("cancel", 0))
    assert held.began.wait(30)

    stop(house.desk, [EXECUTION], 0.05)
    held.may_go_on.set()
    thread = house.desk._thread
    assert thread is not None
    thread.join(30)

    assert not thread.is_alive()
    assert not house.disk
    assert not house.ears[BROKER].heard
    assert not house.failed.failures


def test_a_desk_that_is_left_behind_while_it_writes_lets_nothing_go() -> None:
    at_the_disk, may_write = threading.Event(), threading.Event()

    def slow(_: Sequence[Message]) -> None:
        at_the_disk.set()
        may_write.wait(60)

    house = House(slow)
    house.desk.emit(made("cancel on the wire", 1))
    assert at_the_disk.wait(30)
    house.desk.abandon()
    may_write.set()
    thread = house.desk._thread
    assert thread is not None
    thread.join(30)

    assert not any(ear.heard for ear in house.ears.values())


def test_a_question_nobody_takes_times_out_and_the_barrier_answers_behind_the_disk() -> None:
    held = HeldUp()
    house = House(machines={RISK: held})
    house.desk.emit(made("ordered", 0))
    assert held.began.wait(30)
    with pytest.raises(pykka.Timeout):
        house.desk.peers[RISK].ask(Ping(), timeout=0.01)
    house.desk.emit(made("cancel on the wire", 1))
    held.may_go_on.set()
    house.desk.peers[RISK].ask(Ping(), timeout=30.0)

    assert house.disk == house.ears[BROKER].heard
    assert len(house.disk) == 1
    house.stop()
