"""The gateway said that it lost IB, and never that it has it again: where IB's data flow all the same, a new session asks it.

Rule: nothing is taken for restored because of data. IB's primary server, which answers for orders, and its data farms are
connected apart, so that data may flow on while orders do not (TWS API users' group, message 51396). A gateway tells each new
session how its line stands; whatever it says then counts, and the books are compared before anything is bought.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from bot.broker.connection.context import BrokerContext

DOUBTED_AFTER = timedelta(minutes=2)
"""Our choice: IB restores the line by itself (IBKR Campus, "System Message Codes", 2110), which takes seconds to minutes, and
data that flow on while the primary server is exchanged do so briefly."""
FLOWS = timedelta(seconds=30)
"""And so long they must have come: the word that all is well may follow the first of them."""
DOUBTED_AT_MOST_AFTER = timedelta(minutes=32)
"""Each new session that hears the same word again is followed by one after twice as long."""
FORGOTTEN_AFTER = timedelta(hours=2)
"""A loss so long after the last such session is a new one, and waits as briefly as the first."""


class DoubtedLoss:
    """``ask_anew`` ends the session with a reason; another one follows."""

    def __init__(self, link: BrokerContext, ask_anew: Callable[[str], None]) -> None:
        self._link, self._ask_anew = link, ask_anew
        self._after = DOUBTED_AFTER
        self._asked_at: datetime | None = None
        self._lost_at: datetime | None = None
        self._code = 0
        self._flows_since: datetime | None = None

    def lost(self, code: int) -> None:
        """Said now, perhaps once more: the last word counts."""
        self._lost_at, self._code, self._flows_since = self._link.now(), code, None
        if self._asked_at is not None and self._lost_at - self._asked_at > FORGOTTEN_AFTER:
            self._after = DOUBTED_AFTER

    def found(self) -> None:
        """The gateway has IB again, or a new session has begun."""
        self._lost_at = self._flows_since = None

    def watch(self, handle: Callable[..., None]) -> Callable[..., None]:
        """``handle``, which takes data that only IB can have sent."""

        def handle_and_look(*args: Any) -> None:
            handle(*args)
            if self._lost_at is not None:
                self._look(self._lost_at)

        return handle_and_look

    def _look(self, lost_at: datetime) -> None:
        now = self._link.now()
        if now - lost_at < self._after:
            return
        self._flows_since = self._flows_since or now
        if now - self._flows_since < FLOWS:
            return
        self.found()
        self._asked_at, self._after = now, min(2 * self._after, DOUBTED_AT_MOST_AFTER)
        minutes = (now - lost_at).total_seconds() / 60
        self._ask_anew(
            f"the gateway said that it lost IB (code {self._code}) and for {minutes:.0f} min not that it has it again, "
            "yet IB's data come: a new session asks it"
        )
