"""What waits behind a consumer that is held up for 300 ms a message while 21 contracts move at IB's cadence.

Fills and statuses come between the quotes; none may be lost or joined. The same with every message kept in its place, as before
quotes were conflated, is told beside it.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

from benchmarks.figures import Figure
from bot.actors.runtime import Line, MachineActor, Peer, settle, stop
from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.market import Quote
from bot.domain.order import OrderStatus
from bot.wiring import BOARD
from tests.journal.makers import ENTRY

HELD_UP_S, CADENCE_S, FED_S, LINES = 0.3, 0.25, 6.0, 21
"""IB samples stocks each 250 ms (IBKR Campus, "Market Data: Live"); 21 lines are one symbol's underlying and options."""


@dataclass
class Slow:
    """Notes how old a quote was when it was taken, and what else came; sleeps on each until ``is_fed``."""

    ages_s: list[float] = field(default_factory=list)
    others: list[m.Message] = field(default_factory=list)
    is_fed: threading.Event = field(default_factory=threading.Event)

    def handle(self, message: m.Message) -> tuple[m.Message, ...]:
        if isinstance(message, m.QuoteUpdated):
            self.ages_s.append(time.time() - message.quote.at.timestamp())
        else:
            self.others.append(message)
        self.is_fed.wait(HELD_UP_S)
        return ()

    def remember(self, message: m.Message) -> None:
        """Nothing was before."""


class _KeepsAll(MachineActor):
    """As before: every message in its place."""

    @staticmethod
    def _create_actor_inbox() -> Any:
        return queue.SimpleQueue()


@dataclass(frozen=True, slots=True)
class Found:
    waiting: int
    oldest_s: float
    lost: int


def _told(number: int) -> m.Message:
    """A fill or a status, in turn."""
    if number % 2:
        return m.FillBooked(replace(ENTRY.fill, exec_id=f"0001.{number:04}.01"))
    now, ref = datetime.now(UTC), f"SPY-{number}/stop"
    return b.OrderStatusChanged(
        ref=ref, status=OrderStatus.WORKING, filled=0, remaining=1, perm_id=number, order_id=number, at=now
    )


def held_up(actor: type[MachineActor]) -> Found:
    """Feed for ``FED_S`` of the wall, then let the consumer work off the rest."""
    line, slow, said = Line(lambda _: None), Slow(), list[m.Message]()
    peer = line.peers[BOARD] = cast(Peer, actor.start(BOARD, slow, line, _failed))
    began_s, most, round_number = time.monotonic(), 0, 0
    while time.monotonic() - began_s < FED_S:
        for con_id in range(LINES):
            quote = Quote(con_id=con_id, symbol="SPY", at=datetime.now(UTC), bid=Decimal(round_number))
            peer.tell(m.QuoteUpdated(quote))
        if round_number % 4 == 0:
            said.append(_told(len(said)))
            peer.tell(said[-1])
        round_number += 1
        most = max(most, peer.actor_inbox.qsize() - len(said) + len(slow.others))
        time.sleep(max(0.0, began_s + round_number * CADENCE_S - time.monotonic()))
    oldest_s = max(slow.ages_s)
    slow.is_fed.set()
    settle(line)
    stop(line, [BOARD], 5.0)
    return Found(most, oldest_s, len(said) - sum(x is y for x, y in zip(said, slow.others, strict=False)))


def _failed(component: str, error: BaseException, message: object) -> None:
    raise RuntimeError(f"{component}: {message!r}") from error


def figures() -> Iterator[Figure]:
    before, now = held_up(_KeepsAll), held_up(MachineActor)
    note = f"{LINES} lines, {HELD_UP_S * 1000:.0f} ms a message"
    yield Figure(
        "quotes waiting for a contract, at most",
        now.waiting / LINES,
        "",
        1.0,
        f"{note}; {before.waiting / LINES:.0f} if each is kept",
    )
    yield Figure(
        "age of a quote when it is taken, at most",
        now.oldest_s,
        "s",
        0.4,
        f"{before.oldest_s:.1f} s if each is kept",
    )
    yield Figure("fills and statuses lost or out of order", float(now.lost), "", 0.0, note)
