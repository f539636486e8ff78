"""The pure comparison of our books with a complete snapshot."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.broker_messages import Snapshot
from bot.domain.contract import Contract
from bot.domain.order import Fill, OpenOrder, Order, OrderStatus, OrderType
from bot.domain.position import AccountValues, Position
from bot.domain.reconciling.evidence import OwnBooks, OwnOrder
from bot.domain.reconciling.reconcile import Reconciliation, reconcile
from bot.domain.types import SecType, Side

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
CALL = Contract(con_id=501, symbol="SPY", sec_type=SecType.OPTION, multiplier=100)
S = OrderStatus
REF = "SPY-1/entry"


def _order(ref: str = REF, side: Side = Side.BUY, quantity: int = 3) -> Order:
    return Order(
        ref=ref,
        contract=CALL,
        side=side,
        type=OrderType.LIMIT,
        quantity=quantity,
        limit_price=Decimal("2.00"),
    )


def _own(order: Order, status: OrderStatus = S.WORKING, *, heard: bool = True, perm_id: int = 7) -> OwnOrder:
    sent_at = AT - timedelta(minutes=1)
    return OwnOrder(order, status, sent_at, sent_at if heard else None, frozenset({perm_id} if heard else ()))


def _books(*own: OwnOrder, fills: tuple[Fill, ...] = ()) -> OwnBooks:
    return OwnBooks(
        {o.order.ref: o for o in own},
        {f.exec_id.rpartition(".")[0]: f for f in fills},
        frozenset({"SPY-1"}),
    )


def _fill(
    exec_id: str = "a.1.01", ref: str = REF, side: Side = Side.BUY, quantity: int = 3, **more: int
) -> Fill:
    return Fill(
        exec_id=exec_id,
        order_ref=ref,
        perm_id=more.get("perm_id", 7),
        contract=CALL,
        side=side,
        quantity=quantity,
        price=Decimal("1.95"),
        at=AT,
    )


def _seen(ref: str = REF, status: OrderStatus = S.WORKING, filled: int = 0, perm_id: int = 7) -> OpenOrder:
    return OpenOrder(
        ref=ref,
        order_id=1,
        perm_id=perm_id,
        client_id=1,
        contract=CALL,
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=3,
        filled=filled,
        status=status,
        limit_price=Decimal("2.00"),
    )


def _snapshot(
    *,
    open_orders: tuple[OpenOrder, ...] = (),
    done: tuple[OpenOrder, ...] = (),
    fills: tuple[Fill, ...] = (),
    held: int = 0,
) -> Snapshot:
    return Snapshot(
        at=AT,
        account=AccountValues(account="DU1", at=AT),
        open_orders=open_orders,
        completed_orders=done,
        fills=fills,
        positions=(Position(CALL, held, Decimal(195)),) if held else (),
    )


def _found(books: OwnBooks, snapshot: Snapshot, **more: frozenset[str]) -> Reconciliation:
    return reconcile(books, snapshot, AT, settle_s=5, **more)


def test_books_that_agree_need_nothing() -> None:
    found = _found(_books(_own(_order())), _snapshot(open_orders=(_seen(),)))

    assert (found.fills, found.corrections, found.mismatches, found.surplus) == ((), (), (), ())


def test_a_missing_fill_is_found_by_its_ref() -> None:
    found = _found(
        _books(_own(_order())), _snapshot(done=(_seen(status=S.FILLED, filled=3),), fills=(_fill(),), held=3)
    )

    assert [f.exec_id for f in found.fills] == ["a.1.01"]
    assert found.settled[0].status is S.FILLED
    assert not found.mismatches


def test_a_fill_whose_ref_was_lost_is_found_by_its_perm_id() -> None:
    found = _found(_books(_own(_order())), _snapshot(fills=(_fill(ref=""),), held=3))

    assert [f.order_ref for f in found.fills] == [REF]


def test_a_known_fill_is_not_found_again_and_its_correction_is() -> None:
    books = _books(_own(_order(), S.FILLED), fills=(_fill(),))

    assert not _found(books, _snapshot(fills=(_fill(),), held=3)).fills
    corrected = _found(books, _snapshot(fills=(_fill("a.1.02"), _fill()), held=3))
    assert [f.exec_id for f in corrected.fills] == ["a.1.02"]


def test_an_unanswered_order_without_a_trace_never_arrived() -> None:
    verdict = _found(_books(_own(_order(), S.IN_FLIGHT, heard=False)), _snapshot()).settled[0]

    assert (verdict.status, verdict.by_absence) == (S.REJECTED, True)


def test_an_order_sent_just_before_the_question_is_left_in_flight() -> None:
    late = OwnOrder(_order(), S.IN_FLIGHT, AT - timedelta(seconds=1))

    assert not _found(_books(late), _snapshot()).settled


@pytest.mark.parametrize("status", [S.CANCELLED, S.FILLED, S.REJECTED])
def test_a_completed_order_is_settled_for_good(status: OrderStatus) -> None:
    verdict = _found(_books(_own(_order())), _snapshot(done=(_seen(status=status),))).settled[0]

    assert (verdict.status, verdict.is_final) == (status, True)


def test_what_ended_stays_ended() -> None:
    assert not _found(_books(_own(_order(), S.CANCELLED)), _snapshot()).settled


def test_a_second_live_order_under_one_ref_is_surplus() -> None:
    found = _found(_books(_own(_order())), _snapshot(open_orders=(_seen(), _seen(perm_id=9))))

    assert found.surplus == ((REF, 9),)
    assert "second live order" in found.mismatches[0]


def test_a_position_missing_from_the_list_is_none_and_named() -> None:
    found = _found(_books(_own(_order(), S.FILLED), fills=(_fill(),)), _snapshot())

    assert [str(x) for x in found.position_mismatches] == ["position of SPY: 0 at the broker, 3 in our books"]


def test_another_bots_symbol_is_none_of_our_business() -> None:
    other = replace(CALL, con_id=9, symbol="AAPL")
    snapshot = replace(
        _snapshot(),
        open_orders=(replace(_seen("x/entry", perm_id=3), contract=other),),
        positions=(Position(other, 5, Decimal(1)),),
    )

    assert not _found(_books(), snapshot, symbols=frozenset({"SPY"})).mismatches
    assert len(_found(_books(), snapshot).mismatches) == 2


def test_a_sale_by_another_hand_that_explains_the_position_is_adopted_and_named() -> None:
    books = _books(_own(_order(), S.FILLED), fills=(_fill(),))
    sale = _fill("m.1.01", ref="", side=Side.SELL, perm_id=99)

    found = _found(books, _snapshot(fills=(_fill(), sale)))

    assert [(f.order_ref, f.quantity) for f in found.fills] == [("SPY-1/external", 3)]
    assert "another hand" in found.mismatches[0]
    assert not found.position_mismatches


def test_a_sale_by_another_hand_that_does_not_explain_the_position_is_only_named() -> None:
    books = _books(_own(_order(), S.FILLED), fills=(_fill(),))
    sale = _fill("m.1.01", ref="", side=Side.SELL, quantity=1, perm_id=99)

    found = _found(books, _snapshot(fills=(sale,)))

    assert not found.fills
    assert found.position_mismatches


def test_a_fill_the_broker_no_longer_lists_is_believed_when_order_and_position_bear_it_out() -> None:
    target = _own(_order("SPY-1/target", Side.SELL), perm_id=8)
    books = _books(_own(_order(), S.FILLED), target, fills=(_fill(),))
    done = (replace(_seen("SPY-1/target", S.FILLED, 3, 8), side=Side.SELL),)

    found = _found(books, _snapshot(done=done))
    assert [(f.exec_id, f.price, f.quantity) for f in found.fills] == [("completed-8.0", Decimal("2.00"), 3)]
    assert not found.mismatches

    held = _found(books, _snapshot(done=done, held=3))
    assert not held.fills


@given(
    statuses=st.lists(st.sampled_from(S), max_size=6),
    seen=st.lists(st.sampled_from(S), max_size=6),
    fills=st.lists(st.integers(1, 3), max_size=6),
    held=st.integers(-5, 5),
)
def test_reconciling_twice_finds_nothing_the_second_time(
    statuses: list[OrderStatus], seen: list[OrderStatus], fills: list[int], held: int
) -> None:
    own = [_own(_order(f"SPY-1/{n}"), status, perm_id=n + 1) for n, status in enumerate(statuses)]
    known = tuple(_fill(f"a.{n}.01", f"SPY-1/{n}", quantity=q, perm_id=n + 1) for n, q in enumerate(fills))
    snapshot = _snapshot(
        open_orders=tuple(_seen(f"SPY-1/{n}", status, perm_id=n + 1) for n, status in enumerate(seen)),
        fills=known,
        held=held,
    )
    first = _found(_books(*own), snapshot)
    settled = {verdict.ref: verdict.status for verdict in first.settled}
    after = [replace(o, status=settled.get(o.order.ref, o.status)) for o in own]

    second = _found(_books(*after, fills=first.fills), snapshot)

    assert not second.fills
    assert second.mismatches == first.mismatches
