"""Limits in force: the canary of the first live sessions, and what a person may loosen for a while."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import messages as m
from bot.domain.limits import messages as lm
from bot.domain.order import Leg
from bot.domain.types import Side
from bot.risk.limit_book import LIMIT_CEILINGS, LONGEST, LOOSENABLE, LimitBook, is_looser
from bot.risk.limits import RiskLimits
from bot.risk.machine import RiskMachine
from tests.risk.house import LIMITS, NOON, SESSION, approve, connected, fill, idea, one, only, opened, tell

LIVE = replace(
    LIMITS, is_live=True, canary_contracts=(1, 2), canary_sessions=2, max_risk_pct_per_trade=Decimal("0.05")
)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def loosen(
    limit: str,
    value: str,
    at: datetime = NOON,
    until: datetime = NOON + DAY,
    by: str = "ann",
    reason: str = "seen",
) -> lm.LoosenLimit:
    return lm.LoosenLimit(at, limit, Decimal(value), until, reason, by)


def traded(sessions: int) -> list[lm.LiveSessionTraded]:
    days = [NOON - DAY * (1 + number) for number in range(sessions)]
    return [lm.LiveSessionTraded(day, day.date().isoformat()) for day in days]


def live_machine(sessions: int = 0, limits: RiskLimits = LIVE) -> RiskMachine:
    machine = opened(limits)
    for row in traded(sessions):
        machine.remember(row)
    return machine


@pytest.mark.parametrize(("sessions", "most"), [(0, 1), (1, 1), (2, 2), (3, 2), (4, 10)])
def test_the_first_live_sessions_are_traded_at_one_contract_and_then_in_steps(
    sessions: int, most: int
) -> None:
    assert live_machine(sessions).limits.max_contracts_per_order == most


def test_the_size_of_an_order_keeps_to_the_step() -> None:
    assert approve(live_machine()).quantity == 1


def test_paper_and_simulation_have_no_canary() -> None:
    assert approve(opened(replace(LIVE, is_live=False))).quantity > 1


def test_a_session_counts_once_and_only_when_something_was_bought() -> None:
    machine = live_machine()
    bracket = approve(machine)

    said = tell(
        machine,
        fill(bracket, Side.BUY, NOON, Leg.ENTRY, "a.01"),
        fill(bracket, Side.BUY, NOON, Leg.ENTRY, "b.01"),
        fill(bracket, Side.SELL, NOON, Leg.TARGET, "c.01"),
    )

    assert only(said, lm.LiveSessionTraded) == [lm.LiveSessionTraded(NOON, "2024-03-11")]


def test_the_session_of_today_does_not_raise_the_step_of_today() -> None:
    machine = live_machine(1)
    bracket = approve(machine)
    tell(machine, fill(bracket, Side.BUY, NOON, Leg.ENTRY))

    assert machine.limits.max_contracts_per_order == 1
    tell(machine, m.TimePassed(NOON + DAY))
    assert machine.limits.max_contracts_per_order == 2


def test_a_loosened_limit_holds_until_its_hour_and_no_longer() -> None:
    machine = opened()
    row = one(tell(machine, loosen("max_open_positions", "4", until=NOON + HOUR)), lm.LimitLoosened)

    assert (row.was, row.now, row.by, row.reason) == (Decimal(3), Decimal(4), "ann", "seen")
    assert machine.limits.max_open_positions == 4
    said = tell(machine, m.TimePassed(NOON + HOUR))
    assert machine.limits.max_open_positions == 3
    assert one(said, lm.LimitsChanged).loosened == ()


def test_a_loosened_limit_survives_a_restart_and_a_canary_can_be_loosened_too() -> None:
    row = one(tell(live_machine(), loosen("canary_contracts", "3")), lm.LimitLoosened)
    machine = live_machine()
    machine.remember(row)

    assert (row.was, machine.limits.max_contracts_per_order) == (Decimal(1), 3)


@pytest.mark.parametrize(
    ("order", "word"),
    [
        (loosen("max_open_positions", "4", by=" "), "name"),
        (loosen("max_open_positions", "4", reason=""), "reason"),
        (loosen("max_open_positions", "4", until=NOON), "later"),
        (loosen("max_open_positions", "4", until=NOON + LONGEST + DAY), "92 days"),
        (loosen("max_open_positions", "2"), "not looser than 3"),
        (loosen("max_open_positions", "3.5"), "whole number"),
        (loosen("max_daily_loss_pct", "0.9"), "ceiling of 0.20"),
        (loosen("max_daily_loss_pct", "NaN"), "a number"),
        (loosen("max_daily_loss_pct", "sNaN"), "a number"),
        (loosen("max_orders_per_day", "1E+999999"), "1,000,000,000"),
        (loosen("max_orders_per_day", "0E+999999"), "1,000,000,000"),
        (loosen("max_notional_per_day_usd", "1000000001"), "1,000,000,000"),
        (loosen("min_equity_usd", "1E-999999"), "9 decimal places"),
        (loosen("require_live_data", "0"), "no such limit"),
        (loosen("canary_contracts", "3"), "no canary"),
    ],
)
def test_a_loosening_that_does_not_hold_says_why(order: lm.LoosenLimit, word: str) -> None:
    machine = opened()
    before = machine.limits

    assert word in one(tell(machine, order), lm.LooseningRefused).why
    assert machine.limits == before


def test_looser_settings_alone_loosen_nothing_in_a_live_bot() -> None:
    held = one(tell(RiskMachine(LIVE, SESSION), connected()), lm.LimitsHeld)
    wider = RiskMachine(replace(LIVE, max_open_positions=9, cooldown_after_loss_minutes=0), SESSION)
    wider.remember(held)
    said = tell(wider, connected())

    assert (wider.limits.max_open_positions, wider.limits.cooldown_after_loss_minutes) == (3, 5)
    assert set(one(said, lm.LimitsChanged).held_back) == {"max_open_positions", "cooldown_after_loss_minutes"}
    assert only(said, lm.LimitsHeld) == []
    tell(wider, loosen("max_open_positions", "9"))
    assert wider.limits.max_open_positions == 9


def test_tighter_settings_are_held_from_then_on() -> None:
    machine = RiskMachine(replace(LIVE, max_open_positions=1), SESSION)
    machine.remember(lm.LimitsHeld(NOON, {"max_open_positions": "3"}))

    assert one(tell(machine, connected()), lm.LimitsHeld).limits["max_open_positions"] == "1"


def test_a_bot_that_does_not_trade_live_says_nothing_of_limits() -> None:
    said = tell(opened(), idea(), m.TimePassed(NOON + DAY))

    assert not any(isinstance(message, lm.LimitsChanged | lm.LimitsHeld) for message in said)


def test_what_a_live_bot_was_held_to_holds_no_paper_bot_after_it() -> None:
    machine = opened(replace(LIVE, is_live=False))
    machine.remember(lm.LimitsHeld(NOON, {"max_open_positions": "1"}))

    assert machine.limits.max_open_positions == LIVE.max_open_positions


def test_a_loosened_limit_that_this_build_does_not_know_is_passed_over() -> None:
    machine = live_machine()
    machine.remember(
        lm.LimitLoosened(NOON, "max_moons", Decimal(1), Decimal(2), NOON + DAY, "of another build", "ann")
    )

    assert machine.limits.max_open_positions == LIVE.max_open_positions


def test_a_loosened_limit_that_nothing_can_be_counted_with_is_passed_over_in_an_old_journal() -> None:
    machine = opened()
    machine.remember(
        lm.LimitLoosened(NOON, "max_orders_per_day", Decimal(1), Decimal("1E+999999"), NOON + DAY, "x", "ann")
    )

    assert machine.limits.max_orders_per_day == LIMITS.max_orders_per_day


LIMIT = st.sampled_from(LOOSENABLE)
VALUE = st.decimals("-1", "40000", places=2)
WHEN = st.integers(-3 * 24, 100 * 24).map(lambda hours: NOON + timedelta(hours=hours))
WORDS = st.sampled_from(["", " ", "ann"])
ORDER = st.builds(lm.LoosenLimit, st.just(NOON), LIMIT, VALUE, WHEN, WORDS, WORDS)


@given(st.lists(ORDER, max_size=12), st.integers(0, 6), WHEN)
def test_no_limit_is_ever_looser_than_the_tightest_settings_without_a_signed_row_that_still_runs(
    orders: list[lm.LoosenLimit], sessions: int, at: datetime
) -> None:
    book = LimitBook(LIVE)
    for day in traded(sessions):
        book.count(day)
    rows = []
    for order in orders:
        for said in book.obey(order, NOON):
            if isinstance(said, lm.LimitLoosened):
                book.loosen(said)
                rows.append(said)
    force, canary = book.in_force(at), book.canary_contracts(at)
    signed = {row.limit: row for row in rows if at < row.until and row.by.strip() and row.reason.strip()}

    for name in set(LOOSENABLE) - {"canary_contracts"}:
        value = Decimal(getattr(force, name))
        if is_looser(name, value, Decimal(getattr(LIVE, name))):
            assert value == signed[name].now <= LIMIT_CEILINGS.get(name, value)
    if canary is not None and force.max_contracts_per_order > canary:
        assert force.max_contracts_per_order <= signed["canary_contracts"].now
    assert all(row.until - NOON <= LONGEST for row in rows)
