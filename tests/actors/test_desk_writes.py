"""The desk's two threads at the disk, and what a group lets go: nobody is overtaken, and the broker hears first."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from decimal import Decimal
from types import SimpleNamespace

import pytest

from bot.actors import desk
from bot.actors.group import Group
from bot.domain import broker_messages as b
from bot.domain.messages import Message
from bot.wiring import BOARD, BROKER, EXECUTION
from tests.actors.desk_parts import AT, MAKERS, HeldUp, House
from tests.journal.makers import ENTRY

REVISED = b.SendRevision("a/stop", Decimal("1.70"), 3, AT)


def made(kind: str, number: int) -> Message:
    return MAKERS[kind](number)


def test_who_waits_for_the_disk_does_so_too_where_the_writer_was_quicker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_the_disk, waits_or_returned, may_write = threading.Event(), threading.Event(), threading.Event()

    def slow(_: Sequence[Message]) -> None:
        at_the_disk.set()
        may_write.wait(60)

    house, on_return = House(slow), list[bool]()
    one = house.desk
    write, wait, tries = one._write, one._written.wait, list[bool]()

    def writer_first() -> bool:
        if not tries:
            threading.Thread(target=write).start()
            assert at_the_disk.wait(30)
        tries.append(write())
        return tries[-1]

    def noted_wait(timeout: float | None = None) -> bool:
        waits_or_returned.set()
        return wait(timeout)

    def waits_for(group: Group) -> None:
        one._write_now(group)
        on_return.append(ENTRY in house.disk)
        waits_or_returned.set()

    monkeypatch.setattr(one, "_write", writer_first)
    monkeypatch.setattr(one._written, "wait", noted_wait)
    group = one._opened()
    group.add(ENTRY)
    waiting = threading.Thread(target=waits_for, args=(group,), daemon=True)
    waiting.start()
    assert waits_or_returned.wait(30)
    may_write.set()
    waiting.join(30)

    assert on_return == [True]
    assert tries == [False]


# ── what leaves ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_an_idle_desk_is_told_for_others_does_not_overtake_what_the_writer_holds() -> None:
    at_the_disk, may_write, is_told = threading.Event(), threading.Event(), threading.Event()

    def slow(_: Sequence[Message]) -> None:
        at_the_disk.set()
        may_write.wait(60)

    first, second = made("protection", 1), made("protection", 2)
    house = House(slow, told=lambda name, x: is_told.set() if (name, x) == (BOARD, second) else None)
    one = house.desk
    one._opened().add(made("cancel on the wire", 1))
    one._opened().to_others.append((one.peers[BOARD], first))
    one._is_wanted = True
    one._writer = threading.Thread(target=one._write_on, daemon=True)
    one._writer.start()
    one._wanted.put(None)
    assert at_the_disk.wait(30)
    one.emit(second)
    may_write.set()
    assert is_told.wait(30)
    house.stop()

    assert house.ears[BOARD].heard == [first, second]


def test_a_command_from_outside_leaves_by_the_desk_s_own_threads() -> None:
    threads: list[str] = []
    house = House(
        told=lambda name, _: threads.append(threading.current_thread().name) if name == BROKER else None
    )
    house.desk.emit(made("unwatch", 1))
    house.settle()
    house.stop()

    assert threads == ["desk"]


@pytest.mark.parametrize("waiting", [0, 1])
def test_the_broker_has_a_head_start_unless_more_about_orders_waits(
    waiting: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "WORKS_ON_S", 0.0)
    heard_at_start: list[tuple[int, int]] = []

    def sleep(_: float) -> None:
        heard_at_start.append((len(house.ears[BROKER].heard), len(house.ears[BOARD].heard)))

    held = HeldUp(lambda x: (REVISED,) if x == first else ())
    is_shown, first = threading.Event(), made("cancel", 0)
    house = House(machines={EXECUTION: held}, told=lambda name, _: is_shown.set() if name == BOARD else None)
    house.desk.emit(first)
    assert held.began.wait(30)
    monkeypatch.setattr(desk, "time", SimpleNamespace(monotonic=time.monotonic, sleep=sleep))
    for number in range(waiting):
        house.desk.emit(made("cancel", 1 + number))
    held.may_go_on.set()
    assert is_shown.wait(30)
    house.settle()
    house.stop()

    assert heard_at_start == [(1, 0)] * (1 - waiting)
