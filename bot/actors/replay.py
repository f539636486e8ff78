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
    symbol_of,
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
        self._by_symbol: dict[tuple[type, str], tuple[Handle, ...]] = {}

    def tell(self, message: Message) -> None:
        """Handle one message and everything that follows from it."""
        queue, observe, always = deque([message]), self._observe, self._always
        while queue:
            current = queue.popleft()
            observe(current)
            if type(current) in DURABLE:
                self._commit(current)
            for handle in always.get(type(current)) or self._hearers(current):
                queue.extend(handle(current))

    def _hearers(self, message: Message) -> tuple[Handle, ...]:
        """Looked up once for a kind of message, or once for a kind and a symbol where its row depends on that."""
        known = self._always.get(type(message))
        if known is not None:
            return known
        if STRATEGY not in ROUTES.get(type(message), ()):
            found = self._always[type(message)] = self._find(message)
            return found
        key = type(message), symbol_of(message)
        if key not in self._by_symbol:
            self._by_symbol[key] = self._find(message)
        return self._by_symbol[key]

    def _find(self, message: Message) -> tuple[Handle, ...]:
        return tuple(
            self._machines[name].handle
            for row in subscribers(message)
            for name in (strategies_among(self._machines) if row == EVERY_STRATEGY else (row,))
            if name in self._machines or not (name in self._without or may_be_absent(name))
        )


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
