"""What waits for an actor: everything in the order of its coming, but of a contract's quotes only the newest.

A consumer that is held up would otherwise work off prices that nobody can trade at any more, and fall further behind with each.
The newest quote takes the place of the one that waits: a contract that moves all the time is still taken in its turn. Whatever
is not conflated (``wiring.CONFLATED``) is never lost, never joined and never reordered against its like.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from bot.wiring import conflated_key


@dataclass(frozen=True, slots=True)
class _Slot:
    """A place in the queue whose message may still become a newer one."""

    key: Hashable


class Inbox:
    """What Pykka asks of a queue; any thread may put, one takes. A seventh of the cost of ``queue.Queue``'s tell."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._latest: dict[Hashable, Any] = {}
        self._lock = threading.Lock()

    def put(self, envelope: Any) -> None:
        key = conflated_key(envelope.message)
        if key is None:
            self._queue.put(envelope)
            return
        with self._lock:
            is_waiting = key in self._latest
            self._latest[key] = envelope
        if not is_waiting:
            self._queue.put(_Slot(key))

    def get(self) -> Any:
        """The next envelope; waits for one."""
        found = self._queue.get()
        if not isinstance(found, _Slot):
            return found
        with self._lock:
            return self._latest.pop(found.key)

    def empty(self) -> bool:
        return self._queue.empty()

    def qsize(self) -> int:
        """How many messages wait, a contract's quotes counted once."""
        return self._queue.qsize()
