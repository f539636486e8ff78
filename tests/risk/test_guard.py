"""Breakers and the latch: what halts, what stays halted, and what a person may lift."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.types import TradingState
from bot.risk.breakers import HaltCause
from bot.risk.denials import DenialCode
from bot.risk.machine import RiskMachine
from tests.risk.house import (
    LIMITS,
    NOON,
    SESSION,
    account,
    approve,
    closed,
    connected,
    denial,
    idea,
    one,
    only,
    opened,
    put,
    reconciled,
    round_trip,
    tell,
)

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def resume(at: datetime = NOON) -> m.ResumeTrading:
    return m.ResumeTrading(at, "looked into it", "ann")


def state(machine: RiskMachine) -> TradingState:
    return machine.book.latch.state(machine.book.conditions.reducing)[0]


def causes(machine: RiskMachine) -> list[str]:
    return list(machine.book.latch.causes)


def test_before_the_first_reconciliation_the_state_is_reducing() -> None:
    machine = RiskMachine(LIMITS, SESSION)

    said = one(tell(machine, m.TimePassed(NOON)), m.TradingStateChanged)

    assert (said.state, said.causes) == (TradingState.REDUCING, ("not_connected", "not_reconciled"))


def test_a_state_is_said_once_and_again_only_when_it_changes() -> None:
    machine = RiskMachine(LIMITS, SESSION)

    said = tell(machine, connected(), m.TimePassed(NOON), reconciled(), m.TimePassed(NOON + MINUTE))

    states = [(x.state, x.causes) for x in only(said, m.TradingStateChanged)]
    assert states == [(TradingState.REDUCING, ("not_reconciled",)), (TradingState.ACTIVE, ())]


def test_a_reconnect_must_be_reconciled_again() -> None:
    machine = opened()

    tell(machine, b.BrokerDisconnected(NOON, "reset"), connected())
    reducing = state(machine)
    tell(machine, reconciled())

    assert (reducing, state(machine)) == (TradingState.REDUCING, TradingState.ACTIVE)


def test_a_lost_server_link_asks_for_a_new_reconciliation_and_a_lost_farm_does_not() -> None:
    server, farm = opened(), opened()
    for machine, part, code in ((server, "ib", 1100), (farm, "usopt", 2103)):
        tell(machine, b.LinkChanged(NOON, part, up=False, data_lost=False, code=code))
        tell(machine, b.LinkChanged(NOON, part, up=True, data_lost=False, code=1102))

    assert denial(server).code == "STATE_NOT_RECONCILED"
    assert approve(farm)


@pytest.mark.parametrize("equity", [None, "NaN", "Infinity", "0", "-5"])
def test_an_equity_that_is_no_number_halts_and_cannot_be_resumed_until_it_is(equity: str | None) -> None:
    machine = opened()

    halted = one(tell(machine, account(equity)), m.Halted)
    still = one(tell(machine, resume()), m.Resumed)
    after_resume = causes(machine)
    tell(machine, account(), resume())

    assert halted.cause == still.cause == HaltCause.EQUITY_MISSING
    assert after_resume == [HaltCause.EQUITY_MISSING]
    assert state(machine) is TradingState.ACTIVE


def test_the_day_is_opened_once_by_the_first_equity_heard_in_it() -> None:
    machine = RiskMachine(LIMITS, SESSION)

    said = tell(
        machine,
        account("10000"),
        account("9900", NOON + MINUTE),
        account("9800", NOON + DAY),
        account("9700", NOON + DAY + MINUTE),
    )

    days = [(x.day, x.equity) for x in only(said, m.DayOpened)]
    assert days == [("2024-03-11", Decimal(10_000)), ("2024-03-12", Decimal(9800))]


def test_equity_is_marked_once_a_minute_and_at_new_extremes() -> None:
    machine = RiskMachine(LIMITS, SESSION)
    steps = [("10000", 0), ("10000", 10), ("10001", 20), ("9999", 30), ("10000", 40), ("10000", 95)]

    said = tell(machine, *(account(equity, NOON + timedelta(seconds=s)) for equity, s in steps))

    marks = [(mark.equity, mark.day_pnl, mark.peak) for mark in only(said, m.EquityMarked)]
    assert marks == [
        (Decimal(10_000), Decimal(0), Decimal(10_000)),
        (Decimal(10_001), Decimal(1), Decimal(10_001)),
        (Decimal(9_999), Decimal(-1), Decimal(10_001)),
        (Decimal(10_000), Decimal(0), Decimal(10_001)),
    ]


def test_the_daily_loss_halts_once_and_stands_until_the_day_is_over() -> None:
    machine = opened()

    halted = one(tell(machine, account("9500")), m.Halted)
    again = only(tell(machine, account("9400", NOON + MINUTE)), m.Halted)
    tell(machine, resume(NOON + MINUTE))
    same_day = causes(machine)
    tell(machine, account("9400", NOON + DAY), resume(NOON + DAY))

    assert (halted.cause, halted.by, again) == (HaltCause.DAILY_LOSS, "risk", [])
    assert same_day == [HaltCause.DAILY_LOSS]
    assert state(machine) is TradingState.ACTIVE


def test_the_daily_loss_may_lift_itself_the_next_day_if_so_configured() -> None:
    patient = opened()
    eager = opened(replace(LIMITS, daily_loss_resumes_next_day=True))
    for machine in (patient, eager):
        tell(machine, account("9500"), account("9500", NOON + DAY))

    assert causes(patient) == [HaltCause.DAILY_LOSS]
    assert causes(eager) == []


def five_losses(*, resumes_next_day: bool = True) -> tuple[RiskMachine, list[m.Message]]:
    limits = replace(LIMITS, cooldown_after_loss_minutes=0, loss_streak_resumes_next_day=resumes_next_day)
    machine = opened(limits)
    said: list[m.Message] = []
    for n in range(5):
        said += round_trip(machine, idea(NOON + timedelta(minutes=2 * n), idea_id=f"i{n}"), "-1")
    return machine, said


def test_five_losing_trades_pause_entries_until_the_next_trading_day() -> None:
    machine, said = five_losses()
    patient, _ = five_losses(resumes_next_day=False)

    halted = one(said, m.Halted)
    assert (halted.cause, denial(machine, put(NOON + timedelta(minutes=12))).code) == (
        HaltCause.LOSS_STREAK,
        DenialCode.STATE_HALTED,
    )
    assert "next trading day" in halted.detail
    lifted = one(tell(machine, account(at=NOON + DAY)), m.Resumed)
    tell(patient, account(at=NOON + DAY))
    assert (lifted.cause, lifted.by, machine.book.losses.streak) == (HaltCause.LOSS_STREAK, "risk", 0)
    assert causes(patient) == [HaltCause.LOSS_STREAK]


def test_after_five_losing_trades_a_person_may_resume_at_once_and_the_count_begins_again() -> None:
    machine, _ = five_losses()
    later = NOON + timedelta(minutes=12)
    tell(machine, resume(later), account(at=later))
    assert approve(machine, put(later))


def test_a_win_ends_a_streak_and_a_corrected_close_counts_once() -> None:
    machine = opened(replace(LIMITS, cooldown_after_loss_minutes=0))
    bracket = approve(machine)
    round_trip(machine, put(), "-1")
    losses = machine.book.losses

    for pnl in ("-1", "-2", "5"):
        losses.close(closed(bracket, pnl, NOON + MINUTE))

    assert losses.streak == 0


def test_a_slow_bleed_over_days_halts_by_drawdown_from_the_peak() -> None:
    machine = RiskMachine(replace(LIMITS, max_daily_loss_pct=Decimal("0.05")), SESSION)
    said: list[m.Message] = []
    for n, equity in enumerate(("10000", "9600", "9300", "8900", "8500")):
        said += tell(machine, account(equity, NOON + n * DAY))

    halted = one(said, m.Halted)
    assert halted.cause == HaltCause.DRAWDOWN
    assert "peak of 10000" in halted.detail


def test_a_peak_older_than_the_window_is_forgotten() -> None:
    machine = RiskMachine(replace(LIMITS, drawdown_sessions=2), SESSION)

    tell(machine, account("10000"), account("9700", NOON + DAY), account("8400", NOON + 2 * DAY))

    assert HaltCause.DRAWDOWN not in causes(machine)


def test_resuming_a_drawdown_measures_from_there() -> None:
    machine = opened()
    tell(machine, account("8000"))
    later = NOON + DAY
    tell(machine, account("8000", later), resume(later), account("7900", later + MINUTE))

    assert causes(machine) == []


def test_one_refused_idea_counts_once_whatever_is_said_of_its_children() -> None:
    machine = opened()
    for leg, code in (("entry", 201), ("target", 135), ("stop", 135), ("flatten-1", 201)):
        tell(machine, b.OrderRefused(f"x/{leg}", code, "as IB words it", NOON))

    assert causes(machine) == []


def test_three_refusals_in_ten_minutes_halt_and_spread_out_ones_do_not() -> None:
    storm, drizzle = opened(), opened()
    for machine, gap in ((storm, MINUTE), (drizzle, timedelta(minutes=6))):
        for n in range(3):
            tell(machine, b.OrderRefused(f"x{n}/entry", 201, "Order rejected", NOON + n * gap))

    assert (causes(storm), causes(drizzle)) == ([HaltCause.ORDER_REFUSED_STORM], [])
