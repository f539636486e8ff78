"""What positions tie up together: shares and options that cover short options, and what stays uncovered."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.types import Right
from bot.sim.exchange.margin import Lot, Naked, margin, naked, requirement
from tests.sim.pit import CALL_ID, CONTRACTS, STOCK_ID

_STOCK, _CALL = CONTRACTS[STOCK_ID], CONTRACTS[CALL_ID]
_SPOT = Decimal(50)


def lot(quantity: int, strike: int | None = None, right: Right = Right.CALL, month: int = 2) -> Lot:
    """Shares without a strike, else options that expire on the 18th."""
    if strike is None:
        return Lot(_STOCK, quantity, _SPOT, _SPOT)
    contract = replace(_CALL, strike=Decimal(strike), right=right, expiry=date(2011, month, 18))
    return Lot(contract, quantity, Decimal(2), _SPOT)


def initial(*lots: Lot) -> Decimal:
    return margin(lots).initial


def test_a_covered_call_ties_up_the_shares_and_what_it_is_in_the_money() -> None:
    assert initial(lot(100), lot(-1, 55)) == Decimal(2_500)
    assert initial(lot(100), lot(-1, 47)) == Decimal(2_500 + 300)


def test_a_vertical_ties_up_its_width_where_it_can_lose_it() -> None:
    assert initial(lot(-2, 45, Right.PUT), lot(2, 40, Right.PUT)) == Decimal(1_000)
    assert initial(lot(2, 45, Right.PUT), lot(-2, 40, Right.PUT)) == 0
    assert initial(lot(-1, 55), lot(1, 60)) == Decimal(500)


def test_an_iron_condor_ties_up_one_side() -> None:
    condor = [lot(-1, 45, Right.PUT), lot(1, 40, Right.PUT), lot(-1, 55), lot(1, 62)]

    assert initial(*condor) == Decimal(700)


def test_two_sides_that_lose_at_one_price_tie_up_both() -> None:
    crossed = [lot(-1, 42, Right.PUT), lot(1, 40, Right.PUT), lot(-2, 40), lot(2, 41)]

    assert initial(*crossed) == Decimal(300)


def test_a_butterfly_or_condor_that_is_paid_for_ties_up_nothing_and_one_that_is_sold_its_wing() -> None:
    butterfly = [lot(1, 45), lot(-2, 50), lot(1, 55)]
    condor = [lot(1, 45, Right.PUT), lot(-1, 47, Right.PUT), lot(-1, 50, Right.PUT), lot(1, 52, Right.PUT)]

    assert initial(*butterfly) == initial(*condor) == 0
    assert initial(*(replace(one, quantity=-one.quantity) for one in butterfly)) == Decimal(500)
    assert initial(lot(1, 45), lot(-2, 50), lot(1, 57)) == Decimal(200)


def test_a_long_option_that_expires_first_covers_nothing() -> None:
    assert naked([lot(-1, 55, month=3), lot(1, 50, month=2)]) == Naked(calls=1)
    assert naked([lot(-1, 55, month=2), lot(1, 50, month=3)]) == Naked()


def test_what_shares_do_not_cover_is_naked() -> None:
    assert naked([lot(250), lot(-3, 55)]) == Naked(calls=1)


_LOTS = st.lists(
    st.builds(lot, st.integers(-4, 4), st.integers(40, 60), st.sampled_from(Right), st.sampled_from([2, 3])),
    max_size=6,
    unique_by=lambda one: (one.contract.strike, one.contract.right, one.contract.expiry),
)


@given(_LOTS, st.integers(0, 4))
def test_pairs_never_ask_for_more_shorts_than_there_are_nor_free_a_naked_one(
    lots: list[Lot], hundreds: int
) -> None:
    short = sum(-one.quantity for one in lots if one.quantity < 0)
    bare = naked(lots)

    assert 0 <= bare.calls + bare.puts <= short
    assert naked([*lots, lot(100 * hundreds)]).calls >= bare.calls - hundreds
    assert margin(lots).initial >= 0


@given(_LOTS)
def test_a_loss_at_expiry_is_never_more_than_is_tied_up_for_pairs(lots: list[Lot]) -> None:
    if naked(lots) != Naked():
        return
    tied = margin(lots).initial
    for spot in range(120):
        worth = sum(
            one.quantity * 100 * max(0, (spot - s if one.contract.right is Right.CALL else s - spot))
            for one in lots
            if (s := int(one.contract.strike or 0))
        )
        assert worth >= -tied


def test_alone_a_position_ties_up_what_it_did() -> None:
    for one in (lot(100), lot(-100), lot(-1, 55), lot(3, 55)):
        alone = requirement(one.contract, one.quantity, one.mark, one.underlying)
        assert margin([one]) == alone
