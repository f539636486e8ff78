"""How many contracts: the smallest of all caps, and zero when one contract is too many.

The risk cap is the largest number of contracts whose stops, all hit, cost at most equity × max_risk_pct_per_trade × size
factor. What a stop costs is counted to the price at which it will really sell: it is triggered by the ask (IB's double
bid/ask method, its default for US options) and sells at the bid, a spread and some slippage below; and the fees of both
orders are paid. Every other cap divides what is left of some budget by what one contract takes of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from bot.domain.messages import TradeIdea
from bot.domain.pricing import BracketPrices
from bot.risk.denials import Denial, DenialCode, deny
from bot.risk.limits import RiskLimits
from bot.risk.portfolio import portfolio_caps, whole_contracts
from bot.risk.risk_book import RiskBook

LABELS = {
    DenialCode.SIZE_ZERO: "risk",
    DenialCode.ORDER_NOTIONAL_EXCEEDED: "order",
    DenialCode.DAY_CONTRACTS_REACHED: "day_contracts",
    DenialCode.DAY_NOTIONAL_REACHED: "day_notional",
    DenialCode.LOSS_BUDGET_SPENT: "loss_budget",
    DenialCode.FUNDS_INSUFFICIENT: "funds",
    DenialCode.ALLOCATION_SPENT: "allocation",
    DenialCode.PREMIUM_AT_RISK_REACHED: "premium",
    DenialCode.DELTA_AT_RISK_REACHED: "delta",
    DenialCode.FUNDS_UNSETTLED: "settled_cash",
    DenialCode.INTRADAY_MARGIN_DEFICIT: "intraday_margin",
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


@dataclass(frozen=True, slots=True)
class StopLoss:
    """What a stop costs: ``each_usd`` a contract by its prices; and for each of two orders a commission with a minimum, and
    what is passed on of every contract."""

    each_usd: Decimal
    commission_usd: Decimal
    least_commission_usd: Decimal
    passed_on_usd: Decimal

    def of(self, quantity: int) -> Decimal:
        """The loss of that many contracts in USD."""
        order = max(self.least_commission_usd, quantity * self.commission_usd) + quantity * self.passed_on_usd
        return quantity * self.each_usd + 2 * order


def stop_loss(idea: TradeIdea, prices: BracketPrices, limits: RiskLimits) -> StopLoss:
    """From the entry to the price at which the stop will sell: its trigger less the spread there is now, less slippage."""
    bid, ask = idea.quote.bid, idea.quote.ask
    spread = Decimal(0) if bid is None or ask is None else ask - bid
    slippage = limits.stop_slippage_ticks * idea.contract.ticks.increment(prices.stop)
    sold_at = max(Decimal(0), prices.stop - spread - slippage)
    return StopLoss(
        (prices.entry - sold_at) * idea.contract.multiplier,
        limits.commission_per_contract_usd,
        limits.min_commission_per_order_usd,
        limits.fees_per_contract_usd,
    )


def contracts_at_risk(budget_usd: Decimal, loss: StopLoss) -> int:
    """The largest number of contracts whose stops together cost no more than the budget."""
    count = whole_contracts(budget_usd, loss.each_usd + 2 * (loss.commission_usd + loss.passed_on_usd))
    while count and loss.of(count) > budget_usd:
        count -= 1
    return count


def size(idea: TradeIdea, prices: BracketPrices, book: RiskBook, limits: RiskLimits) -> Size | Denial:
    """The approved number of contracts at these prices, or the cap that leaves none."""
    loss = stop_loss(idea, prices, limits)
    sized = smallest(_caps(idea, prices.entry, loss, book, limits))
    if sized.quantity >= 1:
        return sized
    return deny(
        sized.binding,
        cost_per_contract_usd=prices.entry * idea.contract.multiplier,
        risk_per_contract_usd=loss.of(1),
        equity_usd=book.conditions.equity_usd,
        **{f"cap_{LABELS[code]}": cap for code, cap in sized.caps.items()},
    )


def _caps(
    idea: TradeIdea, premium: Decimal, loss: StopLoss, book: RiskBook, limits: RiskLimits
) -> dict[DenialCode, int]:
    terms = limits.terms(idea.strategy)
    equity = book.conditions.equity_usd or Decimal(0)
    cost, totals = premium * idea.contract.multiplier, book.exposure.account_totals(book.today)
    # A size factor above 1 counts as 1.
    budget = equity * limits.max_risk_pct_per_trade * min(Decimal(1), idea.size_factor)
    caps = {
        DenialCode.SIZE_ZERO: contracts_at_risk(budget, loss),
        DenialCode.ORDER_NOTIONAL_EXCEEDED: min(
            whole_contracts(limits.max_notional_per_order_usd, cost), limits.max_contracts_per_order
        ),
        DenialCode.DAY_CONTRACTS_REACHED: limits.max_contracts_per_day - totals.contracts,
        DenialCode.DAY_NOTIONAL_REACHED: whole_contracts(
            limits.max_notional_per_day_usd - totals.notional_usd, cost
        ),
        DenialCode.LOSS_BUDGET_SPENT: contracts_at_risk(_loss_budget(equity, book, limits), loss),
        **portfolio_caps(idea, cost, book, limits),
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
