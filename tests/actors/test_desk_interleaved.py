"""The desk in any interleaving: nothing leaves before its rows, nothing is lost or overtaken."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from bot.actors import desk
from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.messages import Message
from bot.wiring import BROKER, DURABLE, EXECUTION, subscribers
from tests.actors.desk_parts import AT, AT_THE_DESK, MAKERS, House, Speaks

QUOTES = (b.QuoteReceived, m.QuoteUpdated)
KINDS = st.sampled_from(sorted(MAKERS))


def made(kind: str, number: int) -> Message:
    return MAKERS[kind](number)


# ── any interleaving ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Interleaved:
    """A desk whose two threads take steps when they are told to: everything is in the hand of ``draw``.

    While a group is at the disk, others speak and, where it is the writer that writes, the desk works on.
    """

    draw: Callable[..., object]
    said: list[Message] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)
    left: int = 60
    is_writer: bool = False
    depth: int = 0

    def __post_init__(self) -> None:
        self.numbers = count()
        self.house = House(
            self.at_the_disk, {name: Speaks(self.answers) for name in AT_THE_DESK}, self.leaves
        )
        self.desk = self.house.desk
        self.desk._thread = threading.current_thread()
        self.desk._is_wanted = True  # nobody is called: the writer's steps are taken here
        self._emit, self.desk.emit = self.desk.emit, self.say  # type: ignore[method-assign]

    def say(self, message: Message) -> None:
        self.said.append(message)
        self._emit(message)

    def new(self) -> Message:
        self.left -= 1
        return made(str(self.draw(KINDS)), next(self.numbers))

    def answers(self, _: Message) -> list[Message]:
        return [self.new() for _ in range(int(str(self.draw(st.integers(0, 2))))) if self.left > 0]

    def leaves(self, name: str, message: Message) -> None:
        place = next(n for n, x in enumerate(self.said) if x is message)
        missing = [x for x in self.said[: place + 1] if type(x) in DURABLE and x not in self.house.disk]
        if missing:
            self.breaches.append(f"{message} left for {name} before {missing} was on disk")

    def at_the_disk(self, rows: Sequence[Message]) -> None:
        del rows
        is_writer, self.is_writer = self.is_writer, False
        for _ in range(int(str(self.draw(st.integers(0, 4))))):
            if is_writer and self.draw(st.booleans()):
                self.desk._take_turn()
            elif self.left > 0:
                self.say(self.new())

    def step(self, what: str) -> None:
        match what:
            case "say" if self.left > 0:
                self.say(self.new())
            case "turn":
                self.desk._take_turn()
            case "kept":
                self.desk._take_kept()
            case "desk writes":
                self.desk._write()
            case "desk writes what is urgent":
                self.desk._write_urgent()
            case "writer writes":
                self.is_writer = True
                self.desk._write()
                self.is_writer = False

    def finish(self) -> None:
        one = self.desk
        while (
            one._write_urgent() or one._take_turn() or one._write_if_due() or one._take_kept() or one._write()
        ):
            pass


WRITES = ("desk writes", "desk writes what is urgent", "writer writes")
STEPS = st.lists(st.sampled_from(("say", "say", "say", "turn", "turn", "kept", *WRITES)), max_size=60)


def told_to(name: str, said: list[Message]) -> list[Message]:
    return [x for x in said if name in subscribers(x)]


def assert_in_order(heard: list[Message], told: list[Message]) -> None:
    """All that counts one by one, each behind the newest quotes that were said before it."""
    assert [x for x in heard if not isinstance(x, QUOTES)] == [x for x in told if not isinstance(x, QUOTES)]
    ends = [n for n, x in enumerate(heard) if not isinstance(x, QUOTES)] + [len(heard)]
    others = [n for n, x in enumerate(told) if not isinstance(x, QUOTES)] + [len(told)]
    for until, said_until in zip(ends, others, strict=True):
        newest = {(type(x), x.quote.con_id): x.quote.at for x in told[:said_until] if isinstance(x, QUOTES)}
        known = {(type(x), x.quote.con_id): x.quote.at for x in heard[:until] if isinstance(x, QUOTES)}
        assert all(known[key] >= at for key, at in newest.items())


@given(st.data(), STEPS)
def test_in_any_interleaving_nothing_leaves_before_its_rows_and_nothing_is_lost_or_overtaken(
    data: st.DataObject, steps: list[str]
) -> None:
    # No clock decides what is written when: whoever draws does.
    with patch.object(desk, "WORKS_ON_S", 0.0), patch.object(desk, "HEAD_START_S", 0.0):
        run = Interleaved(data.draw)
        for step in steps:
            run.step(step)
        run.finish()

    assert not run.breaches
    assert run.house.disk == [x for x in run.said if type(x) in DURABLE]
    for name, ear in run.house.ears.items():
        assert ear.heard == told_to(name, run.said)
    for name, machine in run.house.machines.items():
        assert_in_order(machine.heard, told_to(name, run.said))
    assert not any(run.desk.peers[name].actor_inbox.qsize() for name in AT_THE_DESK)
    assert not run.house.failed.failures


def test_with_real_threads_too_all_is_heard_in_order_and_what_is_durable_only_from_the_disk() -> None:
    breaches: list[Message] = []

    def leaves(_: str, message: Message) -> None:
        if type(message) in DURABLE and message not in house.disk:
            breaches.append(message)

    def answers(message: Message) -> list[Message]:
        return [b.SendCancel(message.ref, AT)] if isinstance(message, m.CancelOrder) else []

    house = House(machines={EXECUTION: Speaks(answers)}, told=leaves)
    words = [made_from(1000 * n) for n in range(3)]

    def speak(mine: list[Message]) -> None:
        for message in mine:
            house.desk.emit(message)

    speakers = [threading.Thread(target=speak, args=(mine,)) for mine in words]
    for speaker in speakers:
        speaker.start()
    for speaker in speakers:
        speaker.join()
    house.settle()
    house.stop()

    assert not breaches
    cancels = [x for mine in words for x in mine if isinstance(x, m.CancelOrder | b.SendCancel)]
    assert len([x for x in house.ears[BROKER].heard if isinstance(x, b.SendCancel)]) == len(cancels)
    for name, hears in [*house.machines.items(), *house.ears.items()]:
        for mine in words:
            told = [x for x in told_to(name, mine) if not isinstance(x, QUOTES)]
            assert [x for x in hears.heard if x in told] == told


def made_from(first: int) -> list[Message]:
    kinds = sorted(MAKERS)
    return [made(kinds[n % len(kinds)], n) for n in range(first, first + 150)]
