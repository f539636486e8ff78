"""The running bot's side of the page: whatever line runs now, its latest document."""

from __future__ import annotations

from collections.abc import Callable

from bot.ops.page.build import Surroundings, live_document
from bot.ops.page.day_record import DayRecord
from bot.ops.page.document import Document
from bot.ops.status.status import Status


class LiveFeed:
    """Lives as long as the process; each new line is given to it with ``watch``. Safe to use from any thread."""

    def __init__(self) -> None:
        self._status: Callable[[], Status] = Status
        self._day: Callable[[], DayRecord] = DayRecord
        self._around: Callable[[], Surroundings] = Surroundings

    def watch(
        self,
        status: Callable[[], Status],
        day: Callable[[], DayRecord],
        around: Callable[[], Surroundings],
    ) -> None:
        """A line begins: from now on this is what the page shows. None of them may block."""
        self._status, self._day, self._around = status, day, around

    def document(self) -> Document:
        """The page as it is now."""
        return live_document(self._status(), self._day(), self._around())
