"""What is not read from a found bracket's own orders comes from its strategy's terms, as of the bar that fired."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bot.domain.idea import Idea
from bot.domain.reconciling.adopt import Planned
from bot.risk.adoption import plan_of
from bot.risk.limits import RiskLimits, SessionRules
from tests.journal.makers import CALL
from tests.risk.house import TERMS

AT = datetime(2011, 1, 5, 15, 31, tzinfo=UTC)


def plan(strategy: str, entry: str = "0.80") -> Planned | None:
    contract = replace(CALL, expiry=AT.date() + timedelta(days=9))
    return plan_of(
        RiskLimits(strategies=TERMS), SessionRules(), Idea("SPY", AT, strategy), contract, Decimal(entry)
    )


def test_a_scalp_is_ended_an_hour_after_its_bar() -> None:
    assert plan("scalp") == Planned(
        target=Decimal("1.04"),
        stop=Decimal("0.64"),
        enter_by=AT + timedelta(seconds=45),
        close_by=AT + timedelta(hours=1),
        close_reason="time_stop",
    )


def test_a_whale_is_ended_five_days_after_its_bar() -> None:
    found = plan("whale")
    assert found is not None
    assert found.close_by == AT + timedelta(days=5)


def test_the_cheapest_option_still_has_a_stop_and_a_target() -> None:
    found = plan("scalp", "0.01")
    assert found is not None
    assert found.stop == Decimal("0.01")
    assert found.target == Decimal("0.02")


def test_a_strategy_that_is_not_ours_has_no_plan() -> None:
    assert plan("martingale") is None
