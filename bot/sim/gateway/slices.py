"""Long answers, made piece by piece, so that nobody waits behind one.

Rule: a piece of work is an iterator that yields whenever it may be interrupted. Who owns the clock says how many pieces are
done before it looks at the sockets again; where time is stepped, a request is answered whole before anything else is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator


class Slices:
    """Work of several clients, each in its turn."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Callable[[], bool], Iterator[None]]] = deque()

    def add(self, work: Iterator[None], is_wanted: Callable[[], bool]) -> None:
        """``is_wanted`` is asked before each piece: work for a client that left is dropped."""
        self._waiting.append((is_wanted, work))

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def do_one(self) -> None:
        """The next piece of whoever has waited longest. Nothing where nothing waits."""
        while self._waiting:
            is_wanted, work = self._waiting.popleft()
            if not is_wanted():
                continue
            try:
                next(work)
            except StopIteration:
                return
            self._waiting.append((is_wanted, work))
            return
