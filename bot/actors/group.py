"""What the desk has said since its last write: rows that go to disk in one transaction, and what may leave behind them."""

from __future__ import annotations

import time
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pykka

from bot.actors.runtime import Peer
from bot.domain.messages import Message
from bot.wiring import is_urgent


@dataclass(slots=True, eq=False)
class Group:
    """``to_broker`` leaves before ``to_others``: an order does not wait for whoever shows it."""

    rows: list[Message] = field(default_factory=list)
    to_broker: list[tuple[Peer, Message]] = field(default_factory=list)
    to_others: list[tuple[Peer, Message]] = field(default_factory=list)
    answers: list[tuple[Future[Any], Any]] = field(default_factory=list)
    """Who asked whether what came before is handled, and the answer."""
    since_s: float = field(default_factory=time.monotonic)
    is_urgent: bool = False
    """Whether a position or a person waits for one of the rows."""

    def add(self, row: Message) -> None:
        self.rows.append(row)
        self.is_urgent = self.is_urgent or is_urgent(row)

    @property
    def is_empty(self) -> bool:
        return not (self.to_others or self.is_pressing)

    @property
    def is_pressing(self) -> bool:
        """Whether somebody waits for more than to be shown something."""
        return bool(self.rows or self.to_broker or self.answers)

    def release_to_broker(self) -> None:
        _tell(self.to_broker)

    def release_to_others(self) -> None:
        """The rest, and the answers last."""
        _tell(self.to_others)
        for answer, value in self.answers:
            answer.set_result(value)

    def drop(self) -> None:
        """Nothing of it leaves."""
        for answer, _ in self.answers:
            answer.set_exception(pykka.ActorDeadError("the desk has ended"))


def _tell(words: list[tuple[Peer, Message]]) -> None:
    """A peer that is dead has said why, and is passed over."""
    for peer, message in words:
        with suppress(pykka.ActorDeadError):
            peer.tell(message)
