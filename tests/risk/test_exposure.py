"""Exposure: counted at approval, released at the end, back again when a late fill says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.order import Fill
from bot.domain.position import Position
from bot.domain.types import Side
from bot.risk.exposure import Exposure
from tests.risk.house import (
    CALL,
    LIMITS,
    NOON,
    account,
    approve,
    closed,
    denial,
    fill,
    idea,
    opened,
    tell,
)

TODAY = date(2024, 3, 11)
SOON = NOON + timedelta(minutes=1)
TOMORROW = NOON + timedelta(days=1)


def placed() -> tuple[Exposure, m.PlaceBracket]:
    machine = opened()
    bracket = approve(machine, idea())
    return machine.book.exposure, bracket


def test_an_approval_counts_at_once_and_an_abandoned_entry_no_more() -> None:
    exposure, bracket = placed()
    promised = exposure.at_risk_usd()

    exposure.end(bracket.idea_id)

    assert (promised, exposure.at_risk_usd(), exposure.open()) == (Decimal("88.80"), Decimal(0), [])
    assert exposure.totals(TODAY).orders == 1


def test_a_fill_reported_after_the_abandonment_brings_the_exposure_back() -> None:
    exposure, bracket = placed()
    exposure.end(bracket.idea_id)

    exposure.fill(fill(bracket, Side.BUY, SOON, "entry"))
    reopened = len(exposure.open())
    exposure.fill(fill(bracket, Side.SELL, SOON, "stop"))

    assert (reopened, len(exposure.open())) == (1, 0)


def test_a_corrected_price_of_a_closed_trade_does_not_reopen_it() -> None:
    exposure, bracket = placed()
    for side, leg in ((Side.BUY, "entry"), (Side.SELL, "stop")):
        exposure.fill(fill(bracket, side, SOON, leg, f"{leg}.01"))
    exposure.end(bracket.idea_id)

    correction = fill(bracket, Side.SELL, SOON, "stop", "stop.02")
    exposure.fill(m.FillBooked(correction.fill, replaces="stop.01"))

    assert exposure.open() == []


def test_an_option_that_expired_leaves_no_exposure_behind() -> None:
    exposure, bracket = placed()
    exposure.fill(fill(bracket, Side.BUY, SOON, "entry"))

    exposure.end(closed(bracket, "-400", TOMORROW).idea_id)

    assert exposure.open() == []


def test_buying_and_selling_on_one_day_is_a_day_trade_and_holding_overnight_is_none() -> None:
    quick, quick_bracket = placed()
    patient, patient_bracket = placed()
    for exposure, bracket, sold_at in ((quick, quick_bracket, SOON), (patient, patient_bracket, TOMORROW)):
        exposure.fill(fill(bracket, Side.BUY, SOON, "entry"))
        exposure.fill(fill(bracket, Side.SELL, sold_at, "stop"))
        exposure.end(bracket.idea_id)

    assert quick.day_trades_since(TODAY, TODAY) == 1
    assert patient.day_trades_since(TODAY, TOMORROW.date()) == 0
    assert quick.day_trades_since(TOMORROW.date(), TOMORROW.date()) == 0


def test_a_bracket_of_today_counts_as_the_day_trade_it_may_become() -> None:
    exposure, _ = placed()

    assert exposure.day_trades_since(TODAY, TODAY) == 1
    assert exposure.day_trades_since(TODAY, TOMORROW.date()) == 0


def test_account_figures_newer_than_the_fill_have_seen_its_cost() -> None:
    exposure, bracket = placed()
    before = exposure.unseen_by_account_usd(NOON)
    exposure.fill(fill(bracket, Side.BUY, SOON, "entry"))

    assert before == exposure.unseen_by_account_usd(NOON) == Decimal(400)
    assert exposure.unseen_by_account_usd(SOON) == 0


def test_a_bracket_taken_over_counts_once_and_leaves_the_totals_of_a_later_day_alone() -> None:
    exposure, bracket = placed()
    found = replace(bracket, idea_id="SPY-20240308T1501-whale", at=bracket.at - timedelta(days=3))

    for _ in range(2):
        exposure.adopt(bracket)
        exposure.adopt(found)

    assert [one.idea_id for one in exposure.open()] == [bracket.idea_id, found.idea_id]
    assert (exposure.totals(TODAY).orders, exposure.approvals_since(SOON, timedelta(days=9))) == (1, 2)


def test_a_strangers_fill_is_nobodys_exposure() -> None:
    exposure, bracket = placed()
    stranger = fill(bracket, Side.BUY, SOON, "entry")
    manual = m.FillBooked(replace(stranger.fill, order_ref=""))

    exposure.fill(manual)

    assert exposure.unseen_by_account_usd(SOON) == Decimal(400)


def two_bots(*, ref: str = "SPY-20240311T1500-scalp/entry@8", quantity: int = 45) -> b.SnapshotTaken:
    """The account as the broker shows it: ``quantity`` of another contract, bought today under this reference."""
    contract = replace(CALL, con_id=303)
    bought = Fill(
        exec_id="x.1.01",
        order_ref=ref,
        perm_id=9,
        contract=contract,
        side=Side.BUY,
        quantity=quantity,
        price=Decimal("1.00"),
        at=NOON,
        client_id=8,
    )
    held = Position(contract, quantity, Decimal(100))
    snapshot = b.Snapshot(at=NOON, account=account().values, fills=(bought,), positions=(held,))
    return b.SnapshotTaken(snapshot, "routine", NOON)


def test_another_bots_position_takes_one_of_the_accounts_places() -> None:
    machine = opened(replace(LIMITS, max_open_positions=1))
    tell(machine, two_bots())

    denied = denial(machine)

    assert (denied.code, denied.numbers["open"]) == ("EXPOSURE_MAX_POSITIONS", "1")


def test_what_another_bot_bought_today_counts_to_the_days_limits() -> None:
    machine = opened(replace(LIMITS, max_contracts_per_day=45))
    tell(machine, two_bots())

    assert denial(machine).code == "DAY_CONTRACTS_REACHED"
    assert machine.book.exposure.notional_usd() == 4500


def test_what_the_owner_holds_by_hand_is_no_bots_exposure() -> None:
    machine = opened(replace(LIMITS, max_open_positions=1))
    tell(machine, two_bots(ref=""))

    assert approve(machine).quantity > 0
