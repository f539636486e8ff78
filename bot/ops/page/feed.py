"""The running bot's side of the page: whatever line runs now, its latest document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from bot.domain.messages import Message
from bot.ops.metrics.family import Constants
from bot.ops.page.build import live_document
from bot.ops.page.day_record import DayRecord, DayRecorder
from bot.ops.page.document import Document
from bot.ops.status.status import Status
from bot.wiring import Machine


class LiveFeed:
    """Lives as long as the process; each new line is given to it with ``watch``. Safe to use from any thread."""

    def __init__(self, constants: Constants | None = None) -> None:
        self._constants = constants or Constants()
        self._status: Callable[[], Status] = Status
        self._day: Callable[[], DayRecord] = DayRecord
        self._failures: Callable[[], Mapping[str, int]] = dict

    def watch(
        self,
        status: Callable[[], Status],
        day: Callable[[], DayRecord],
        alert_failures: Callable[[], Mapping[str, int]] = dict,
    ) -> None:
        """A line begins: from now on this is what the page shows. None of them may block."""
        self._status, self._day, self._failures = status, day, alert_failures

    def document(self) -> Document:
        """The page as it is now."""
        return live_document(self._status(), self._day(), self._constants, self._failures())


class Recorded:
    """The status's machine, and the day's record that hears the same messages."""

    def __init__(self, machine: Machine, recorder: DayRecorder) -> None:
        self._machine = machine
        self._recorder = recorder

    def handle(self, message: Message) -> Iterable[Message]:
        self._recorder.handle(message)
        mark = self._recorder.mark(message)
        said = self._machine.handle(message)
        return said if mark is None else [*said, mark]

    def remember(self, row: Message) -> None:
        self._recorder.remember(row)
        self._machine.remember(row)
