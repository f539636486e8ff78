"""What a snapshot is compared with does not grow with the years; whatever the broker still mentions is known all the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.broker_messages import OrderStatusChanged, SendOrders, Snapshot, SnapshotTaken
from bot.domain.messages import FillBooked, TimePassed
from bot.domain.order import Fill, Leg, OpenOrder, OrderStatus
from bot.domain.position import AccountValues, Position
from bot.domain.reconciling.reconcile import reconcile
from bot.domain.types import Side
from bot.execution.books.order_book import OrderBook
from bot.execution.books.order_record import OrderRecord
from bot.execution.limits import ExecutionLimits
from bot.execution.order_manager import OrderManager
from bot.execution.orders import approved_prices, bracket_orders, ref_of
from tests.execution.line import CALL, START, bracket

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ACCOUNT = AccountValues(account="DU1234567", at=START)


def fill(idea: str, leg: Leg, side: Side, number: int) -> Fill:
    price = Decimal("2.00") if side is Side.BUY else Decimal("2.60")
    return Fill(
        exec_id=f"e.{idea}.{number}.01", order_ref=ref_of(idea, leg), perm_id=number, contract=CALL, side=side, quantity=3,
        price=price, at=START,
    )  # fmt: skip


def status(ref: str, number: int, now: OrderStatus, filled: int) -> OrderStatusChanged:
    return OrderStatusChanged(
        ref=ref, status=now, filled=filled, remaining=3 - filled, perm_id=number, order_id=number, at=START
    )


def live_through(book: OrderBook, idea: str, number: int, until: Leg = Leg.STOP) -> None:
    """One whole trade: entry and target filled, the stop cancelled; or no more than its entry."""
    place = bracket(idea)
    book_learns(book, SendOrders(bracket_orders(place, approved_prices(place), place.enter_by), START))
    for leg, side, n in ((Leg.ENTRY, Side.BUY, number), (Leg.TARGET, Side.SELL, number + 1)):
        book_learns(book, FillBooked(fill(idea, leg, side, n)))
        book_learns(book, status(ref_of(idea, leg), n, OrderStatus.FILLED, 3))
        if leg is until:
            return
    book_learns(book, status(ref_of(idea, Leg.STOP), number + 2, OrderStatus.CANCELLED, 0))


def book_learns(book: OrderBook, message: object) -> None:
    book.applies()[type(message)](message)


def years_of_trades() -> OrderBook:
    book = OrderBook(settle_s=10)
    for n in range(50):
        live_through(book, f"SPY-{n}", 10 * n + 1)
    return book


def test_what_ended_flat_leaves_the_comparison_on_the_next_day() -> None:
    book = years_of_trades()
    book_learns(book, TimePassed(START))
    assert len(book.as_own().orders) == 150
    book_learns(book, TimePassed(START + DAY))
    assert (book.as_own().orders, book.as_own().fills) == ({}, {})


def listing(*open_orders: OpenOrder, fills: tuple[Fill, ...] = ()) -> Snapshot:
    return Snapshot(at=START + HOUR, account=ACCOUNT, open_orders=open_orders, fills=fills)


def listed(idea: str, leg: Leg, number: int, now: OrderStatus, filled: int = 3) -> OpenOrder:
    return OpenOrder(
        ref=ref_of(idea, leg), order_id=number, perm_id=number, client_id=1, contract=CALL, side=Side.SELL, type="LMT",
        quantity=3, filled=filled, status=now,
    )  # fmt: skip


def test_what_ended_flat_leaves_the_comparison_with_the_next_snapshot_and_what_is_open_stays() -> None:
    book = years_of_trades()
    live_through(book, "SPY-held", 9001, until=Leg.ENTRY)
    book_learns(book, SnapshotTaken(listing(), "test", START + HOUR))
    assert {own.order.idea_id for own in book.as_own().orders.values()} == {"SPY-held"}


def test_what_nobody_has_answered_yet_stays_in_the_comparison() -> None:
    book, place = OrderBook(settle_s=10), bracket("SPY-new")
    book_learns(book, SendOrders(bracket_orders(place, approved_prices(place), place.enter_by), START))
    book_learns(book, SnapshotTaken(listing(), "test", START))
    assert len(book.as_own().orders) == 3


def test_an_order_that_is_still_shown_as_alive_keeps_its_trade_in_the_comparison() -> None:
    book = years_of_trades()
    shown = listed("SPY-7", Leg.STOP, 73, OrderStatus.WORKING, 0)
    book.find(shown.ref, 73).seen[73] = shown  # type: ignore[union-attr]
    book_learns(book, SnapshotTaken(listing(shown), "test", START - HOUR))
    assert {own.order.idea_id for own in book.as_own().orders.values()} == {"SPY-7"}


LEGS = ((Leg.ENTRY, 1), (Leg.TARGET, 2), (Leg.STOP, 3))
OF_A_DAY = [(f"SPY-{n}", leg, 10 * n + part) for n in range(4) for leg, part in LEGS]
"""SPY-3 is held, the others ended flat."""
ENDS = st.sampled_from((OrderStatus.WORKING, OrderStatus.FILLED, OrderStatus.CANCELLED))


def a_day(kind: type[OrderBook] = OrderBook) -> OrderBook:
    book = kind(settle_s=10)
    for n in range(3):
        live_through(book, f"SPY-{n}", 10 * n + 1)
    live_through(book, "SPY-3", 31, until=Leg.ENTRY)
    return book


def mentioned_fill(one: tuple[str, Leg, int], revision: str, *, is_named: bool) -> Fill:
    idea, leg, number = one
    said = fill(idea, leg, Side.BUY if leg is Leg.ENTRY else Side.SELL, number)
    known = said if is_named else replace(said, order_ref="", perm_id=0)
    return replace(known, exec_id=said.exec_id.removesuffix("01") + revision)


@given(
    opened=st.lists(st.tuples(st.sampled_from(OF_A_DAY), ENDS), max_size=3),
    completed=st.lists(st.tuples(st.sampled_from(OF_A_DAY), ENDS), max_size=3),
    fills=st.lists(
        st.builds(
            mentioned_fill,
            st.sampled_from(OF_A_DAY),
            st.sampled_from(("01", "02")),
            is_named=st.booleans(),
        ),
        max_size=4,
    ),
    held=st.integers(-3, 6),
)
def test_a_comparison_with_what_is_left_says_what_one_with_the_whole_day_says(
    opened: list[tuple[tuple[str, Leg, int], OrderStatus]],
    completed: list[tuple[tuple[str, Leg, int], OrderStatus]],
    fills: list[Fill],
    held: int,
) -> None:
    book = a_day()
    whole = book.as_own(frozenset({"SPY-3"}))
    book_learns(book, SnapshotTaken(listing(), "test", START - HOUR))
    assert len(book.as_own().orders) == 3
    picture = replace(
        listing(*(listed(*one, now) for one, now in opened), fills=tuple(fills)),
        completed_orders=tuple(listed(*one, now) for one, now in completed),
        positions=(Position(CALL, held, Decimal(200)),),
    )
    book.bring_back(picture)
    left = book.as_own(frozenset({"SPY-3"}))

    now, before = (reconcile(own, picture, START + HOUR, settle_s=10) for own in (left, whole))
    for name in ("fills", "settled", "surplus", "corrections", "mismatches", "position_mismatches"):
        assert Counter(getattr(now, name)) == Counter(getattr(before, name)), name


def test_what_ended_is_made_once_for_all_comparisons_of_the_day() -> None:
    book = years_of_trades()
    before = book.as_own().orders
    live_through(book, "SPY-last", 9001)
    after = book.as_own().orders
    assert len(after) == 153
    assert all(after[ref] is own for ref, own in before.items())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status", OrderStatus.CANCELLED),
        ("is_rejected", True),
        ("quantity", 2),
        ("reported_at", START + DAY),
        ("cancel_sent_at", START + DAY),
        ("perm_id", 8),
        ("seen", {9: None}),
    ],
)
def test_an_order_of_which_anything_changed_is_made_anew(field: str, value: object) -> None:
    place = bracket("SPY-1")
    (order, *_) = bracket_orders(place, approved_prices(place), place.enter_by)
    record = OrderRecord(order, START, 3, None, None, OrderStatus.REJECTED, reported_at=START, perm_id=7)
    before = record.as_own()
    setattr(record, field, value)
    assert record.as_own() == replace(record).as_own() != before


def test_what_is_held_stays_however_long() -> None:
    book = years_of_trades()
    place = bracket("SPY-held")
    book_learns(book, SendOrders(bracket_orders(place, approved_prices(place), place.enter_by), START))
    book_learns(book, FillBooked(fill("SPY-held", Leg.ENTRY, Side.BUY, 9001)))
    for days in range(1, 30):
        book_learns(book, TimePassed(START + days * DAY))
    assert {own.order.idea_id for own in book.as_own().orders.values()} == {"SPY-held"}


def test_an_old_order_that_the_broker_lists_is_known_again() -> None:
    book = years_of_trades()
    book_learns(book, TimePassed(START + DAY))
    ref = ref_of("SPY-7", Leg.TARGET)
    listed = OpenOrder(
        ref=ref, order_id=72, perm_id=72, client_id=1, contract=CALL, side=Side.SELL, type="LMT", quantity=3, filled=3,
        status=OrderStatus.FILLED,
    )  # fmt: skip
    book.bring_back(Snapshot(at=START + DAY, account=ACCOUNT, completed_orders=(listed,)))
    assert ref in book.as_own().orders
    assert len(book.as_own().fills) == 2


def test_an_old_execution_under_another_name_is_known_again() -> None:
    book = years_of_trades()
    book_learns(book, TimePassed(START + DAY))
    again = replace(fill("SPY-7", Leg.TARGET, Side.SELL, 72), order_ref="", perm_id=0)
    book.bring_back(Snapshot(at=START + DAY, account=ACCOUNT, fills=(again,)))
    assert {own.order.idea_id for own in book.as_own().orders.values()} == {"SPY-7"}


def test_a_late_correction_of_an_old_trade_is_booked_once() -> None:
    manager = OrderManager(ExecutionLimits())
    manager.remember(
        SendOrders(bracket_orders(bracket("SPY-1"), approved_prices(bracket("SPY-1")), START), START)
    )
    manager.remember(FillBooked(fill("SPY-1", Leg.ENTRY, Side.BUY, 1)))
    manager.remember(FillBooked(fill("SPY-1", Leg.TARGET, Side.SELL, 2)))
    manager.handle(TimePassed(START + DAY))
    late = replace(fill("SPY-1", Leg.TARGET, Side.SELL, 2), exec_id="e.SPY-1.2.02", price=Decimal("2.55"))
    assert manager._book.ledger.weigh(late) == FillBooked(late, "e.SPY-1.2.01")
