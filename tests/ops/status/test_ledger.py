"""One model of profit and loss, whatever the order in which fills and commissions are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.types import Side
from bot.ops.status.ledger import DayLedger, DayPnl, day_pnl
from tests.journal.makers import ADOPTED, BAR_END, CALL, CLOSED, ENTRY, ENTRY_FEE, EXIT, IDEA, PLACED

PRICES = st.decimals(min_value=Decimal("0.05"), max_value=5, places=2)


def _fill(number: int, leg: str, side: Side, quantity: int, price: Decimal) -> m.FillBooked:
    fill = replace(
        ENTRY.fill, exec_id=f"e.{number}.01", order_ref=f"{IDEA}/{leg}", side=side, quantity=quantity, price=price
    )  # fmt: skip
    return m.FillBooked(fill)


@st.composite
def lives(draw: st.DrawFn) -> tuple[list[m.FillBooked], list[b.CommissionCharged]]:
    """Fills of one bracket, entries before exits, never more sold than bought; a commission for each."""
    bought = draw(st.lists(st.tuples(st.integers(1, 4), PRICES), min_size=1, max_size=4))
    fills = [_fill(n, "entry", Side.BUY, q, price) for n, (q, price) in enumerate(bought)]
    left = sum(fill.fill.quantity for fill in fills)
    for n in range(draw(st.integers(0, 4))):
        if left:
            quantity = draw(st.integers(1, left))
            leg = draw(st.sampled_from(["target", "stop", "flatten-2"]))
            fills.append(_fill(100 + n, leg, Side.SELL, quantity, draw(PRICES)))
            left -= quantity
    charges = [
        b.CommissionCharged(x.fill.exec_id, x.fill.order_ref, Decimal("0.65") * x.fill.quantity, "USD")
        for x in fills
    ]
    return fills, charges


@given(lives(), PRICES, st.randoms(use_true_random=False))
def test_the_day_is_the_cash_that_moved_plus_what_is_held_at_the_bid(
    life: tuple[list[m.FillBooked], list[b.CommissionCharged]], bid: Decimal, random: object
) -> None:
    fills, charges = life
    told = [*fills, *charges, *charges]  # the broker repeats its reports
    random.shuffle(told)  # type: ignore[attr-defined]
    ledger = DayLedger()
    for message in (PLACED, *told):
        ledger.handle(message)
    pnl = day_pnl(ledger.trades, lambda _: bid)
    cash = sum(-x.fill.signed_quantity * x.fill.price * 100 for x in fills)
    held = sum(x.fill.signed_quantity for x in fills)
    fees = sum(charge.amount for charge in charges)
    assert pnl.fees == fees
    assert pnl.net is not None
    assert abs(pnl.net - (cash + held * bid * 100 - fees)) < Decimal("0.000001")


def test_a_closed_trade_counts_as_its_end_says() -> None:
    ledger = DayLedger()
    for message in (PLACED, ENTRY, ENTRY_FEE, EXIT, CLOSED):
        ledger.handle(message)
    pnl = day_pnl(ledger.trades, lambda _: None)
    assert (pnl.realized, pnl.unrealized, pnl.fees, pnl.net) == (
        Decimal("75.00"),
        Decimal(0),
        Decimal("3.90"),
        Decimal("71.10"),
    )


def test_a_position_without_a_bid_makes_the_day_unknown_and_not_zero() -> None:
    ledger = DayLedger()
    for message in (PLACED, ENTRY):
        ledger.handle(message)
    pnl = day_pnl(ledger.trades, lambda _: None)
    assert (pnl.unrealized, pnl.net) == (None, None)


def test_a_corrected_execution_takes_the_place_of_the_first() -> None:
    ledger = DayLedger()
    better = m.FillBooked(replace(ENTRY.fill, exec_id="e.1.02", price=Decimal("0.75")), replaces="e.1.01")
    for message in (PLACED, ENTRY, better):
        ledger.handle(message)
    (trade,) = ledger.trades
    assert (trade.held, trade.entry_price, trade.cost) == (3, Decimal("0.75"), Decimal("225.00"))


def test_a_bracket_that_was_taken_over_is_priced_like_one_of_our_own() -> None:
    ledger = DayLedger()
    for message in (ADOPTED, ENTRY):
        ledger.handle(message)
    assert day_pnl(ledger.trades, lambda _: Decimal("0.89")).net == Decimal("30.00")


def test_only_what_closed_on_the_day_or_is_still_open_counts_on_it() -> None:
    ledger = DayLedger()
    for message in (PLACED, ENTRY, EXIT, CLOSED):
        ledger.handle(message)
    other = replace(PLACED, idea_id="SPY-20110105T1600-scalp", contract=CALL)
    fill = m.FillBooked(replace(ENTRY.fill, exec_id="e.9.01", order_ref=f"{other.idea_id}/entry"))
    for message in (other, fill):
        ledger.handle(message)
    today = BAR_END.date()
    assert len(ledger.of_day(today)) == 2
    tomorrow = today + timedelta(days=1)
    assert [x.plan.idea_id for x in ledger.of_day(tomorrow)] == [other.idea_id]
    ledger.forget_before(tomorrow)
    assert [x.plan.idea_id for x in ledger.trades] == [other.idea_id]
    assert ledger.is_charged("e.9.01") is False


def test_nothing_traded_is_a_result_of_zero() -> None:
    assert day_pnl((), lambda _: None) == DayPnl()
    assert DayPnl().net == 0
