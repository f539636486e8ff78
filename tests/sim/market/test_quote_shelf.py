"""A quote that was made before is the quote that would be made now."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.backtest.feed.stretches import synthetic_tape
from bot.domain.session import session_on
from bot.sim.market.catalog import underlying
from bot.sim.market.market import Market
from bot.sim.market.option_market import OptionQuote
from bot.sim.market.quote_shelf import QuoteShelf

DAYS = (date(2025, 1, 2), date(2025, 1, 3))
SHELF = QuoteShelf[OptionQuote](50_000)


def market(day: date, seed: int, spread: float, shelf: QuoteShelf[OptionQuote] | None) -> Market:
    session = session_on(day)
    assert session is not None
    tape = synthetic_tape("SPY", DAYS[0], seed)
    found = Market(
        [(underlying("SPY"), tape)], start=session.open, seed=seed, spread_factor=spread, shelf=shelf
    )
    found.leap(session.open + timedelta(minutes=3))
    return found


@settings(max_examples=25, deadline=None)
@given(
    day=st.sampled_from(DAYS), seed=st.integers(1, 3), spread=st.sampled_from((0.5, 1.0, 2.0)),
    minute=st.integers(3, 388), step=st.integers(0, 3),
)  # fmt: skip
def test_with_a_shelf_of_all_examples_before_each_book_is_the_same(
    day: date, seed: int, spread: float, minute: int, step: int
) -> None:
    fresh, shelved = market(day, seed, spread, None), market(day, seed, spread, SHELF)
    contracts = fresh.contracts.series("SPY", day)

    near = contracts[len(contracts) // 2 - 12 : len(contracts) // 2 + 12]
    books = [fresh.book_ahead(contract, minute, step) for contract in near]

    assert len(near) == 24
    assert None not in books
    assert [shelved.book_ahead(contract, minute, step) for contract in near] == books
    assert [shelved.book_ahead(contract, minute, step) for contract in near] == books


def test_a_full_shelf_keeps_what_it_has() -> None:
    shelf = QuoteShelf[str](2)
    day = shelf.series("a contract", "a day")

    for minute in range(4):
        shelf.put(day, 1.0, minute, f"{minute}")

    assert shelf.series("a contract", "a day") == {(1.0, 0): "0", (1.0, 1): "1"}
    assert shelf.series("a contract", "another day") == {}
