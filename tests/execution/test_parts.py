"""The small pure parts: prices on the grid, the ledger, the questions, the proof's arithmetic."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.broker_messages import Snapshot, SnapshotTaken, TakeSnapshot
from bot.domain.contract import NICKELS
from bot.domain.order import Fill, Leg, OrderType
from bot.domain.position import AccountValues
from bot.domain.pricing import (
    BracketPrices,
    buying_price,
    least,
    one_tick_above,
    protection_around,
    selling_price,
)
from bot.domain.session import next_session
from bot.domain.types import Side
from bot.execution.books.ledger import FillLedger
from bot.execution.books.snapshot_requests import SnapshotRequests
from bot.execution.limits import ExecutionLimits, WatcherLimits
from bot.execution.orders import (
    approved_prices,
    bracket_orders,
    entry_ends_at,
    next_number,
    protection_orders,
    protection_prices,
)
from tests.execution.line import CALL, bracket

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
PRICES = st.decimals(Decimal("0.02"), Decimal(50), places=3)


# ── prices ───────────────────────────────────────────────────────────────────────────────────────────────────────


@given(entry=PRICES, target=PRICES, stop=PRICES)
def test_bracket_prices_lie_on_the_grid_and_rounding_never_costs(
    entry: Decimal, target: Decimal, stop: Decimal
) -> None:
    prices = approved_prices(bracket(entry_limit=entry, target=target, stop=stop))

    assert all(NICKELS.is_on_grid(price) for price in (prices.entry, prices.target, prices.stop))
    assert prices.entry <= entry
    assert prices.target <= max(target, one_tick_above(NICKELS, prices.entry))
    assert prices.entry < prices.target or target <= entry
    assert prices.stop >= stop


@given(bid=st.decimals(Decimal("0.01"), Decimal(50), places=2), step=st.integers(0, 40))
def test_the_ladder_never_leaves_the_grid_the_collar_or_the_market(bid: Decimal, step: int) -> None:
    price = selling_price(CALL, bid, step, 0.1)

    assert NICKELS.is_on_grid(price)
    assert Decimal("0.01") <= price <= max(bid, Decimal("0.01"))
    assert price >= bid * Decimal("0.9") - Decimal("0.05")


@given(ask=st.decimals(Decimal("0.01"), Decimal(50), places=2), step=st.integers(0, 40))
def test_buying_back_is_the_mirror(ask: Decimal, step: int) -> None:
    price = buying_price(CALL, ask, step, 0.1)

    assert NICKELS.is_on_grid(price)
    assert ask <= price <= ask * Decimal("1.1") + Decimal("0.05")


@given(steps=st.lists(st.integers(0, 20), min_size=2, max_size=2, unique=True).map(sorted))
def test_a_later_rung_asks_no_more(steps: list[int]) -> None:
    first, second = (selling_price(CALL, Decimal("3.10"), step, 0.1) for step in steps)

    assert second <= first


def test_a_stop_that_a_good_fill_left_above_the_price_paid_is_set_by_the_plans_ratio() -> None:
    place = bracket(entry_limit=Decimal("2.00"), target=Decimal("2.60"), stop=Decimal("1.60"))

    usual = protection_prices(place, Decimal("1.95"))
    lucky = protection_prices(place, Decimal("1.00"))

    assert (usual.stop, usual.target) == (Decimal("1.60"), Decimal("2.60"))
    assert (lucky.stop, lucky.target) == (Decimal("0.80"), Decimal("1.30"))


@given(paid=PRICES, entry=PRICES, stop_pct=st.decimals(Decimal("0.05"), Decimal("0.9"), places=2))
def test_a_fresh_pair_always_stands_around_the_price_paid(
    paid: Decimal, entry: Decimal, stop_pct: Decimal
) -> None:
    planned = BracketPrices(entry, entry * Decimal("1.3"), entry * (1 - stop_pct))

    prices = protection_around(NICKELS, planned, paid)

    assert NICKELS.is_on_grid(prices.target)
    assert NICKELS.is_on_grid(prices.stop)
    assert least(NICKELS) <= prices.stop < paid < prices.target


# ── orders ───────────────────────────────────────────────────────────────────────────────────────────────────────


@given(late_s=st.integers(-60, 600), minute=st.integers(0, 389), grace_s=st.floats(1, 86_400))
def test_an_entry_ends_at_the_broker_after_its_time_and_with_the_session_at_the_latest(
    late_s: int, minute: int, grace_s: float
) -> None:
    session = next_session(date(2026, 3, 2))
    now = session.open + timedelta(minutes=minute)
    place = bracket(at=now, enter_by=now + timedelta(seconds=late_s))
    end = entry_ends_at(place, now, grace_s)

    assert now <= end <= session.close
    assert end.microsecond == 0
    assert end == session.close or (end - max(now, place.enter_by)).total_seconds() == int(grace_s)


def test_a_repaired_pair_has_refs_and_a_group_of_its_own_and_both_transmit() -> None:
    place = bracket()
    old = bracket_orders(place, approved_prices(place), place.enter_by)
    new = protection_orders(place, approved_prices(place), 2, 1)

    assert [o.type for o in new] == [OrderType.STOP, OrderType.LIMIT]
    assert all(o.transmit and o.parent_ref is None and o.quantity == 2 for o in new)
    assert not {o.ref for o in old} & {o.ref for o in new}
    assert {o.oca_group for o in old[1:]}.isdisjoint({o.oca_group for o in new})


def test_only_stops_carry_the_trigger_that_is_set() -> None:
    place, prices = bracket(), approved_prices(bracket())
    orders = (
        *bracket_orders(place, prices, place.enter_by, trigger_method=2),
        *protection_orders(place, prices, 2, 1, trigger_method=2),
    )

    assert {order.type: order.trigger_method for order in orders} == {OrderType.LIMIT: 0, OrderType.STOP: 2}


@given(taken=st.sets(st.integers(1, 9)), at_least=st.integers(0, 9))
def test_a_number_is_never_used_twice(taken: set[int], at_least: int) -> None:
    refs = {f"SPY-1/stop-{n}" for n in taken}

    assert next_number("SPY-1", (Leg.TARGET, Leg.STOP), refs, at_least) not in taken


# ── ledger ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _fill(exec_id: str, quantity: int = 1, side: Side = Side.BUY, perm_id: int = 7) -> Fill:
    return Fill(
        exec_id=exec_id,
        order_ref="SPY-1/entry" if side is Side.BUY else "SPY-1/target",
        perm_id=perm_id,
        contract=CALL,
        side=side,
        quantity=quantity,
        price=Decimal(2),
        at=AT,
    )


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 3), st.integers(1, 5)), max_size=20))
def test_in_whatever_order_executions_come_the_latest_revision_of_each_counts_once(
    heard: list[tuple[int, int, int]],
) -> None:
    ledger, latest = FillLedger(), dict[int, tuple[int, int]]()
    for stem, revision, quantity in heard:
        booked = ledger.weigh(_fill(f"a.{stem}.{revision:02d}", quantity))
        if booked is not None:
            ledger.learn(booked)
        if revision > latest.get(stem, (0, 0))[0]:
            latest[stem] = (revision, quantity)

    assert ledger.position("SPY-1") == sum(quantity for _, quantity in latest.values())
    assert ledger.quantity("SPY-1", Side.SELL) == 0


def test_an_execution_that_comes_after_all_takes_its_stand_ins_place() -> None:
    ledger, replaced = FillLedger(), []
    for fill in (
        _fill("a.1.01", 3),
        _fill("completed-8.0", 3, Side.SELL, 8),
        _fill("b.1.01", 3, Side.SELL, 8),
    ):
        booked = ledger.weigh(fill)
        assert booked is not None
        ledger.learn(booked)
        replaced.append(booked.replaces)

    assert replaced == [None, None, "completed-8.0"]
    assert ledger.position("SPY-1") == 0


# ── questions ────────────────────────────────────────────────────────────────────────────────────────────────────


def _snapshot_requests() -> SnapshotRequests:
    return SnapshotRequests(retry_s=10, gap_s=1, backoff_max_s=60)


def _answer(request: TakeSnapshot) -> SnapshotTaken:
    return SnapshotTaken(
        Snapshot(at=AT, account=AccountValues(account="DU1", at=AT)), request.reason, request.at
    )


def _ask(snapshot_requests: SnapshotRequests, now: datetime) -> TakeSnapshot:
    request = snapshot_requests.next_request(now)
    assert request is not None
    return request


def test_a_question_is_agreed_only_once_its_own_answer_was_reconciled() -> None:
    snapshot_requests = _snapshot_requests()
    snapshot_requests.need("first", AT)
    request = _ask(snapshot_requests, AT)
    snapshot_requests.need("second, put in the same instant", AT)

    snapshot_requests.answered(_answer(request), AT)
    assert not snapshot_requests.is_agreed("first")
    snapshot_requests.agreed()

    assert snapshot_requests.is_agreed("first")
    assert not snapshot_requests.is_agreed("second, put in the same instant")


def test_a_snapshot_that_somebody_else_asked_for_answers_older_questions_alone() -> None:
    snapshot_requests = _snapshot_requests()
    snapshot_requests.need("older", AT)
    snapshot_requests.need("newer", AT + timedelta(seconds=2))

    snapshot_requests.answered(_answer(TakeSnapshot("theirs", AT + timedelta(seconds=1))), AT)
    snapshot_requests.agreed()

    assert snapshot_requests.is_agreed("older")
    assert not snapshot_requests.is_agreed("newer")


def test_an_unanswered_request_is_repeated_and_a_failed_one_sooner() -> None:
    snapshot_requests = _snapshot_requests()
    snapshot_requests.need("x", AT)
    _ask(snapshot_requests, AT)

    assert snapshot_requests.next_request(AT + timedelta(seconds=5)) is None
    snapshot_requests.failed()
    assert snapshot_requests.next_request(AT + timedelta(seconds=5)) is not None


def test_a_question_that_stays_open_is_asked_ever_more_slowly() -> None:
    snapshot_requests, times = _snapshot_requests(), []
    for second in range(120):
        now = AT + timedelta(seconds=second)
        snapshot_requests.need("still in doubt", now)
        request = snapshot_requests.next_request(now)
        if request is not None:
            times.append(second)
            snapshot_requests.answered(_answer(request), now)

    pauses = [b - a for a, b in itertools.pairwise(times)]
    assert pauses == sorted(pauses)
    assert pauses[-1] > 4 * pauses[0]


# ── time_scale ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("limits", [ExecutionLimits(), WatcherLimits()])
def test_stretching_lengthens_every_wait_and_nothing_else(limits: ExecutionLimits | WatcherLimits) -> None:
    scaled = limits.scaled(10)

    assert scaled.snapshot_gap_s == 10 * limits.snapshot_gap_s
    assert replace(scaled, **{n: getattr(limits, n) for n in limits.__slots__ if n.endswith("_s")}) == limits
