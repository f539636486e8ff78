"""The broker's link at a desk: no thread and no inbox of its own. Whoever has something for it carries it through.

As an actor it is one more thread on the way of each fact from the io thread to the desk, and of each order back. But at a desk
nobody who speaks waits for the disk, and a port's ``send`` never blocks: there is nothing that it would keep apart.
"""

from __future__ import annotations

from typing import Any

import pykka

from bot.actors.broker_link import BrokerLink
from bot.actors.runtime import ComponentFailed, Line


class Passage:
    """A peer of the line. Any thread may tell it something, but not while it holds the desk's lock: a dry run's exchange answers
    before ``send`` returns. A port that raises makes it dead, as an actor is; once it is stopped nobody asks any more."""

    def __init__(self, name: str, link: BrokerLink, line: Line, failed: ComponentFailed) -> None:
        self.name = name
        self._link, self._line, self._failed = link, line, failed
        self._is_dead = False
        self._handled = 0

    @property
    def actor_inbox(self) -> Passage:
        return self

    def qsize(self) -> int:
        """Nothing ever waits here."""
        return 0

    def is_alive(self) -> bool:
        return not self._is_dead

    def tell(self, message: Any) -> None:
        """Raises pykka.ActorDeadError."""
        self._check()
        self._handled += 1
        try:
            for fact in self._link.handle(message):
                self._line.emit(fact)
        except Exception as error:  # noqa: BLE001  never swallowed: it stops the line
            if not self._is_dead:
                self._is_dead = True
                self._failed(self.name, error, message)

    def ask(self, _: Any, *, timeout: float) -> int:
        """How much has gone through, at once. Raises pykka.ActorDeadError."""
        del timeout
        self._check()
        return self._handled

    def stop(self, *, block: bool, timeout: float) -> bool:
        """Nothing goes through any more."""
        del block, timeout
        was_alive, self._is_dead = not self._is_dead, True
        return was_alive

    def _check(self) -> None:
        if self._is_dead:
            raise pykka.ActorDeadError(f"{self.name} is dead")
