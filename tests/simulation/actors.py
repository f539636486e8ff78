"""Pykka's actors without threads: each has its inbox, kept in order, and chance says whose turn it is.

So every interleaving that the live runtime's threads can come to can come here, and comes again with the same seed.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any

import pykka

from bot.actors.runtime import Line, Ping
from bot.wiring import conflated_key
from tests.simulation.loop import SimulatedLoop

Failed = Callable[[str, BaseException, object], None]
Heard = Callable[[str, object], None]


class Turns:
    """All inboxes of one line. ``burst`` turns are taken at once, then the loop may bring other news."""

    def __init__(self, loop: SimulatedLoop, chance: random.Random, burst: int, heard: Heard) -> None:
        self._loop, self._random, self._burst, self.heard = loop, chance, burst, heard
        self._with_mail: list[SimulatedPeer] = []
        self._planned: asyncio.Handle | None = None
        self._waits_until_s = 0.0
        self.is_dead = False

    def mail_for(self, peer: SimulatedPeer) -> None:
        """Its inbox was empty until now."""
        self._with_mail.append(peer)
        if self._planned is None:
            self._plan()

    def hold(self, seconds: float) -> None:
        """Whoever wants to commit waits for the disk so long; all machines do sooner or later."""
        self._waits_until_s = max(self._waits_until_s, self._loop.time() + seconds)

    def _plan(self) -> None:
        self._planned = self._loop.call_at(max(self._loop.time(), self._waits_until_s), self._take)

    def _take(self) -> None:
        self._planned = None
        left = self._burst
        while self._with_mail and left and not self.is_dead and self._loop.time() >= self._waits_until_s:
            left -= 1
            self._one_turn()
        if self._with_mail and not self.is_dead:
            self._plan()

    def work_off(self) -> None:
        """Everything, and whatever comes of it."""
        while self._with_mail and not self.is_dead:
            self._one_turn()

    def _one_turn(self) -> None:
        queue = self._with_mail
        n = 0 if len(queue) == 1 else int(self._random.random() * len(queue))
        peer = queue[n]
        message, answer = peer.next_letter()
        if not peer.inbox:
            queue[n] = queue[-1]
            queue.pop()
        peer.take(message, answer)


class SimulatedPeer:
    """One machine. A machine that raises is dead, as an actor is."""

    def __init__(self, name: str, machine: Any, line: Line, failed: Failed, turns: Turns) -> None:
        self._name, self._machine, self._line, self._failed, self._turns = name, machine, line, failed, turns
        self._is_alive = True
        self.inbox: deque[tuple[Any, Future[Any] | None]] = deque()
        self.handled = 0
        self._latest: dict[Hashable, Any] = {}
        """Of what is conflated the newest, while its place in the inbox waits."""

    @property
    def actor_inbox(self) -> SimulatedPeer:
        return self

    def qsize(self) -> int:
        return len(self.inbox)

    def is_alive(self) -> bool:
        return self._is_alive

    def tell(self, message: Any) -> None:
        """Raises pykka.ActorDeadError."""
        self._put(message, None)

    def ask(self, message: Any, *, timeout: float) -> Any:
        """Raises pykka.ActorDeadError and pykka.Timeout."""
        answer: Future[Any] = Future()
        self._put(message, answer)
        self._turns.work_off()
        if not answer.done():
            raise pykka.Timeout(f"{self._name} did not answer within {timeout} s")
        return answer.result()

    def stop(self, *, block: bool, timeout: float) -> None:
        del block, timeout
        self._turns.work_off()
        self._is_alive = False

    def _put(self, message: Any, answer: Future[Any] | None) -> None:
        if not self._is_alive:
            raise pykka.ActorDeadError(f"{self._name} is dead")
        key = conflated_key(message)
        if key is not None:
            is_waiting = key in self._latest
            self._latest[key] = message
            if is_waiting:
                return
        is_first = not self.inbox
        self.inbox.append((message, answer))
        if is_first:
            self._turns.mail_for(self)

    def next_letter(self) -> tuple[Any, Future[Any] | None]:
        message, answer = self.inbox.popleft()
        return self._latest.pop(conflated_key(message), message), answer

    def take(self, message: Any, answer: Future[Any] | None) -> None:
        if not self._is_alive:
            if answer is not None:
                answer.set_exception(pykka.ActorDeadError(f"{self._name} is dead"))
        elif isinstance(message, Ping):
            if answer is not None:
                answer.set_result(self.handled)
        else:
            self.handled += 1
            self._turns.heard(self._name, message)
            self._handle(message)

    def _handle(self, message: Any) -> None:
        try:
            for out in self._machine.handle(message):
                self._line.emit(out)
        except Exception as error:  # noqa: BLE001  never swallowed: it stops the line
            self._is_alive = False
            self._failed(self._name, error, message)
