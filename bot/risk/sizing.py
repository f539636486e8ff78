"""How many contracts: the smallest of all caps, and zero when one contract is too many.

The risk cap is equity × max_risk_pct_per_trade × size factor ÷ (premium × stop % × multiplier), floored. Every other
cap divides what is left of some budget by what one contract takes of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from bot.domain.messages import TradeIdea
from bot.risk.denials import Denial, DenialCode, deny
from bot.risk.limits import RiskLimits
from bot.risk.risk_book import RiskBook

LABELS = {
    DenialCode.SIZE_ZERO: "risk",
    DenialCode.ORDER_NOTIONAL_EXCEEDED: "order",
    DenialCode.DAY_CONTRACTS_REACHED: "day_contracts",
    DenialCode.DAY_NOTIONAL_REACHED: "day_notional",
    DenialCode.LOSS_BUDGET_SPENT: "loss_budget",
    DenialCode.FUNDS_INSUFFICIENT: "funds",
    DenialCode.ALLOCATION_SPENT: "allocation",
}
"""What each cap is called among a denial's figures."""


@dataclass(frozen=True, slots=True)
class Size:
    """``quantity`` contracts; ``caps`` holds every cap, and ``binding`` names the smallest."""

    quantity: int
    binding: DenialCode
    caps: Mapping[DenialCode, int]


def smallest(caps: Mapping[DenialCode, int]) -> Size:
    """The size that no cap forbids, never below zero; the first of equal caps binds."""
    binding = min(caps, key=lambda code: caps[code])
    return Size(max(0, caps[binding]), binding, caps)


def whole_contracts(budget_usd: Decimal, each_usd: Decimal) -> int:
    """How many whole times ``each_usd`` fits into the budget; 0 for a budget that is spent."""
    if budget_usd <= 0:
        return 0
    return int((budget_usd / each_usd).to_integral_value(rounding=ROUND_FLOOR))


def contracts_at_risk(
    equity_usd: Decimal,
    max_risk_pct: Decimal,
    size_factor: Decimal,
    premium_usd: Decimal,
    stop_pct: Decimal,
    multiplier: int,
) -> int:
    """Contracts whose stops lose at most the given part of equity. A size factor above 1 counts as 1."""
    budget = equity_usd * max_risk_pct * min(Decimal(1), size_factor)
    return whole_contracts(budget, premium_usd * stop_pct * multiplier)


def size(idea: TradeIdea, premium_usd: Decimal, book: RiskBook, limits: RiskLimits) -> Size | Denial:
    """The approved number of contracts at this premium, or the cap that leaves none."""
    sized = smallest(_caps(idea, premium_usd, book, limits))
    if sized.quantity >= 1:
        return sized
    cost = premium_usd * idea.contract.multiplier
    return deny(
        sized.binding,
        cost_per_contract_usd=cost,
        risk_per_contract_usd=cost * limits.terms(idea.strategy).stop_loss_pct,
        equity_usd=book.conditions.equity_usd,
        **{f"cap_{LABELS[code]}": cap for code, cap in sized.caps.items()},
    )


def _caps(idea: TradeIdea, premium: Decimal, book: RiskBook, limits: RiskLimits) -> dict[DenialCode, int]:
    terms, multiplier = limits.terms(idea.strategy), idea.contract.multiplier
    equity = book.conditions.equity_usd or Decimal(0)
    cost, totals = premium * multiplier, book.exposure.totals(book.today)
    caps = {
        DenialCode.SIZE_ZERO: contracts_at_risk(
            equity, limits.max_risk_pct_per_trade, idea.size_factor, premium, terms.stop_loss_pct, multiplier
        ),
        DenialCode.ORDER_NOTIONAL_EXCEEDED: min(
            whole_contracts(limits.max_notional_per_order_usd, cost), limits.max_contracts_per_order
        ),
        DenialCode.DAY_CONTRACTS_REACHED: limits.max_contracts_per_day - totals.contracts,
        DenialCode.DAY_NOTIONAL_REACHED: whole_contracts(
            limits.max_notional_per_day_usd - totals.notional_usd, cost
        ),
        DenialCode.LOSS_BUDGET_SPENT: whole_contracts(
            _loss_budget(equity, book, limits), cost * terms.stop_loss_pct
        ),
        DenialCode.FUNDS_INSUFFICIENT: whole_contracts(
            _funds(book), cost + limits.commission_per_contract_usd
        ),
    }
    if terms.alloc_pct is not None:
        left = equity * terms.alloc_pct - book.exposure.allocated_usd(idea.strategy)
        caps[DenialCode.ALLOCATION_SPENT] = whole_contracts(left, cost)
    return caps


def _loss_budget(equity: Decimal, book: RiskBook, limits: RiskLimits) -> Decimal:
    """What may still be lost today if every open stop is hit as well."""
    start = book.losses.day_start_usd
    if start is None or book.losses.day != book.today:
        return Decimal(0)
    lost = max(Decimal(0), start - equity)
    return start * limits.max_daily_loss_pct - lost - book.exposure.at_risk_usd()


def _funds(book: RiskBook) -> Decimal:
    account = book.conditions.account
    if account is None or account.available_funds is None:
        return Decimal(0)
    return account.available_funds - book.exposure.unseen_by_account_usd(account.at)
