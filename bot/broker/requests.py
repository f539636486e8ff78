"""Requests that wait for their answer, by key. The library's own book of futures is not used: it lets two requests
share a key so that one hangs, has no deadlines, and grows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from typing import Any


class Requests:
    """Touched on the io thread only. An answer nobody waits for any more is passed over."""

    def __init__(self) -> None:
        self._open: dict[Hashable, tuple[asyncio.Future[Any], list[Any]]] = {}

    def open(self, key: Hashable) -> asyncio.Future[Any]:
        """Raises RuntimeError for a key that is open: whoever asks must take turns."""
        if key in self._open:
            raise RuntimeError(f"request {key!r} is open already")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._open[key] = (future, [])
        return future

    def close(self, key: Hashable) -> None:
        self._open.pop(key, None)

    def is_open(self, key: Hashable) -> bool:
        return key in self._open

    def add(self, key: Hashable, item: Any) -> None:
        """One piece of an answer that comes in pieces."""
        found = self._open.get(key)
        if found is not None:
            found[1].append(item)

    def end(self, key: Hashable, result: Any = None) -> None:
        """The answer is complete: ``result``, or the pieces in their order."""
        found = self._open.pop(key, None)
        if found is not None and not found[0].done():
            found[0].set_result(found[1] if result is None else result)

    def fail(self, key: Hashable, trouble: Exception) -> bool:
        """False when nobody waits for that key."""
        found = self._open.pop(key, None)
        if found is None:
            return False
        if not found[0].done():
            found[0].set_exception(trouble)
        return True

    def fail_all(self, trouble: Exception) -> None:
        for key in list(self._open):
            self.fail(key, trouble)
