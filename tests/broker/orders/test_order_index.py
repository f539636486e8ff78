"""Orders are known by permId and ref; an order id is good for one session."""

from __future__ import annotations

from typing import Any

import ib_insync

from bot.broker.orders.order_index import KnownOrder, OrderIndex
from bot.domain.order import OrderStatus
from tests.broker.translate.test_translate import CALL


def reported(ref: str, perm_id: int, parent_id: int = 0) -> Any:
    return ib_insync.Order(orderRef=ref, permId=perm_id, parentId=parent_id, clientId=7)


def see(names: OrderIndex, ref: str, order_id: int, perm_id: int, *, client_id: int = 7) -> KnownOrder:
    return names.seen(CALL, reported(ref, perm_id), order_id, client_id=client_id, status=OrderStatus.WORKING)


def test_an_order_we_sent_is_recognised_by_its_id_before_its_perm_id_is_known() -> None:
    names = OrderIndex()
    known = KnownOrder("a/entry", CALL, 7, 5)
    names.sent(known)
    assert see(names, "a/entry", 5, 100) is known
    assert names.find(7, 0, 100) is known


def test_an_order_id_that_was_given_out_twice_does_not_mix_two_orders() -> None:
    names = OrderIndex()
    old = see(names, "a/entry", 5, 100)
    new = see(names, "b/entry", 5, 200)
    assert old is not new
    assert names.find(7, 5, 100) is old
    assert names.find(7, 5, 200) is new


def test_orders_typed_into_tws_share_id_zero_and_are_told_apart() -> None:
    names = OrderIndex()
    first = see(names, "", 0, 300, client_id=0)
    second = see(names, "", 0, 301, client_id=0)
    assert first is not second
    assert names.find(0, 0, 300) is first


def test_of_two_live_orders_under_one_ref_each_can_be_picked() -> None:
    names = OrderIndex()
    first, second = see(names, "a/stop", 5, 100), see(names, "a/stop", 6, 101)
    assert names.of_ref("a/stop") is second
    assert names.of_ref("a/stop", 100) is first
    names.received(second, 101, OrderStatus.CANCELLED, 0)
    assert names.of_ref("a/stop") is first


def test_a_new_session_keeps_what_is_alive_and_forgets_the_rest() -> None:
    names = OrderIndex()
    alive, ended = see(names, "a/stop", 5, 100), see(names, "a/entry", 4, 99)
    names.received(ended, 99, OrderStatus.FILLED, 1)
    names.start_session()
    assert names.of_ref("a/entry") is None
    assert names.of_ref("a/stop") is alive
    assert names.of_id(7, 5) is None
    assert see(names, "a/stop", 5, 100) is alive
    assert names.of_id(7, 5) is alive


def test_what_was_filled_never_shrinks() -> None:
    names = OrderIndex()
    known = see(names, "a/entry", 5, 100)
    names.received(known, 100, OrderStatus.WORKING, 2)
    names.received(known, 100, OrderStatus.WORKING, 1)
    assert known.filled == 2


def test_a_parent_is_found_by_the_childs_report() -> None:
    names = OrderIndex()
    parent = see(names, "a/entry", 5, 100)
    child = names.seen(CALL, reported("a/stop", 101, 5), 6, client_id=7, status=OrderStatus.HELD)
    assert names.parent_of(child) is parent
