"""A machine's place at the desk: what the runtime asks of a peer, and an inbox that keeps its order.

Everything is taken in the order of its coming; of a contract's quotes only the newest, as in ``bot.actors.inbox``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pykka

from bot.actors.runtime import ComponentFailed, Ping
from bot.wiring import KEPT, Machine, conflated_key

if TYPE_CHECKING:
    from bot.actors.desk import Desk

_STOP = object()
"""The last letter of a seat."""


@dataclass(slots=True, eq=False)
class Letter:
    """What waits for a machine. ``message`` becomes a newer one while it waits, if it has a ``key``."""

    message: Any
    answer: Future[Any] | None
    key: Hashable
    is_kept: bool


class Seat:
    """``rank`` says who comes first, 0 before 1. A machine that raises is dead, as an actor is."""

    def __init__(self, name: str, machine: Machine, rank: int, desk: Desk, failed: ComponentFailed) -> None:
        self.name, self.rank = name, rank
        self._machine, self._desk, self._failed = machine, desk, failed
        self._inbox: deque[Letter] = deque()
        self._latest: dict[Hashable, Letter] = {}
        self.is_dead = False
        self.handled = 0

    # ── what the runtime asks of a peer ──

    @property
    def actor_inbox(self) -> Seat:
        return self

    def qsize(self) -> int:
        return len(self._inbox)

    def is_alive(self) -> bool:
        return not (self.is_dead or self._desk.is_closed)

    def tell(self, message: Any) -> None:
        """Raises pykka.ActorDeadError."""
        self._desk.put(self, message, None)

    def ask(self, message: Any, *, timeout: float) -> Any:
        """The answer, once everything before has been handled, and what came of it is written and has left.

        Raises pykka.Timeout and pykka.ActorDeadError.
        """
        answer: Future[Any] = Future()
        self._desk.put(self, message, answer)
        try:
            return answer.result(timeout)
        except TimeoutError:
            raise pykka.Timeout(f"{self.name} did not answer within {timeout} s") from None

    def stop(self, *, block: bool, timeout: float) -> bool:
        """Handle what was told before, write it, let it leave, then take nothing more. Raises pykka.Timeout: a desk that does
        not come to that is left behind, and nothing of it leaves any more."""
        try:
            if block:
                self.ask(_STOP, timeout=timeout)
            else:
                self.tell(_STOP)
        except pykka.ActorDeadError:
            return False
        except pykka.Timeout:
            self._desk.abandon()
            raise
        return True

    # ── what the desk asks, its lock held ──

    def put(self, message: Any, answer: Future[Any] | None) -> Letter | None:
        """The new letter; None where one that waits has become this one. Raises pykka.ActorDeadError."""
        if not self.is_alive():
            raise pykka.ActorDeadError(f"{self.name} is dead")
        key = conflated_key(message)
        waiting = None if key is None else self._latest.get(key)
        if waiting is not None:
            waiting.message = message
            return None
        letter = Letter(message, answer, key, type(message) in KEPT)
        self._inbox.append(letter)
        if key is not None:
            self._latest[key] = letter
        return letter

    def next_letter(self, *, is_kept: bool) -> Letter | None:
        """The first; with ``is_kept`` only if it is one that is merely kept."""
        if not self._inbox or (is_kept and not self._inbox[0].is_kept):
            return None
        letter = self._inbox.popleft()
        if letter.key is not None:
            del self._latest[letter.key]
        return letter

    # ── its turn ──

    def take(self, letter: Letter) -> None:
        """One message, and what the machine says to it."""
        message, answer = letter.message, letter.answer
        if self.is_dead:
            if answer is not None:
                answer.set_exception(pykka.ActorDeadError(f"{self.name} is dead"))
            return
        if message is _STOP:
            self.is_dead = True
        elif not isinstance(message, Ping):
            self.handled += 1
            self._handle(message)
        if answer is not None:
            self._desk.answer(answer, self.handled)

    def _handle(self, message: Any) -> None:
        try:
            for out in self._machine.handle(message):
                self._desk.emit(out)
        except Exception as error:  # noqa: BLE001  never swallowed: it stops the line
            if not self._desk.is_closed:  # else it is that, and has been told
                self._failed(self.name, error, message)
            self.is_dead = True
