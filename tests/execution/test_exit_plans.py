"""Exit plans step by step: what they wait for, and what they may then send."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.order import Fill, OpenOrder, OrderStatus, OrderType
from bot.domain.types import OrderRef, Side
from bot.execution.books.order_book import OrderBook
from bot.execution.books.order_record import OrderRecord
from bot.execution.exits import ExitPlans, Plan
from bot.execution.limits import ExecutionLimits
from bot.execution.orders import approved_prices, bracket_orders
from bot.execution.proof import prove
from tests.execution.line import CALL, START, bracket

S = OrderStatus
PERM = {"SPY-1/entry": 1, "SPY-1/target": 2, "SPY-1/stop": 3}


def learn(book: OrderBook, message: object) -> None:
    book.applies()[type(message)](message)


class Bench:
    """A book with one bracket of three, and the plans over it."""

    def __init__(self) -> None:
        self.place = bracket(quantity=3)
        self.book = OrderBook(settle_s=5)
        self.plans = ExitPlans(self.book, ExecutionLimits())
        learn(
            self.book,
            b.SendOrders(bracket_orders(self.place, approved_prices(self.place), self.place.enter_by), START),
        )

    def status(self, ref: OrderRef, status: OrderStatus, filled: int = 0) -> None:
        learn(
            self.book,
            b.OrderStatusChanged(
                ref=ref,
                status=status,
                filled=filled,
                remaining=3 - filled,
                perm_id=PERM.get(ref, 9),
                order_id=1,
                at=START,
            ),
        )

    def seen(self, ref: OrderRef, status: OrderStatus = S.HELD) -> None:
        record = self.record(ref)
        learn(
            self.book,
            b.OrderSeen(
                OpenOrder(
                    ref=ref,
                    order_id=1,
                    perm_id=PERM.get(ref, 9),
                    client_id=1,
                    contract=CALL,
                    side=record.order.side,
                    type=record.order.type,
                    quantity=record.quantity,
                    filled=0,
                    status=status,
                    limit_price=record.limit_price,
                    stop_price=record.order.stop_price,
                    tif="GTC",
                ),
                START,
            ),
        )

    def fill(self, ref: OrderRef, quantity: int, exec_id: str) -> None:
        side = Side.BUY if ref.endswith("entry") else Side.SELL
        learn(
            self.book,
            m.FillBooked(
                Fill(
                    exec_id=exec_id,
                    order_ref=ref,
                    perm_id=PERM.get(ref, 9),
                    contract=CALL,
                    side=side,
                    quantity=quantity,
                    price=Decimal("1.95"),
                    at=START,
                )
            ),
        )

    def guarded(self, filled: int = 3) -> Bench:
        self.seen("SPY-1/target", S.WORKING)
        self.seen("SPY-1/stop")
        self.fill("SPY-1/entry", filled, "a.1.01")
        return self

    def record(self, ref: OrderRef) -> OrderRecord:
        return self.book.records[ref]

    def step(self, plan: Plan | None = None) -> list[m.Message]:
        if plan is not None:
            self.plans.adopt(plan)
        said = list(self.plans.step(self.place, START))
        for message in said:
            learn(self.book, message)
        return said

    @property
    def waits(self) -> bool:
        return bool(self.plans.waiting())


def _protect(quantity: int = 3, attempt: int = 1) -> m.PlaceProtection:
    return m.PlaceProtection("SPY-1", quantity, attempt, "test", START)


def _exit(quantity: int = 3, step: int = 0, bid: str | None = "1.90") -> m.ExitPosition:
    return m.ExitPosition("SPY-1", quantity, step, "test", Decimal(bid) if bid else None, START)


def test_no_exit_moves_until_the_entrys_end_is_answered() -> None:
    bench = Bench().guarded(filled=1)

    assert bench.step(_exit(1)) == []
    assert bench.record("SPY-1/entry").cancel_wanted
    bench.status("SPY-1/entry", S.CANCELLED, filled=1)

    assert bench.step() == [b.SendRevision("SPY-1/target", Decimal("1.90"), 1, START)]


def test_protection_waits_for_the_entrys_end_too() -> None:
    bench = Bench().guarded(filled=1)
    bench.status("SPY-1/stop", S.CANCELLED)

    assert bench.step(_protect(1)) == []
    assert bench.waits


def test_new_protection_waits_until_every_old_exit_has_ended() -> None:
    bench = Bench().guarded()
    bench.status("SPY-1/stop", S.CANCELLED)

    assert bench.step(_protect()) == []
    assert bench.record("SPY-1/target").cancel_wanted
    bench.status("SPY-1/target", S.CANCELLED)

    (sent,) = bench.step()
    assert isinstance(sent, b.SendOrders)
    assert [(o.ref, o.quantity) for o in sent.orders] == [("SPY-1/stop-1", 3), ("SPY-1/target-1", 3)]


def test_new_protection_waits_for_a_fill_that_is_counted_and_not_booked() -> None:
    bench = Bench().guarded()
    bench.status("SPY-1/stop", S.CANCELLED)
    bench.status("SPY-1/target", S.CANCELLED, filled=1)

    assert bench.step(_protect()) == []
    assert bench.waits
    bench.fill("SPY-1/target", 1, "b.1.01")

    (sent,) = bench.step()
    assert isinstance(sent, b.SendOrders)
    assert {o.quantity for o in sent.orders} == {2}


def test_an_exit_sells_no_more_than_is_held_whatever_was_ordered() -> None:
    bench = Bench().guarded()
    bench.fill("SPY-1/target", 1, "b.1.01")

    assert bench.step(_exit(3)) == [b.SendRevision("SPY-1/target", Decimal("1.90"), 3, START)]
    assert bench.book.remaining(bench.record("SPY-1/target")) == 2


def test_an_exit_that_the_broker_counts_as_sold_is_not_sold_again() -> None:
    bench = Bench().guarded()
    bench.status("SPY-1/stop", S.CANCELLED)
    bench.status("SPY-1/target", S.FILLED, filled=3)

    assert bench.step(_exit(3, step=9, bid=None)) == []


def test_the_last_rung_rides_the_target_as_far_down_as_may_be_and_the_forced_one_sells_beside_the_stop() -> (
    None
):
    bench = Bench().guarded()

    (moved,) = bench.step(_exit(step=3))
    assert isinstance(moved, b.SendRevision)
    assert moved.limit_price < Decimal("1.80")

    (sold,) = bench.step(_exit(step=6))
    assert isinstance(sold, b.SendOrders)
    assert (sold.orders[0].type, sold.orders[0].quantity) == (OrderType.MARKET, 3)
    assert sold.orders[0].oca_group == bench.record("SPY-1/stop").order.oca_group
    assert not bench.record("SPY-1/stop").cancel_wanted
    assert prove(bench.book, bench.place).holds


def test_a_closing_order_beside_the_stop_waits_for_a_fill_that_is_counted_and_not_booked() -> None:
    bench = Bench().guarded()
    bench.status("SPY-1/target", S.CANCELLED, filled=1)

    assert bench.step(_exit(step=6)) == []
    assert not bench.record("SPY-1/stop").cancel_wanted
    bench.fill("SPY-1/target", 1, "b.1.01")

    (sold,) = bench.step()
    assert isinstance(sold, b.SendOrders)
    assert sold.orders[0].quantity == 2


def test_a_group_that_ended_two_closing_orders_unfilled_is_given_up() -> None:
    bench = Bench().guarded()
    bench.status("SPY-1/target", S.CANCELLED)
    for number in (1, 2):
        bench.step(_exit(step=6))
        bench.status(f"SPY-1/flatten-{number}", S.REJECTED)
        learn(bench.book, b.SendCancel(f"SPY-1/flatten-{number}", START - timedelta(seconds=60)))

    assert bench.step(_exit(step=6)) == []
    assert bench.record("SPY-1/stop").cancel_wanted


def test_without_a_live_target_the_flatten_order_follows_the_ladder_to_the_market() -> None:
    bench = Bench().guarded()
    bench.status("SPY-1/target", S.CANCELLED)
    bench.status("SPY-1/stop", S.CANCELLED)

    stop, first = bench.step(_exit(step=1))
    bench.status("SPY-1/stop-1", S.CANCELLED)
    bench.status("SPY-1/flatten-1", S.CANCELLED)
    _, second = bench.step(_exit(step=3))

    assert isinstance(stop, b.SendOrders)
    assert isinstance(first, b.SendOrders)
    assert isinstance(second, b.SendOrders)
    # A closing order may be refused: it never goes alone.
    assert stop.orders[0].type is OrderType.STOP
    assert stop.orders[0].oca_group == first.orders[0].oca_group
    assert first.orders[0].limit_price == Decimal("1.89")
    assert (second.orders[0].ref, second.orders[0].type) == ("SPY-1/flatten-2", OrderType.MARKET)


def test_a_pair_that_is_only_too_large_is_moved_and_not_replaced() -> None:
    bench = Bench().guarded(filled=1)
    bench.status("SPY-1/entry", S.CANCELLED, filled=1)

    assert bench.step(_protect(1)) == [
        b.SendRevision("SPY-1/target", Decimal("2.60"), 1, START),
        b.SendRevision("SPY-1/stop", Decimal("1.60"), 1, START),
    ]


def test_an_inactive_exit_is_not_over_until_it_was_called_back_and_stayed_silent() -> None:
    bench = Bench().guarded()
    bench.status("SPY-1/target", S.CANCELLED)
    bench.status("SPY-1/stop", S.REJECTED)

    assert bench.step(_protect()) == []
    learn(bench.book, b.SendCancel("SPY-1/stop", START))
    assert not bench.record("SPY-1/stop").is_over(START, 3)
    assert bench.record("SPY-1/stop").is_over(START + timedelta(seconds=3), 3)


def test_a_sighting_older_than_the_stops_end_proves_nothing() -> None:
    bench = Bench()
    bench.fill("SPY-1/entry", 3, "a.1.01")
    bench.status("SPY-1/stop", S.CANCELLED)
    bench.seen("SPY-1/stop")

    assert prove(bench.book, bench.place).stop_quantity == 0


def test_a_stop_that_is_being_called_back_proves_nothing() -> None:
    bench = Bench().guarded()
    assert prove(bench.book, bench.place).holds

    bench.status("SPY-1/stop", S.CANCELLING)

    assert not prove(bench.book, bench.place).holds
