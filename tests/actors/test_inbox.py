"""What waits for an actor that is held up: of a contract's quotes the newest, of everything else all of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pykka
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.actors.inbox import Inbox
from bot.actors.runtime import Line, settle, start_actor
from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.market import Quote
from bot.domain.order import OrderStatus
from bot.wiring import BOARD, CONFLATED, DURABLE, JOURNAL, ROUTES

AT = datetime(2011, 1, 5, 15, 31, tzinfo=UTC)


@dataclass(frozen=True)
class Envelope:
    message: object


def quote(con_id: int, number: int) -> m.QuoteUpdated:
    at = AT + timedelta(milliseconds=250 * number)
    return m.QuoteUpdated(Quote(con_id=con_id, symbol="SPY", at=at, bid=Decimal(number)))


def status(number: int) -> b.OrderStatusChanged:
    return b.OrderStatusChanged(
        ref=f"SPY-{number}/stop",
        status=OrderStatus.WORKING,
        filled=0,
        remaining=1,
        perm_id=number,
        order_id=number,
        at=AT,
    )


def taken(inbox: Inbox) -> Iterator[object]:
    while not inbox.empty():
        yield inbox.get().message


said = st.lists(st.tuples(st.booleans(), st.integers(1, 3)), max_size=40)


@given(said)
def test_all_but_older_quotes_is_taken_in_its_order(words: list[tuple[bool, int]]) -> None:
    inbox = Inbox()
    messages = [quote(key, n) if is_quote else status(n) for n, (is_quote, key) in enumerate(words)]
    for message in messages:
        inbox.put(Envelope(message))

    found = list(taken(inbox))

    newest = {x.quote.con_id: x for x in messages if isinstance(x, m.QuoteUpdated)}
    assert [x for x in found if isinstance(x, b.OrderStatusChanged)] == [
        x for x in messages if isinstance(x, b.OrderStatusChanged)
    ]
    assert {x.quote.con_id: x for x in found if isinstance(x, m.QuoteUpdated)} == newest
    assert len(found) == len(newest) + sum(not is_quote for is_quote, _ in words)


def test_a_contract_that_moves_all_the_time_is_taken_in_its_turn() -> None:
    inbox = Inbox()
    for number in range(3):
        inbox.put(Envelope(quote(1, number)))
        inbox.put(Envelope(quote(2, number)))
    first = inbox.get().message
    inbox.put(Envelope(quote(1, 3)))
    inbox.put(Envelope(quote(2, 3)))

    assert [first, *taken(inbox)] == [quote(1, 2), quote(2, 3), quote(1, 3)]


def test_what_is_kept_on_disk_is_never_conflated() -> None:
    journaled = {kind for kind, row in ROUTES.items() if JOURNAL in row}

    assert {b.QuoteReceived, m.QuoteUpdated} == CONFLATED
    assert not CONFLATED & (set(DURABLE) | journaled)


@dataclass
class HeldUp:
    """Does not return from its first message until it may."""

    may_go_on: threading.Event = field(default_factory=threading.Event)
    began: threading.Event = field(default_factory=threading.Event)
    heard: list[m.Message] = field(default_factory=list)

    def handle(self, message: m.Message) -> tuple[m.Message, ...]:
        self.began.set()
        self.may_go_on.wait()
        self.heard.append(message)
        return ()

    def remember(self, message: m.Message) -> None:
        self.heard.append(message)


@pytest.fixture(autouse=True)
def _no_actor_outlives_its_test() -> Iterator[None]:
    yield
    pykka.ActorRegistry.stop_all()


def test_behind_an_actor_that_is_held_up_each_contract_waits_once_and_every_order_is_there() -> None:
    line, board = Line(lambda _: None), HeldUp()
    start_actor(BOARD, board, line, lambda *_: None)
    line.peers[BOARD].tell(status(0))
    board.began.wait()
    for number in range(1, 400):
        line.peers[BOARD].tell(quote(number % 21, number))
        if number % 100 == 0:
            line.peers[BOARD].tell(status(number))

    assert line.peers[BOARD].actor_inbox.qsize() == 21 + 3
    board.may_go_on.set()
    settle(line)

    assert [x.perm_id for x in board.heard if isinstance(x, b.OrderStatusChanged)] == [0, 100, 200, 300]
    assert sorted(int(x.quote.bid or 0) for x in board.heard if isinstance(x, m.QuoteUpdated)) == list(
        range(379, 400)
    )
