"""A long run of plain fields is recognised when it says what it said last, and only then."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.wire import RemoteProtocolError
from bot.wire.fields import INT0, STR
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
