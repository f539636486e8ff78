"""Whether an option's quote may carry an entry: live, fresh, two-sided, narrow, and an option's price at all.

Rule: unknown is never zero. What the broker has not said either denies or is not judged, as each rule states.
"""

from __future__ import annotations

from decimal import Decimal

from bot.domain.contract import Contract
from bot.domain.market import DataType
from bot.domain.messages import TRADING, TradeIdea
from bot.domain.types import Right
from bot.risk.conditions import sane_money
from bot.risk.denials import Denial, DenialCode, deny
from bot.risk.limits import RiskLimits
from bot.risk.risk_book import RiskBook

INTRINSIC_TOLERANCE = Decimal("0.90")
"""An ask below nine tenths of intrinsic value is not this option's: arbitrage would have taken it."""


def feeds_fresh(idea: TradeIdea, book: RiskBook, _: RiskLimits) -> Denial | None:
    for (symbol, feed), since in book.conditions.stale_since.items():
        if symbol == idea.symbol and feed == TRADING:
            return deny(DenialCode.TRADING_HALTED, since=since)
        if symbol == idea.symbol:
            return deny(DenialCode.DATA_STALE, feed=feed, since=since)
    if idea.quote.is_halted:
        return deny(DenialCode.TRADING_HALTED, since=idea.quote.at)
    return None


def data_live(idea: TradeIdea, book: RiskBook, limits: RiskLimits) -> Denial | None:
    told = book.conditions.data_types.get(idea.contract.con_id, DataType.LIVE)
    for data_type in (told, idea.quote.data_type):
        if limits.require_live_data and data_type is not DataType.LIVE:
            return deny(DenialCode.DATA_NOT_LIVE, data_type=data_type)
    return None


def quote_fresh(idea: TradeIdea, book: RiskBook, limits: RiskLimits) -> Denial | None:
    age_s = int((book.now - idea.quote.at).total_seconds())
    if age_s <= limits.max_quote_age_s:
        return None
    return deny(DenialCode.QUOTE_TOO_OLD, age_s=age_s, max_age_s=limits.max_quote_age_s)


def quote_two_sided(idea: TradeIdea, _: RiskBook, limits: RiskLimits) -> Denial | None:
    bid, ask = sane_money(idea.quote.bid), sane_money(idea.quote.ask)
    if bid is None and ask is None:
        return deny(DenialCode.QUOTE_MISSING, bid=idea.quote.bid, ask=idea.quote.ask)
    if bid is None or ask is None:
        return deny(DenialCode.QUOTE_ONE_SIDED, bid=idea.quote.bid, ask=idea.quote.ask)
    if bid > ask:
        return deny(DenialCode.QUOTE_CROSSED, bid=bid, ask=ask)
    spread_pct = (ask - bid) / ((ask + bid) / 2)
    most = limits.spread_cap(idea.strategy)
    if spread_pct > most:
        return deny(DenialCode.QUOTE_SPREAD_WIDE, bid=bid, ask=ask, spread_pct=spread_pct, max=most)
    return None


def premium_sane(idea: TradeIdea, _: RiskBook, limits: RiskLimits) -> Denial | None:
    """Bounds that hold for every option: a call is worth at most its underlying, a put at most its strike.

    Source: Hull, "Options, Futures and Other Derivatives", bounds of option prices. Without an underlying price
    the put's upper bound is all that can be judged.
    """
    ask = idea.quote.ask
    if ask is None:
        return deny(DenialCode.QUOTE_MISSING, ask=ask)
    if ask < limits.min_premium_usd:
        return deny(DenialCode.PREMIUM_TOO_SMALL, ask=ask, min=limits.min_premium_usd)
    underlying = _decimal(idea.quote.underlying_price)
    upper, intrinsic = _bounds(idea.contract, underlying)
    if (upper is not None and ask > upper) or ask < intrinsic * INTRINSIC_TOLERANCE:
        return deny(
            DenialCode.PREMIUM_INSANE, ask=ask, upper=upper, intrinsic=intrinsic, underlying=underlying
        )
    return None


def _bounds(contract: Contract, underlying: Decimal | None) -> tuple[Decimal | None, Decimal]:
    strike = contract.strike or Decimal(0)
    if contract.right is Right.PUT:
        return strike, max(Decimal(0), strike - underlying) if underlying is not None else Decimal(0)
    return underlying, max(Decimal(0), underlying - strike) if underlying is not None else Decimal(0)


def _decimal(price: float | None) -> Decimal | None:
    return None if price is None else sane_money(Decimal(repr(price)))


QUOTE_RULES = (feeds_fresh, data_live, quote_fresh, quote_two_sided, premium_sane)
