"""The actors of a simulated day in lock-step: one thread, one message at a time, in the order of speaking.

A message's consequences are all handled before the next one is taken that came from outside the line, as in the
replay runtime: so neither the machine's load nor the scheduler's mood can change what a day comes to. The peers answer
to what the runtime asks of an ActorRef.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pykka

from bot.actors.runtime import Line, Ping

TurnFailed = Callable[[str, BaseException, object], None]


class Turns:
    """The queue that all peers share. ``adopt`` names the thread that works it off; at first its maker."""

    def __init__(self) -> None:
        self._inside: deque[tuple[TurnPeer, Any, Future[Any] | None]] = deque()
        self._outside: deque[tuple[TurnPeer, Any, Future[Any] | None]] = deque()
        self._owner = threading.current_thread()
        self.came = threading.Event()
        """Set whenever something came from outside."""

    def adopt(self) -> None:
        """From now on this thread takes the turns."""
        self._owner = threading.current_thread()

    @property
    def is_owner(self) -> bool:
        return threading.current_thread() is self._owner

    @property
    def has_work(self) -> bool:
        return bool(self._inside or self._outside)

    def put(self, peer: TurnPeer, message: Any, answer: Future[Any] | None = None) -> None:
        if self.is_owner:
            self._inside.append((peer, message, answer))
        else:
            self._outside.append((peer, message, answer))
            self.came.set()

    def work_off(self) -> None:
        """Handle everything, and whatever comes of it. Only the owner may."""
        self.came.clear()
        while self.has_work:
            source = self._inside or self._outside
            peer, message, answer = source.popleft()
            peer.take(message, answer)


class TurnPeer:
    """One machine among the turns. A machine that raises is dead, as an actor is."""

    def __init__(self, name: str, machine: Any, line: Line, failed: TurnFailed, turns: Turns) -> None:
        self._name, self._machine, self._line, self._failed, self._turns = name, machine, line, failed, turns
        self._is_alive = True
        self._waiting = 0
        self.handled = 0

    # ── what the runtime asks of a peer ──

    @property
    def actor_inbox(self) -> TurnPeer:
        return self

    def qsize(self) -> int:
        return self._waiting

    def is_alive(self) -> bool:
        return self._is_alive

    def tell(self, message: Any) -> None:
        """Raises pykka.ActorDeadError."""
        self._check()
        self._waiting += 1
        self._turns.put(self, message)

    def ask(self, message: Any, *, timeout: float) -> Any:
        """The answer, once everything before has been handled. Raises pykka.Timeout and pykka.ActorDeadError."""
        self._check()
        answer: Future[Any] = Future()
        self._waiting += 1
        self._turns.put(self, message, answer)
        if self._turns.is_owner:
            self._turns.work_off()
        try:
            return answer.result(timeout)
        except TimeoutError:
            raise pykka.Timeout(f"{self._name} did not answer within {timeout} s") from None

    def stop(self, *, block: bool, timeout: float) -> None:
        """Handle what was told before, then take nothing more."""
        del block, timeout
        if self._turns.is_owner:
            self._turns.work_off()
        self._is_alive = False

    def _check(self) -> None:
        if not self._is_alive:
            raise pykka.ActorDeadError(f"{self._name} is dead")

    # ── its turn ──

    def take(self, message: Any, answer: Future[Any] | None) -> None:
        """One message, and what the machine says to it."""
        self._waiting -= 1
        if not self._is_alive:
            if answer is not None:
                answer.set_exception(pykka.ActorDeadError(f"{self._name} is dead"))
        elif isinstance(message, Ping):
            if answer is not None:
                answer.set_result(self.handled)
        else:
            self.handled += 1
            self._handle(message)

    def _handle(self, message: Any) -> None:
        try:
            for out in self._machine.handle(message):
                self._line.emit(out)
        except Exception as error:  # noqa: BLE001  never swallowed: it stops the line
            self._is_alive = False
            self._failed(self._name, error, message)
