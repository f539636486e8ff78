"""Sizes: the formula, the caps, and what holds for every account."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.pricing import BracketPrices
from bot.risk.denials import DenialCode
from bot.risk.limits import RiskLimits
from bot.risk.portfolio import whole_contracts
from bot.risk.sizing import StopLoss, contracts_at_risk, smallest, stop_loss
from tests.risk.house import LIMITS, account, approve, denial, idea, opened, put, tell

money = st.decimals(Decimal("0.01"), Decimal(1_000_000), places=2)


def loss(
    each: str = "40", commission: str = "0.65", least: str = "1.00", passed_on: str = "0.05"
) -> StopLoss:
    return StopLoss(Decimal(each), Decimal(commission), Decimal(least), Decimal(passed_on))


cheap = st.decimals(Decimal(0), Decimal(5), places=2)
losses = st.builds(StopLoss, money, cheap, st.just(Decimal(1)), cheap)


def test_a_stop_costs_the_way_to_the_bid_below_it_and_the_fees_of_both_orders() -> None:
    prices = BracketPrices(Decimal("2.00"), Decimal("2.60"), Decimal("1.60"))

    lost = stop_loss(idea(ask=Decimal("2.00"), bid=Decimal("1.94")), prices, LIMITS)

    assert lost.each_usd == Decimal(47)  # bought at 2.00, triggered at 1.60, sold at 1.54 less a tick
    assert lost.of(1) == Decimal("49.10")  # the least commission, twice, and what is passed on
    assert lost.of(3) == Decimal("145.20")


def test_the_size_is_the_most_contracts_whose_stops_fit_into_the_budget() -> None:
    assert contracts_at_risk(Decimal(100), loss()) == 2  # 82.80 of 100
    assert contracts_at_risk(Decimal("42.10"), loss()) == 1
    assert contracts_at_risk(Decimal("42.09"), loss()) == 0


def test_half_the_size_factor_halves_the_budget_and_may_leave_nothing() -> None:
    limits = replace(LIMITS, max_risk_pct_per_trade=Decimal("0.01"))
    half = opened(limits)
    quarter = opened(limits)

    assert approve(half, idea(size_factor=Decimal("0.5"))).quantity == 1
    assert denial(quarter, idea(size_factor=Decimal("0.25"))).code == DenialCode.SIZE_ZERO


@given(money, losses)
def test_the_stops_together_never_risk_more_than_the_budget_and_one_more_would(
    budget: Decimal, each: StopLoss
) -> None:
    contracts = contracts_at_risk(budget, each)

    assert contracts == 0 or each.of(contracts) <= budget
    assert each.of(contracts + 1) > budget


@given(money, money, losses, money)
def test_more_budget_never_buys_fewer_and_a_dearer_stop_never_more(
    budget: Decimal, more: Decimal, each: StopLoss, dearer: Decimal
) -> None:
    contracts = contracts_at_risk(budget, each)

    assert contracts <= contracts_at_risk(budget + more, each)
    assert contracts >= contracts_at_risk(budget, replace(each, each_usd=each.each_usd + dearer))


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
