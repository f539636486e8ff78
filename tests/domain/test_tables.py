"""The order's and the bracket's tables of transitions: closed, and with every dead end on purpose."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import bracket, order
from bot.domain.bracket import BracketEvent, BracketState
from bot.domain.errors import RestartTheLine
from bot.domain.order import DONE, LIVE, OrderStatus, execution_key, next_status


@pytest.mark.parametrize(("now", "heard"), list(itertools.product(OrderStatus, OrderStatus)))
def test_every_status_can_be_heard_at_any_time(now: OrderStatus, heard: OrderStatus) -> None:
    assert next_status("SPY-1/entry", now, heard) in OrderStatus


def test_live_and_done_divide_all_statuses() -> None:
    assert frozenset(OrderStatus) == LIVE | DONE
    assert not LIVE & DONE


@given(st.lists(st.sampled_from(OrderStatus), max_size=12))
def test_a_filled_order_stays_filled_whatever_is_heard_later(heard: list[OrderStatus]) -> None:
    status = OrderStatus.FILLED
    for news in heard:
        status = next_status("SPY-1/entry", status, news)

    assert status is OrderStatus.FILLED


@given(st.lists(st.sampled_from(sorted(LIVE)), max_size=12))
def test_a_cancelled_order_comes_back_to_life_by_no_late_status(heard: list[OrderStatus]) -> None:
    status = OrderStatus.CANCELLED
    for news in heard:
        status = next_status("SPY-1/entry", status, news)

    assert status is OrderStatus.CANCELLED


def test_no_order_status_is_a_trap_but_filled() -> None:
    ways_out = {now for now, _ in order.ORDER_TRANSITIONS}

    assert set(OrderStatus) - ways_out == {OrderStatus.FILLED}


def test_every_bracket_state_can_be_reached_and_left() -> None:
    reached = set(bracket.BRACKET_TRANSITIONS.values())
    left = {now for now, _ in bracket.BRACKET_TRANSITIONS}

    assert reached | {BracketState.PLANNED} == set(BracketState)
    assert left == set(BracketState)


def test_from_every_bracket_state_an_end_is_in_reach() -> None:
    can_end = set(bracket.ENDED)
    for _ in BracketState:
        can_end |= {now for (now, _), then in bracket.BRACKET_TRANSITIONS.items() if then in can_end}

    assert can_end == set(BracketState)


def test_an_unknown_pair_stops_the_line_and_names_the_bracket() -> None:
    with pytest.raises(RestartTheLine, match="SPY-1"):
        bracket.next_state("SPY-1", BracketState.PLANNED, BracketEvent.REPAIR_ORDERED)


@pytest.mark.parametrize(
    ("exec_id", "key"),
    [
        ("0000e0d5.65a1b2c3.01.01", ("0000e0d5.65a1b2c3.01", 1)),
        ("0000e0d5.65a1b2c3.01.02", ("0000e0d5.65a1b2c3.01", 2)),
        ("loose", ("loose", 0)),
        ("a.b", ("a.b", 0)),
    ],
)
def test_an_execution_id_is_a_stem_and_a_revision(exec_id: str, key: tuple[str, int]) -> None:
    assert execution_key(exec_id) == key
