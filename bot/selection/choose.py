"""From a direction to one option contract, or to the reason why not.

Rule: expiry first, then strike, then liquidity; the contract that the rules name is taken or refused, and no other is
tried in its place, so that "at the money" always means what it says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import isfinite

from bot.domain.contract import Contract
from bot.domain.market import Quote
from bot.domain.types import ConId, Direction, Numbers
from bot.selection.expiry import ExpiryRule
from bot.selection.liquidity import LiquidityLimits, judge_quote
from bot.selection.no_contract import NoContract, NoContractCode, no_contract, written
from bot.selection.strike import Moneyness, StrikeRule, pick_strike


@dataclass(frozen=True, slots=True)
class SelectionRules:
    """The settings of the choice."""

    expiry: ExpiryRule = field(default_factory=ExpiryRule)
    strike: StrikeRule = Moneyness.ATM
    liquidity: LiquidityLimits = field(default_factory=LiquidityLimits)


@dataclass(frozen=True, slots=True)
class ContractChoice:
    """The contract to buy, the quote it was chosen by, and the figures that spoke for it."""

    contract: Contract
    quote: Quote
    numbers: Numbers


def choose_contract(
    direction: Direction,
    spot: float | None,
    watched: Sequence[Contract],
    quotes: Mapping[ConId, Quote],
    today: date,
    rules: SelectionRules,
) -> ContractChoice | NoContract:
    """Choose among the watched contracts of one underlying.

    ``spot`` is the underlying's price in USD, ``today`` New York's date, ``quotes`` the latest by conId (never by
    symbol). A refusal names the contract where one was in question.
    """
    if spot is None or not isfinite(spot) or spot <= 0:
        return no_contract(NoContractCode.UNDERLYING_PRICE_UNKNOWN, spot=spot)
    candidates = [c for c in watched if c.right is direction.right and c.expiry is not None]
    expiries = sorted({c.expiry for c in candidates if c.expiry is not None})
    expiry = rules.expiry.pick(expiries, today)
    if expiry is None:
        nearest = min(expiries, default=None)
        return no_contract(
            NoContractCode.EXPIRY_NONE_FITS, today=today, watched=len(candidates), nearest=nearest
        )
    contract = pick_strike([c for c in candidates if c.expiry == expiry], quotes, spot, rules.strike)
    if isinstance(contract, NoContract):
        return contract
    return _take(contract, quotes.get(contract.con_id), spot, rules.liquidity)


def _take(
    contract: Contract, quote: Quote | None, spot: float, limits: LiquidityLimits
) -> ContractChoice | NoContract:
    refusal = judge_quote(contract, quote, spot, limits)
    if quote is None or refusal is not None:
        found = refusal or no_contract(NoContractCode.QUOTE_MISSING)
        return NoContract(found.code, {"contract": contract.label, **found.numbers})
    figures = {
        "spot": spot,
        "strike": contract.strike,
        "expiry": contract.expiry,
        "bid": quote.bid,
        "ask": quote.ask,
        "volume": quote.volume,
        "open_interest": quote.open_interest,
        "delta": quote.delta,
    }
    return ContractChoice(contract, quote, {name: written(figure) for name, figure in figures.items()})
