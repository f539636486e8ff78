"""A long run of plain fields, or a whole order, is recognised when it says what it said last, and only then."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.wire import RemoteProtocolError, decode_request, encode, message_kinds
from bot.wire.fields import INT0, STR
from bot.wire.frames import split_fields
from bot.wire.layout import MessageKind, answer
from bot.wire.nodes import Field

NAMES = [f"f{n}" for n in range(9)]


def kind() -> MessageKind:
    return answer(999, "many", *(Field(name, STR) for name in NAMES), Field("last", INT0))


@pytest.mark.parametrize("count", [0, 1, 8, 9])
def test_a_message_that_ends_early_is_refused_the_first_time_and_after_a_whole_one(count: int) -> None:
    many = kind()
    short = ["999", *NAMES[:count]]
    for _ in range(2):
        with pytest.raises(RemoteProtocolError, match="ends before it"):
            many.decode(176, short)
        many.decode(176, ["999", *NAMES, "1"])


@given(st.lists(st.lists(st.sampled_from(["", "0", "x"]), min_size=9, max_size=9), max_size=130))
def test_it_means_what_it_says_whatever_was_said_before(runs: list[list[str]]) -> None:
    many = kind()
    for run in runs:
        found = many.decode(176, ["999", *run, "1", "more"])
        assert [found[name] for name in NAMES] == run
        assert (found.last, found.surplus) == (1, ("more",))


_PLAIN: dict[str, Any] = {"symbol": "SPY", "action": "BUY", "totalQuantity": 1, "orderType": "LMT"}
_ORDERS = st.fixed_dictionaries(
    {"orderId": st.integers(1, 9), "secType": st.sampled_from(["OPT", "OPT", "BAG", ""])},
    optional={
        "orderType": st.sampled_from(["LMT", "STP", "PEG BENCH"]),
        "lmtPrice": st.sampled_from([None, 0, Decimal("1.05"), 2]),
        "exchange": st.sampled_from(["SMART", "IBKRATS"]),
        "hedgeType": st.just("D"),
        "conditions": st.just(({"condType": 4, "percent": 5},)),
        "goodTillDate": st.just("20260302 15:00:00 UTC"),
        "account": st.sampled_from(["DU1", "DU2"]),
    },
)


def forgetful() -> MessageKind:
    """The kind of an order that has never read one."""
    known = next(kind for kind in message_kinds() if kind.name == "placeOrder")
    return MessageKind(known.direction, known.id, known.name, known.nodes, known.since, known.body)


@given(st.lists(_ORDERS, max_size=12))
def test_an_order_means_what_it_says_whatever_was_ordered_before(orders: list[dict[str, Any]]) -> None:
    for values in orders:
        frame = encode("placeOrder", 176, **_PLAIN | values)
        found = decode_request(frame[4:], 176)
        fields = split_fields(frame[4:])
        assert found == forgetful().decode(176, fields)
        assert encode("placeOrder", 176, **found.values) == frame


@pytest.mark.parametrize(
    "spoil", [lambda f: [*f, "more"], lambda f: f[:-1], lambda f: [*f[:17], "x", *f[18:]]]
)
def test_an_order_that_is_spoilt_is_not_taken_for_the_last_one(
    spoil: Callable[[list[str]], list[str]],
) -> None:
    frame = encode("placeOrder", 176, orderId=1, **_PLAIN)
    whole = decode_request(frame[4:], 176)
    fields = spoil(split_fields(frame[4:]))
    try:
        found = decode_request("\0".join([*fields, ""]).encode(), 176)
    except RemoteProtocolError:
        return
    assert found.surplus == ("more",)
    assert found.values == whole.values
