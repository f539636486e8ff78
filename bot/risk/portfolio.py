"""Caps over all symbols together: premium at risk, delta at risk, and the money that the kind of account lets be used.

Rule: US equities and their funds move together when it matters, so positions of all symbols are summed as if they were
one. What is unknown counts as its worst case.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal

from bot.domain.messages import TradeIdea
from bot.domain.types import Direction
from bot.risk.denials import DenialCode
from bot.risk.limits import DayTradeRule, RiskLimits
from bot.risk.risk_book import RiskBook


def whole_contracts(budget_usd: Decimal, each_usd: Decimal) -> int:
    """How many whole times ``each_usd`` fits into the budget; 0 for a budget that is spent, or for a cost of nothing."""
    if budget_usd <= 0 or each_usd <= 0:
        return 0
    return int((budget_usd / each_usd).to_integral_value(rounding=ROUND_FLOOR))


def portfolio_caps(
    idea: TradeIdea, cost_usd: Decimal, book: RiskBook, limits: RiskLimits
) -> dict[DenialCode, int]:
    """How many contracts each cap leaves; ``cost_usd`` is the premium of one."""
    equity = book.conditions.equity_usd or Decimal(0)
    with_fee = cost_usd + limits.commission_per_contract_usd + limits.fees_per_contract_usd
    caps = {
        DenialCode.FUNDS_INSUFFICIENT: whole_contracts(
            _left(_account(book, "available_funds"), book), with_fee
        ),
        DenialCode.PREMIUM_AT_RISK_REACHED: whole_contracts(
            equity * limits.max_premium_pct - book.exposure.notional_usd(), cost_usd
        ),
        DenialCode.DELTA_AT_RISK_REACHED: whole_contracts(
            equity * limits.max_delta_pct - book.exposure.delta_usd(idea.direction), abs(delta_usd(idea))
        ),
    }
    excess = _account(book, "excess_liquidity")
    if limits.is_cash_account:
        caps[DenialCode.FUNDS_UNSETTLED] = whole_contracts(
            _left(_account(book, "settled_cash"), book), with_fee
        )
    elif limits.day_trade_rule is DayTradeRule.INTRADAY_MARGIN and excess is not None:
        # A long option is paid in full and adds no margin: what it takes from the excess liquidity is its premium.
        caps[DenialCode.INTRADAY_MARGIN_DEFICIT] = whole_contracts(_left(excess, book), with_fee)
    return caps


def delta_usd(idea: TradeIdea) -> Decimal:
    """How many dollars of the underlying one contract moves like, bearish negative.

    An unknown delta counts as a whole one, an unknown price of the underlying as the strike.
    """
    quote, contract = idea.quote, idea.contract
    delta = Decimal(1) if quote.delta is None else abs(Decimal(repr(quote.delta)))
    price = contract.strike or Decimal(0)
    if quote.underlying_price is not None:
        price = Decimal(repr(quote.underlying_price))
    sign = 1 if idea.direction is Direction.BULLISH else -1
    return sign * delta * price * contract.multiplier


def _account(book: RiskBook, figure: str) -> Decimal | None:
    value: Decimal | None = getattr(book.conditions.account, figure, None)
    return value


def _left(amount: Decimal | None, book: RiskBook) -> Decimal:
    """What is left of an account's figure after the premium that it may not show yet; nothing of an unknown one."""
    account = book.conditions.account
    if account is None or amount is None:
        return Decimal(0)
    return amount - book.exposure.unseen_by_account_usd(account.at)
