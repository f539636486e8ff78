"""Sizes: the formula, the caps, and what holds for every account."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.risk.denials import DenialCode
from bot.risk.limits import RiskLimits
from bot.risk.sizing import contracts_at_risk, smallest, whole_contracts
from tests.risk.house import LIMITS, account, approve, denial, idea, opened, put, tell

money = st.decimals(Decimal("0.01"), Decimal(1_000_000), places=2)
part = st.decimals(Decimal("0.001"), Decimal("0.5"), places=3)
factor = st.decimals(Decimal(0), Decimal(3), places=2)


def test_the_size_is_equity_times_risk_over_premium_times_stop_times_multiplier() -> None:
    sized = contracts_at_risk(
        Decimal(10_000), Decimal("0.01"), Decimal(1), Decimal("2.00"), Decimal("0.2"), 100
    )

    assert sized == 2  # 100 USD at 40 USD a contract


def test_half_the_size_factor_halves_the_budget_and_may_leave_nothing() -> None:
    half = contracts_at_risk(
        Decimal(10_000), Decimal("0.01"), Decimal("0.5"), Decimal("2.00"), Decimal("0.2"), 100
    )
    quarter = contracts_at_risk(
        Decimal(10_000), Decimal("0.01"), Decimal("0.25"), Decimal(2), Decimal("0.2"), 100
    )

    assert (half, quarter) == (1, 0)


@given(money, part, factor, money, part, st.sampled_from([1, 10, 100]))
def test_the_stops_together_never_risk_more_than_the_limit(
    equity: Decimal, risk: Decimal, size_factor: Decimal, premium: Decimal, stop: Decimal, multiplier: int
) -> None:
    contracts = contracts_at_risk(equity, risk, size_factor, premium, stop, multiplier)
    each = premium * stop * multiplier

    assert contracts * each <= equity * risk
    assert size_factor < 1 or (contracts + 1) * each > equity * risk


@given(money, money, part, part, money)
def test_more_equity_never_buys_fewer_and_a_dearer_option_never_more(
    equity: Decimal, more: Decimal, risk: Decimal, stop: Decimal, premium: Decimal
) -> None:
    def contracts(equity: Decimal, premium: Decimal) -> int:
        return contracts_at_risk(equity, risk, Decimal(1), premium, stop, 100)

    assert contracts(equity, premium) <= contracts(equity + more, premium)
    assert contracts(equity, premium + more) <= contracts(equity, premium)


@given(st.decimals(Decimal(-1000), Decimal(1000), places=2), money)
def test_whole_parts_of_a_budget_never_exceed_it(budget: Decimal, each: Decimal) -> None:
    assert 0 <= whole_contracts(budget, each) * each <= max(budget, Decimal(0))


@given(st.dictionaries(st.sampled_from(DenialCode), st.integers(-5, 50), min_size=1))
def test_the_smallest_cap_binds_and_no_size_is_negative(caps: dict[DenialCode, int]) -> None:
    sized = smallest(caps)

    assert sized.quantity == max(0, min(caps.values()))
    assert caps[sized.binding] == min(caps.values())


@settings(max_examples=60)
@given(
    st.decimals(Decimal(500), Decimal(200_000), places=2),
    st.integers(20, 2000).map(lambda cents: Decimal(cents) / 100),
    st.decimals(Decimal("0.002"), Decimal("0.05"), places=3),
)
def test_an_approved_bracket_never_risks_or_costs_more_than_any_limit(
    equity: Decimal, ask: Decimal, risk: Decimal
) -> None:
    limits = replace(LIMITS, max_risk_pct_per_trade=risk)
    machine = opened(limits)
    tell(machine, account(str(equity), funds=str(equity)))
    tell(machine, idea(ask=ask, bid=ask - Decimal("0.01")))

    for bracket in machine.book.exposure.open():
        assert bracket.at_risk_usd <= min(equity * risk, equity * limits.max_daily_loss_pct)
        assert bracket.notional_usd <= min(limits.max_notional_per_order_usd, equity)
        assert 1 <= bracket.quantity <= limits.max_contracts_per_order


def test_the_whale_is_also_capped_by_its_allocation() -> None:
    limits = replace(LIMITS, max_risk_pct_per_trade=Decimal("0.05"))
    scalp = approve(opened(limits))
    whale = approve(opened(limits), idea(strategy="whale"))

    assert (scalp.quantity, whale.quantity) == (10, 5)  # 12 by risk, 10 an order; 1,000 USD at 200 USD


def test_an_open_whale_uses_up_the_allocation() -> None:
    limits = replace(LIMITS, max_risk_pct_per_trade=Decimal("0.05"))
    machine = opened(limits)
    approve(machine, idea(strategy="whale"))

    assert denial(machine, put(strategy="whale")).code == DenialCode.ALLOCATION_SPENT


def test_a_promised_premium_is_not_spent_twice() -> None:
    limits = replace(LIMITS, max_risk_pct_per_trade=Decimal("0.05"), max_daily_loss_pct=Decimal("0.20"))
    machine = opened(limits)
    tell(machine, account(funds="2100"))
    first = approve(machine)

    refused = denial(machine, put())

    assert first.quantity == 10
    assert refused.code == DenialCode.FUNDS_INSUFFICIENT


def test_the_default_limits_allow_one_percent() -> None:
    assert RiskLimits().max_risk_pct_per_trade == Decimal("0.01")


def test_stretched_limits_wait_longer_and_allow_no_more() -> None:
    limits = RiskLimits()
    scaled = limits.scaled(10)

    assert (scaled.what_if_timeout_s, scaled.max_quote_age_s) == (150, 1200)
    assert scaled.max_account_age_s == 6000
    back = replace(
        scaled, what_if_timeout_s=15, max_quote_age_s=120, max_account_age_s=600, max_clock_skew_s=10
    )
    assert back == limits
