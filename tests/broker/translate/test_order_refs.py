"""Two bots on one gateway never take each other's orders for their own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.broker.translate.order_refs import marked, read_ref
from bot.domain.order import bot_of, leg_of

REF = "SPY-20110126T1507-scalp/stop-2"


@given(own=st.integers(0, 99_999), other=st.integers(0, 99_999), row=st.none() | st.integers(-1, 99_999))
def test_our_mark_is_read_whatever_client_the_row_names_and_anothers_is_never_ours(
    own: int, other: int, row: int | None
) -> None:
    assert read_ref(marked(REF, own), row, own) == REF
    if other != own:
        assert read_ref(marked(REF, other), row, own) != REF
        assert bot_of(read_ref(marked(REF, other), row, own)) == other


@pytest.mark.parametrize(("row", "is_ours"), [(7, True), (0, True), (-1, True), (None, True), (8, False)])
def test_a_reference_from_before_the_mark_is_ours_unless_another_client_placed_it(
    row: int | None, is_ours: bool
) -> None:
    found = read_ref(REF, row, 7)

    assert (found == REF) is is_ours
    assert (leg_of(found) is not None) is is_ours


def test_what_is_typed_into_tws_stays_as_it_is() -> None:
    assert read_ref("", 8, 7) == ""
    assert read_ref("my hedge", 8, 7) == "my hedge"
