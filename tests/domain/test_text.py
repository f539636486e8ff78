"""Text from outside, made safe."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.text import MOST, counted, made_safe

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=700)
"""Lone surrogates included."""


@given(ANY_TEXT)
def test_what_is_made_safe_is_one_bounded_printable_line_that_can_be_encoded(text: str) -> None:
    safe = made_safe(text)

    assert len(safe) <= MOST
    assert safe.isprintable()
    safe.encode("utf-8")


@given(st.from_regex(r"[a-z]{1,8}( [a-z]{1,8}){0,5}", fullmatch=True))
def test_ordinary_words_stay_as_they_are(text: str) -> None:
    assert made_safe(text) == text


def test_one_is_counted_as_one_and_all_else_as_many() -> None:
    assert [counted(n, "trade") for n in (0, 1, 2, 1200)] == [
        "0 trades",
        "1 trade",
        "2 trades",
        "1,200 trades",
    ]
    assert counted(1, "row differs", "rows differ") == "1 row differs"
