"""Requests that wait for their answer, by key. The library's own book of futures is not used: it lets two requests
share a key so that one hangs, has no deadlines, and grows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

OnEnd = Callable[[Any], None]
_Each = Callable[[Any], Any]


@dataclass(slots=True)
class _Request:
    answer: asyncio.Future[Any]
    on_end: OnEnd | None
    each: _Each | None
    pieces: list[Any] = field(default_factory=list)


class Requests:
    """Touched on the io thread only. An answer nobody waits for any more is passed over."""

    def __init__(self) -> None:
        self._open: dict[Hashable, _Request] = {}

    def open(
        self, key: Hashable, on_end: OnEnd | None = None, each: _Each | None = None
    ) -> asyncio.Future[Any]:
        """``on_end`` sees the answer at once, ``each`` makes of a piece what is kept of it; what they raise is the request's
        failure.

        Raises RuntimeError for a key that is open: whoever asks must take turns.
        """
        if key in self._open:
            raise RuntimeError(f"request {key!r} is open already")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._open[key] = _Request(future, on_end, each)
        return future

    def close(self, key: Hashable) -> None:
        self._open.pop(key, None)

    def is_open(self, key: Hashable) -> bool:
        return key in self._open

    @property
    def count(self) -> int:
        return len(self._open)

    def named(self) -> list[str]:
        """The open requests without an id."""
        return [key for key in self._open if isinstance(key, str)]

    def add(self, key: Hashable, item: Any) -> None:
        """One piece of an answer that comes in pieces."""
        found = self._open.get(key)
        if found is None:
            return
        try:
            found.pieces.append(item if found.each is None else found.each(item))
        except Exception as error:  # noqa: BLE001  handed to whoever waits
            self.fail(key, error)

    def end(self, key: Hashable, result: Any = None) -> None:
        """The answer is complete: ``result``, or the pieces in their order."""
        found = self._open.pop(key, None)
        if found is None or found.answer.done():
            return
        answer = found.pieces if result is None else result
        try:
            if found.on_end is not None:
                found.on_end(answer)
        except Exception as error:  # noqa: BLE001  handed to whoever waits
            found.answer.set_exception(error)
        else:
            found.answer.set_result(answer)

    def fail(self, key: Hashable, trouble: Exception) -> bool:
        """False when nobody waits for that key."""
        found = self._open.pop(key, None)
        if found is None:
            return False
        if not found.answer.done():
            found.answer.set_exception(trouble)
        return True

    def fail_all(self, trouble: Exception) -> None:
        for key in list(self._open):
            self.fail(key, trouble)
