"""The replay runtime: the same machines and the same table over a deque, in one thread. For tests, backtests, incidents.

A message's consequences are all handled, in the order they were said, before the feed's next message is taken.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping

from bot.domain.messages import Message
from bot.wiring import DURABLE, Machine, may_be_absent, subscribers


def _nowhere(message: Message) -> None:
    """Commit to nothing: for runs whose journal nobody will read."""


def replay(
    machines: Mapping[str, Machine],
    feed: Iterable[Message],
    commit: Callable[[Message], None] = _nowhere,
    observe: Callable[[Message], None] = _nowhere,
) -> None:
    """Run ``feed`` through ``machines``. ``observe`` sees every message once, in order."""
    for message in feed:
        queue = deque([message])
        while queue:
            current = queue.popleft()
            observe(current)
            if type(current) in DURABLE:
                commit(current)
            for name in subscribers(current):
                if name not in machines and may_be_absent(name):
                    continue
                queue.extend(machines[name].handle(current))
