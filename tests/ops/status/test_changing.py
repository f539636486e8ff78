"""The next picture of the bot out of the one before."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ops.status.changing import with_changes
from bot.ops.status.status import Status


@given(account=st.text(), fills=st.integers(), is_connected=st.booleans())
def test_a_changed_picture_is_what_the_constructor_would_make(
    account: str, fills: int, is_connected: bool
) -> None:
    before = Status(mode="paper", reconnects=3)
    after = with_changes(before, account=account, fills=fills, is_connected=is_connected)
    assert after == dataclasses.replace(before, account=account, fills=fills, is_connected=is_connected)
    assert before == Status(mode="paper", reconnects=3)


def test_a_field_that_is_not_there_is_told() -> None:
    with pytest.raises(TypeError, match="no_such"):
        with_changes(Status(), no_such=1)
