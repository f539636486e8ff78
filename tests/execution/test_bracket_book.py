"""Which contracts' quotes matter to the watcher, asked for every quote: as if each bracket were looked at."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.execution.bracket_book import BracketBook
from tests.execution.line import CALL, START, bracket

IDEAS, CONTRACTS = 6, 3


@given(st.lists(st.tuples(st.sampled_from(("plan", "watch", "unwatch")), st.integers(0, IDEAS - 1))))
def test_a_contract_is_held_as_long_as_any_bracket_of_it_is_watched(words: list[tuple[str, int]]) -> None:
    book = BracketBook()
    for word, number in words:
        idea_id = f"SPY-{number}"
        if word == "plan":
            book.plan(bracket(idea_id, contract=replace(CALL, con_id=number % CONTRACTS), at=START))
        elif word == "watch":
            book.watch(idea_id)
        else:
            book.unwatch(idea_id)

        watched = {x.place.contract.con_id for x in book.watched()}
        assert {con_id for con_id in range(CONTRACTS) if book.holds(con_id)} == watched
