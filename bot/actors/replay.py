"""The replay runtime: the same machines and the same table over a deque, in one thread. For tests, backtests, incidents.

A message's consequences are all handled, in the order they were said, before the feed's next message is taken.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping

from bot.domain.messages import Message
from bot.wiring import (
    DURABLE,
    EVERY_STRATEGY,
    ROUTES,
    STRATEGY,
    Machine,
    may_be_absent,
    strategies_among,
    subscribers,
)

Handle = Callable[[Message], Iterable[Message]]


def _nowhere(message: Message) -> None:
    """Commit to nothing: for runs whose journal nobody will read."""


class Replay:
    """The line as one deque. ``observe`` sees every message once, in order; names in ``without`` may be absent."""

    def __init__(
        self,
        machines: Mapping[str, Machine],
        commit: Callable[[Message], None] = _nowhere,
        observe: Callable[[Message], None] = _nowhere,
        without: frozenset[str] = frozenset(),
    ) -> None:
        self._machines, self._commit, self._observe, self._without = machines, commit, observe, without
        self._always: dict[type, tuple[Handle, ...]] = {}
        self._by_row: dict[tuple[str, ...], tuple[Handle, ...]] = {}

    def tell(self, message: Message) -> None:
        """Handle one message and everything that follows from it."""
        queue = deque([message])
        while queue:
            current = queue.popleft()
            self._observe(current)
            if type(current) in DURABLE:
                self._commit(current)
            for handle in self._hearers(current):
                queue.extend(handle(current))

    def _hearers(self, message: Message) -> tuple[Handle, ...]:
        """Looked up once for a row, or once for a kind of message where its row does not depend on the symbol."""
        known = self._always.get(type(message))
        if known is not None:
            return known
        names = subscribers(message)
        found = self._by_row.get(names)
        if found is None:
            found = self._by_row[names] = tuple(
                self._machines[name].handle
                for row in names
                for name in (strategies_among(self._machines) if row == EVERY_STRATEGY else (row,))
                if name in self._machines or not (name in self._without or may_be_absent(name))
            )
        if STRATEGY not in ROUTES[type(message)]:
            self._always[type(message)] = found
        return found


def replay(
    machines: Mapping[str, Machine],
    feed: Iterable[Message],
    commit: Callable[[Message], None] = _nowhere,
    observe: Callable[[Message], None] = _nowhere,
    without: frozenset[str] = frozenset(),
) -> None:
    """Run ``feed`` through ``machines``; see :class:`Replay`."""
    line = Replay(machines, commit, observe, without)
    for message in feed:
        line.tell(message)
