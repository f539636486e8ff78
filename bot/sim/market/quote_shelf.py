"""Modelled quotes that were made before, for runs in one process that play the same days again: a sweep's.

Rule: a quote is a function of what it is kept under, so a run with the shelf and one without it come to the same bits.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

_Quote = TypeVar("_Quote")


class QuoteShelf(Generic[_Quote]):
    """``room`` quotes at most; when it is full the first ones stay.

    A run goes through its days in turn: if the oldest had to leave, they would be gone when the next run begins.
    """

    def __init__(self, room: int = 0) -> None:
        self.room = room
        self._kept: dict[Hashable, dict[tuple[float, int], _Quote]] = {}
        self._count = 0

    def series(self, *marks: Hashable) -> dict[tuple[float, int], _Quote]:
        """The quotes of one contract on one day, by the underlying's price and the session's minute."""
        return self._kept.setdefault(marks, {}) if self.room else {}

    def put(self, series: dict[tuple[float, int], _Quote], spot: float, minute: int, quote: _Quote) -> None:
        """Keep a quote where there is room."""
        if self._count < self.room:
            self._count += 1
            series[spot, minute] = quote
