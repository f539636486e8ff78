"""Whether a contract's quote is one to trade on: two-sided, narrow, traded by others, and an option's price at all.

Rule: unknown is not zero. IB sends no volume before a contract's first trade, which on a quiet morning or a half-day
may be hours away, so one known figure speaks for an unknown one: with floors set for volume and open interest, every
known figure must reach its floor and at least one must be known. A floor of 0 asks nothing.
"""

from dataclasses import dataclass
from decimal import Decimal

from bot.domain.contract import Contract
from bot.domain.market import Quote
from bot.domain.types import Right
from bot.selection.no_contract import NoContract, NoContractCode, no_contract


@dataclass(frozen=True, slots=True)
class LiquidityLimits:
    """What a contract must offer. Spread as a fraction of the mid and in USD, both; counts in contracts.

    A premium must not be below intrinsic value by more than ``intrinsic_slack_pct`` of the underlying (the two quotes are
    not of the same instant), nor above it by more than ``max_time_value_pct`` of the underlying.
    """

    max_spread_pct: Decimal = Decimal("0.04")
    max_spread_usd: Decimal = Decimal("0.50")
    min_volume: int = 10
    min_open_interest: int = 100
    intrinsic_slack_pct: Decimal = Decimal("0.005")
    max_time_value_pct: Decimal = Decimal("0.25")


def judge_quote(
    contract: Contract, quote: Quote | None, spot: float, limits: LiquidityLimits
) -> NoContract | None:
    """Return the first thing that speaks against the contract, None when nothing does. ``spot`` in USD."""
    if quote is None:
        return no_contract(NoContractCode.QUOTE_MISSING, bid=None, ask=None)
    bid, ask = _price(quote.bid), _price(quote.ask)
    if bid is None and ask is None:
        return no_contract(NoContractCode.QUOTE_MISSING, bid=quote.bid, ask=quote.ask)
    if bid is None or ask is None:
        return no_contract(NoContractCode.QUOTE_ONE_SIDED, bid=quote.bid, ask=quote.ask)
    return (
        _judge_spread(bid, ask, limits)
        or _judge_premium(contract, bid, ask, Decimal(repr(spot)), limits)
        or _judge_interest(quote, limits)
    )


def _price(price: Decimal | None) -> Decimal | None:
    """A price that somebody would trade at: finite and above zero (IB writes -1 or 0 for "nobody")."""
    return price if price is not None and price.is_finite() and price > 0 else None


def _judge_spread(bid: Decimal, ask: Decimal, limits: LiquidityLimits) -> NoContract | None:
    spread = ask - bid
    if spread < 0:
        return no_contract(NoContractCode.QUOTE_CROSSED, bid=bid, ask=ask)
    spread_pct = spread / ((bid + ask) / 2)
    if spread_pct > limits.max_spread_pct:
        return no_contract(
            NoContractCode.SPREAD_WIDE_PCT, bid=bid, ask=ask, spread_pct=spread_pct, max=limits.max_spread_pct
        )
    if spread > limits.max_spread_usd:
        return no_contract(
            NoContractCode.SPREAD_WIDE_USD, bid=bid, ask=ask, spread=spread, max=limits.max_spread_usd
        )
    return None


def _judge_premium(
    contract: Contract, bid: Decimal, ask: Decimal, spot: Decimal, limits: LiquidityLimits
) -> NoContract | None:
    strike = contract.strike or Decimal(0)
    is_call = contract.right is Right.CALL
    intrinsic = max(Decimal(0), spot - strike if is_call else strike - spot)
    low = intrinsic - limits.intrinsic_slack_pct * spot
    # No call is worth more than its underlying and no put more than its strike (Hull, bounds of option prices).
    high = min(intrinsic + limits.max_time_value_pct * spot, spot if is_call else strike)
    if ask < low:
        return no_contract(NoContractCode.PREMIUM_BELOW_INTRINSIC, ask=ask, intrinsic=intrinsic, spot=spot)
    if (bid + ask) / 2 > high:
        return no_contract(NoContractCode.PREMIUM_ABOVE_BOUND, bid=bid, ask=ask, bound=high, spot=spot)
    return None


def _judge_interest(quote: Quote, limits: LiquidityLimits) -> NoContract | None:
    figures = (
        (NoContractCode.VOLUME_LOW, quote.volume, limits.min_volume),
        (NoContractCode.OPEN_INTEREST_LOW, quote.open_interest, limits.min_open_interest),
    )
    floors = [(code, figure, floor) for code, figure, floor in figures if floor > 0]
    for code, figure, floor in floors:
        if figure is not None and figure < floor:
            return no_contract(code, volume=quote.volume, open_interest=quote.open_interest, min=floor)
    if floors and all(figure is None for _, figure, _ in floors):
        return no_contract(
            NoContractCode.LIQUIDITY_UNKNOWN, volume=quote.volume, open_interest=quote.open_interest
        )
    return None
