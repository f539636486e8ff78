"""What a combination costs and what a fill of one is made of: its legs always add up."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.types import SecType, Side
from bot.sim.exchange.combos import Combo, ComboLeg, combo_book, consists_of, leg_fills, parts
from bot.sim.market.quotes import TopOfBook
from tests.sim.pit import CALL_ID, CONTRACTS, STOCK_ID

_CENTS = st.integers(1, 50_000).map(lambda n: Decimal(n) / 100)


@st.composite
def quotes(draw: st.DrawFn) -> TopOfBook:
    bid, spread = draw(_CENTS), draw(st.integers(1, 50))
    return TopOfBook(
        bid, bid + Decimal(spread) / 100, draw(st.integers(1, 90)), draw(st.integers(1, 90)), None
    )


@st.composite
def combos(draw: st.DrawFn) -> tuple[Combo, dict[int, TopOfBook]]:
    sides = st.sampled_from(Side)
    legs = [
        ComboLeg(replace(CONTRACTS[CALL_ID], con_id=n), draw(sides), draw(st.sampled_from([1, 1, 2, 5])))
        for n in range(1, draw(st.integers(2, 4)) + 1)
    ]
    if draw(st.booleans()):
        legs[0] = ComboLeg(CONTRACTS[STOCK_ID], legs[0].side, 100)
    combo = Combo(con_id=77, symbol="SPY", sec_type=SecType.OTHER, multiplier=100, legs=tuple(legs))
    return combo, {leg.contract.con_id: draw(quotes()) for leg in legs}


@given(combos(), st.sampled_from(Side), st.integers(1, 9), st.integers(-500, 500))
def test_the_legs_of_a_fill_add_up_to_its_price(
    given_: tuple[Combo, dict[int, TopOfBook]], side: Side, quantity: int, better: int
) -> None:
    combo, books = given_
    natural = combo_book(combo, books.get)
    quoted = natural.ask if side is Side.BUY else natural.bid
    assert quoted is not None
    price = quoted + Decimal(better) / 100

    fills = leg_fills(combo, side, quantity, price, books.get)

    paid = sum(f.side.sign * f.price * f.quantity * f.contract.multiplier for f in fills)
    assert abs(paid - side.sign * price * quantity * combo.multiplier) < Decimal("0.0001")
    assert [f.side.sign * f.quantity for f in fills] == [
        number for _, number in parts(combo, side.sign * quantity)
    ]


@given(combos())
def test_buying_never_costs_less_than_selling_brings(given_: tuple[Combo, dict[int, TopOfBook]]) -> None:
    combo, books = given_
    book = combo_book(combo, books.get)

    assert book.bid is not None
    assert book.ask is not None
    assert book.bid <= book.ask


@given(combos())
def test_a_leg_that_nobody_quotes_leaves_a_side_without_a_price(
    given_: tuple[Combo, dict[int, TopOfBook]],
) -> None:
    combo, books = given_
    leg = combo.legs[0]
    quiet = {**books, leg.contract.con_id: TopOfBook(None, Decimal(1), 0, 5, None)}

    book = combo_book(combo, quiet.get)

    assert (book.bid is None, book.ask is None) == (leg.side is Side.BUY, leg.side is Side.SELL)


def test_a_combination_consists_of_its_legs() -> None:
    call = CONTRACTS[CALL_ID]
    legs = (ComboLeg(CONTRACTS[STOCK_ID], Side.BUY, 100), ComboLeg(call, Side.SELL, 1))
    covered = Combo(con_id=77, symbol="SPY", sec_type=SecType.OTHER, multiplier=100, legs=legs)

    assert consists_of(covered, CALL_ID)
    assert not consists_of(covered, 1)
    assert list(parts(covered, -2)) == [(CONTRACTS[STOCK_ID], -200), (call, 2)]
    assert covered.description == f"{STOCK_ID}|100,{CALL_ID}|-1"
