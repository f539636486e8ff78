"""A trade that is over leaves the comparison: whatever the broker then says, in whatever order, the books come to the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.broker_messages import OrderRefused, OrderSeen, OrderStatusChanged, Snapshot, SnapshotTaken
from bot.domain.errors import RestartTheLine
from bot.domain.messages import FillBooked, Message
from bot.domain.order import Leg, OpenOrder, OrderStatus
from bot.domain.position import Position
from bot.domain.reconciling.reconcile import reconcile
from bot.execution.books.order_book import OrderBook
from bot.execution.books.order_record import OrderRecord
from tests.execution.line import CALL, START
from tests.execution.test_working_set import (
    HOUR,
    OF_A_DAY,
    a_day,
    book_learns,
    listed,
    listing,
    mentioned_fill,
)

MINUTE = timedelta(minutes=1)
OPEN_IDEAS = frozenset({"SPY-3"})


class Forgetful(OrderBook):
    """The reference: what is over stays until the day's end."""

    def _leave_out_what_is_over(self) -> None:
        """Nothing leaves."""


ORDERS = st.sampled_from(OF_A_DAY)
SECOND = 1000
"""Added to an order's permId: a second order of the broker's under the same reference."""


@st.composite
def sightings(draw: st.DrawFn) -> OpenOrder:
    """Of an order of the day, or of a second one under its name, with or without the name."""
    idea, leg, number = draw(ORDERS)
    seen = listed(idea, leg, number, draw(st.sampled_from(OrderStatus)), draw(st.integers(0, 3)))
    seen = replace(seen, perm_id=number + draw(st.sampled_from((0, SECOND))))
    return seen if draw(st.booleans()) else replace(seen, ref="")


@st.composite
def pictures(draw: st.DrawFn) -> Snapshot:
    open_orders, completed = (draw(st.lists(sightings(), max_size=2)) for _ in range(2))
    fills = draw(
        st.lists(
            st.builds(mentioned_fill, ORDERS, st.sampled_from(("01", "02")), is_named=st.booleans()),
            max_size=2,
        )
    )
    held = Position(CALL, draw(st.integers(-3, 6)), Decimal(200))
    seen = listing(*open_orders, fills=tuple(fills))
    return replace(seen, completed_orders=tuple(completed), positions=(held,))


@st.composite
def news(draw: st.DrawFn, at: int) -> Message:
    """One word of the broker, as the books learn it; a snapshot asked for up to five minutes before."""
    now = START + HOUR + at * MINUTE
    seen = draw(sightings())
    match draw(st.integers(0, 4)):
        case 0:
            return OrderSeen(seen, now)
        case 1:
            return OrderStatusChanged(
                ref=seen.ref, status=seen.status, filled=seen.filled, remaining=3 - seen.filled, perm_id=seen.perm_id,
                order_id=seen.order_id, at=now,
            )  # fmt: skip
        case 2:
            return FillBooked(
                replace(
                    mentioned_fill(draw(ORDERS), draw(st.sampled_from(("01", "02"))), is_named=True), at=now
                )
            )
        case 3:
            return OrderRefused(seen.ref, 201, "refused", now)
        case _:
            return SnapshotTaken(draw(pictures()), "test", now - draw(st.integers(0, 5)) * MINUTE)


@st.composite
def courses(draw: st.DrawFn) -> list[Message]:
    return [draw(news(at)) for at in range(draw(st.integers(1, 12)))]


def learns(book: OrderBook, message: Message) -> str:
    """What the book says against it."""
    try:
        book_learns(book, message)
    except RestartTheLine as error:
        return str(error)
    return ""


def as_they_stand(book: OrderBook) -> list[OrderRecord]:
    """All orders; of the broker's pictures of them those that show one alive."""
    alive = [{seen.perm_id: seen for seen in x.live_sightings()} for x in book.records.values()]
    return [replace(x, seen=seen) for x, seen in zip(book.records.values(), alive, strict=True)]


def found(book: OrderBook, picture: Snapshot) -> list[Counter[object]]:
    book.bring_back(picture)
    result = reconcile(book.as_own(OPEN_IDEAS), picture, START + 2 * HOUR, settle_s=10)
    names = ("fills", "settled", "surplus", "corrections", "mismatches", "position_mismatches")
    return [Counter(getattr(result, name)) for name in names]


@given(courses(), pictures())
def test_whatever_comes_after_a_trade_is_over_the_books_come_to_what_they_would_with_the_whole_day(
    course: list[Message], picture: Snapshot
) -> None:
    left, whole = a_day(), a_day(Forgetful)
    for message in (SnapshotTaken(listing(), "test", START - HOUR), *course):
        assert learns(left, message) == learns(whole, message)
        assert as_they_stand(left) == as_they_stand(whole)
        assert [x.ref for x in left.unsettled()] == [x.ref for x in whole.unsettled()]
        assert left.ledger.fills == whole.ledger.fills
    assert found(left, picture) == found(whole, picture)


def test_a_second_order_that_is_shown_only_once_is_not_taken_for_alive_for_ever() -> None:
    book = a_day()
    book_learns(book, SnapshotTaken(listing(), "test", START + HOUR))
    shown = listed("SPY-1", Leg.STOP, 13 + SECOND, OrderStatus.WORKING, 0)
    book_learns(book, OrderSeen(shown, START + HOUR + MINUTE))
    book_learns(book, SnapshotTaken(listing(), "test", START + 2 * HOUR))

    assert not list(book.records[shown.ref].live_sightings())
