"""The desk: one thread for all machines that decide, and a second that writes while the first works on.

Rules. Each machine's messages come to it in the order in which they were said, as to an actor: the desk only chooses whose turn
it is, those who have to do with orders first, then those who judge the market, and quotes that are merely kept when
nothing else is left. What leaves the desk (for the broker's link, journal, board and alerts) waits until every durable row that
was said before it is on disk; inside, the machines go on meanwhile. A write that fails ends the desk: nothing that waited
for it leaves, and nothing more is handled.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from concurrent.futures import Future
from typing import Any

import pykka

from bot.actors.broker_link import BrokerLink
from bot.actors.group import Group
from bot.actors.passage import Passage
from bot.actors.runtime import Commit, CommitAll, ComponentFailed, Line, Peer, start_actor
from bot.actors.seat import Seat
from bot.domain.messages import Message
from bot.wiring import AT_THE_DESK, BROKER, DURABLE, JOURNAL, SYNCED_FIRST, Machine

WORKS_ON_S = 0.003
"""A chain of messages that takes longer is not waited for: what it has said so far goes to the writer."""
HEAD_START_S = 0.0005
"""An order has so long to reach the socket before those who only keep or show it want the interpreter, too."""
SHOWN_AFTER_S = 0.1
"""What is only shown waits no longer than that for a desk that has never done."""


def one_by_one(commit: Commit) -> CommitAll:
    """For a journal that takes a row at a time."""

    def commit_all(rows: Any) -> None:
        for row in rows:
            commit(row)

    return commit_all


def rank_of(name: str) -> int | None:
    """Which turn a machine has at the desk; None for one that has no seat there."""
    slot = name.partition(":")[0]
    return next((rank for rank, row in enumerate(AT_THE_DESK) if slot in row), None)


class Desk(Line):
    """The line whose machines that decide share a thread. Any thread may ``emit``."""

    def __init__(self, commit_all: CommitAll) -> None:
        super().__init__(lambda message: commit_all((message,)))
        self._commit_all = commit_all
        self._failed: ComponentFailed | None = None
        self._lock = threading.Lock()
        self._written = threading.Condition(self._lock)
        self._turns: tuple[deque[Seat], ...] = tuple(deque() for _ in AT_THE_DESK)
        """A seat for each letter of it that is not merely kept."""
        self._kept: deque[Seat] = deque()
        """A seat for each that is."""
        self._seats: list[Seat] = []
        self._open = Group()
        self._writing: Group | None = None
        self._is_idle = True
        self.is_closed = False
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._wanted: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._is_wanted = False
        self._thread: threading.Thread | None = None
        self._writer: threading.Thread | None = None

    def seat(self, name: str, machine: Machine, rank: int, failed: ComponentFailed) -> None:
        """Let a machine take part, and the line know it."""
        self._failed = failed
        seat = Seat(name, machine, rank, self, failed)
        self._seats.append(seat)
        self.peers[name] = seat

    # ── what is said ──

    def emit(self, message: Message) -> None:
        """Raises pykka.ActorDeadError where a machine that hears it is dead."""
        hearers = self.hearers(message)
        is_written = type(message) in DURABLE
        if is_written and type(message) in SYNCED_FIRST and self._book_first(message):
            is_written = False
        self._say(message, hearers, is_written=is_written)

    def _book_first(self, message: Message) -> bool:
        """Wait for the disk before anything is made of it, unless others wait who have to do with orders. Whether it did.

        Raises whatever the journal did, and pykka.ActorDeadError where the writer met that.
        """
        if threading.current_thread() is not self._thread:
            return False
        with self._lock:
            if self._turns[0] or self.is_closed:
                return False
            group = self._opened()
            group.add(message)
        self._write_now(group)
        return True

    def _say(self, message: Message, hearers: list[tuple[str, Peer]], *, is_written: bool) -> None:
        at_once = None
        with self._lock:
            if self.is_closed:
                raise pykka.ActorDeadError("the desk has ended")
            if is_written:
                self._opened().add(message)
            try:
                for name, peer in hearers:
                    if isinstance(peer, Seat):
                        self._put(peer, message, None)
                    elif name != BROKER:
                        self._leave(peer, message)
                    elif self._may_leave_at_once:
                        at_once = peer
                    else:
                        self._opened().to_broker.append((peer, message))
            finally:  # somebody in the row may be dead, and those before him have heard it
                self._ring()
        if at_once is not None:
            at_once.tell(message)

    @property
    def _may_leave_at_once(self) -> bool:
        """To the broker: nothing is to be written before it, and no other thread has a command for it."""
        is_free = self._writing is None and not self._open.is_pressing
        return is_free and threading.current_thread() is self._thread

    def _leave(self, peer: Peer, message: Message) -> None:
        """Now, if nothing is to be written before it and nobody is kept waiting by it; else with the group."""
        if self._writing is None and self._is_idle and self._open.is_empty:
            peer.tell(message)
        else:
            self._opened().to_others.append((peer, message))

    def _opened(self) -> Group:
        if self._open.is_empty:
            self._open = Group()
        return self._open

    def put(self, seat: Seat, message: Any, answer: Future[Any] | None) -> None:
        """For one seat alone. Raises pykka.ActorDeadError."""
        with self._lock:
            self._put(seat, message, answer)
            self._ring()

    def _put(self, seat: Seat, message: Any, answer: Future[Any] | None) -> None:
        letter = seat.put(message, answer)
        if letter is not None:
            (self._kept if letter.is_kept else self._turns[seat.rank]).append(seat)

    def answer(self, answer: Future[Any], value: Any) -> None:
        """Leaves as a message would: behind what was said before it."""
        with self._lock:
            if self.is_closed:
                answer.set_exception(pykka.ActorDeadError("the desk has ended"))
            else:
                self._opened().answers.append((answer, value))

    def _ring(self) -> None:
        """Something is there. The lock is held."""
        if self._is_idle and (self._has_letters or not self._open.is_empty):
            self._wake()

    def _wake(self) -> None:
        self._is_idle = False
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="desk", daemon=True)
            self._thread.start()
        else:
            self._bell.put(None)

    @property
    def _has_letters(self) -> bool:
        return bool(self._kept) or any(self._turns)

    # ── the desk's thread ──

    def _work(self) -> None:
        try:
            while not self.is_closed:
                if not (
                    self._write_urgent()
                    or self._take_turn()
                    or self._write_if_due()
                    or self._take_kept()
                    or self._write()
                ):
                    self._rest()
        except Exception as error:  # noqa: BLE001  a write that failed has been told, and ended the desk
            self._end(error, None)

    def _take_turn(self) -> bool:
        """The next machine hears up to one message that counts, and the quotes before it."""
        with self._lock:
            seat = next((turns.popleft() for turns in self._turns if turns), None)
        if seat is None:
            return False
        while True:
            with self._lock:
                letter = seat.next_letter(is_kept=False)
            if letter is None:
                break
            seat.take(letter)
            if not letter.is_kept:
                break
        self._hand_over()
        return True

    def _take_kept(self) -> bool:
        with self._lock:
            seat = self._kept.popleft() if self._kept else None
            letter = None if seat is None else seat.next_letter(is_kept=True)
        if seat is not None and letter is not None:
            seat.take(letter)
        return seat is not None

    def _write_urgent(self) -> bool:
        """What a position or a person waits for: by the desk itself, before the market is judged. Whether there was any.

        The writer asks for the interpreter again after each call into SQLite, and a desk that works on gives it up every 5 ms: a
        group then takes 20 ms and not one.
        """
        with self._lock:
            group = self._open
            waits = bool(self._turns[0]) and time.monotonic() < group.since_s + WORKS_ON_S
            if waits or not group.is_urgent:
                return False
        self._write_now(group)
        return True

    def _write_if_due(self) -> bool:
        with self._lock:
            is_due = self._open.is_pressing
        return is_due and self._write()

    def _rest(self) -> None:
        """Until something comes. A desk at which nobody sits any more ends."""
        with self._lock:
            if self._has_letters or not (self._open.is_empty or self._writing is not None):
                return
            if self._writing is None and self._seats and all(seat.is_dead for seat in self._seats):
                self._close()
                return
            self._is_idle = True
        self._bell.get()

    # ── writing ──

    def _hand_over(self) -> None:
        """There is more to do: what was said some time ago is not to wait for the end of it."""
        group = self._open
        if group.is_empty or self._writing is not None or self._is_wanted:
            return
        if group.is_urgent:
            return  # the desk is about to write it
        waited_s = time.monotonic() - group.since_s
        if waited_s < (WORKS_ON_S if group.is_pressing else SHOWN_AFTER_S):
            return
        self._is_wanted = True
        if self._writer is None:
            self._writer = threading.Thread(target=self._write_on, name="desk's writer", daemon=True)
            self._writer.start()
        self._wanted.put(None)

    def _write_on(self) -> None:
        """The writer's thread: group after group, as long as there is one."""
        while True:
            self._wanted.get()
            self._is_wanted = False
            try:
                while self._write():
                    pass
            except Exception as error:  # noqa: BLE001  told, and the end of the desk
                self._end(error, None)
            with self._lock:
                if self.is_closed:
                    return
                if self._is_idle:  # whether anybody still sits there is for the desk to see
                    self._wake()

    def _write(self) -> bool:
        """The open group to the disk, then out of the desk. False where there is none, or another one is being written.

        Raises whatever the journal did.
        """
        with self._lock:
            if self._writing is not None or self._open.is_empty or self.is_closed:
                return False
            self._writing = group = self._open
            self._open = Group()
        try:
            if group.rows:
                self._commit_all(group.rows)
        except Exception as error:
            self._end(error, group.rows[0])
            group.drop()
            raise
        return self._release(group)

    def _write_now(self, group: Group) -> None:
        """Return when it is on disk, whoever wrote it, or when the desk has ended. Raises whatever the journal did."""
        is_written = False
        while not is_written:
            with self._lock:
                while (
                    self._writing is not None and not self.is_closed and group in (self._open, self._writing)
                ):
                    self._written.wait()
                if group is not self._open or self.is_closed:
                    return
            is_written = self._write()  # unless the writer was quicker

    def _release(self, group: Group) -> bool:
        with self._lock:
            if self.is_closed:
                group.drop()
                return False
        group.release_to_broker()
        if group.to_broker and group.to_others and not self._turns[0]:
            time.sleep(HEAD_START_S)
        group.release_to_others()
        with self._lock:
            self._writing = None
            self._written.notify_all()
        return True

    # ── the end ──

    def _end(self, error: Exception, row: Message | None) -> None:
        """Told first: whoever finds the desk closed must find out why."""
        if not self.is_closed and self._failed is not None:
            self._failed(JOURNAL, error, row)
        self.abandon()

    def abandon(self) -> None:
        """Nothing is handled and nothing leaves any more; a write under way may come to its end."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        self.is_closed = True
        self._written.notify_all()
        group, self._open = self._open, Group()
        group.drop()
        for seat in self._seats:
            while (letter := seat.next_letter(is_kept=False)) is not None:
                if letter.answer is not None:
                    letter.answer.set_exception(pykka.ActorDeadError(f"{seat.name} is dead"))
        self._bell.put(None)
        self._wanted.put(None)


def start_peer(name: str, machine: Machine | BrokerLink, line: Line, failed: ComponentFailed) -> None:
    """At the desk, if the line has one and the machine decides; else as an actor."""
    rank = rank_of(name)
    if isinstance(line, Desk) and isinstance(machine, BrokerLink):
        line.peers[name] = Passage(name, machine, line, failed)
    elif isinstance(line, Desk) and rank is not None:
        line.seat(name, machine, rank, failed)
    else:
        start_actor(name, machine, line, failed)
