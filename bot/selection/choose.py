"""From a direction to one option contract, or to the reason why not.

Rule: expiry first, then strike, then liquidity. Where the contract that the rules name is held by another position (IB
refuses orders on both sides of one contract) or its quote is unfit, the nearest strikes, then the next expiry that fits,
are tried in turn, never more than ``alternatives``; a refusal lists what was tried and why each was not taken.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import isfinite

from bot.domain.contract import Contract
from bot.domain.market import Quote
from bot.domain.types import ConId, Direction, Numbers
from bot.selection.expiry import ExpiryRule
from bot.selection.liquidity import LiquidityLimits, judge_quote
from bot.selection.no_contract import NoContract, NoContractCode, no_contract, written
from bot.selection.strike import Moneyness, StrikeRule, strikes_in_order


@dataclass(frozen=True, slots=True)
class SelectionRules:
    """The settings of the choice."""

    expiry: ExpiryRule = field(default_factory=ExpiryRule)
    strike: StrikeRule = Moneyness.ATM
    alternatives: int = 2
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
    held: Collection[ConId] = (),
) -> ContractChoice | NoContract:
    """Choose among the watched contracts of one underlying.

    ``spot`` is the underlying's price in USD, ``today`` New York's date, ``quotes`` the latest by conId (never by
    symbol), ``held`` what other positions hold. A refusal is that of the contract the rules name.
    """
    if spot is None or not isfinite(spot) or spot <= 0:
        return no_contract(NoContractCode.UNDERLYING_PRICE_UNKNOWN, spot=spot)
    candidates = [c for c in watched if c.right is direction.right and c.expiry is not None]
    expiries = sorted({c.expiry for c in candidates if c.expiry is not None})
    refusals: list[NoContract] = []
    for expiry in rules.expiry.fitting(expiries, today):
        of_expiry = [c for c in candidates if c.expiry == expiry]
        for found in _in_turn(of_expiry, quotes, spot, rules, held):
            if isinstance(found, ContractChoice):
                return found
            refusals.append(found)
            if len(refusals) > rules.alternatives:
                return _all_refused(refusals)
    if refusals:
        return _all_refused(refusals)
    nearest = min(expiries, default=None)
    return no_contract(NoContractCode.EXPIRY_NONE_FITS, today=today, watched=len(candidates), nearest=nearest)


def _in_turn(
    contracts: Sequence[Contract],
    quotes: Mapping[ConId, Quote],
    spot: float,
    rules: SelectionRules,
    held: Collection[ConId],
) -> Iterator[ContractChoice | NoContract]:
    order = strikes_in_order(contracts, quotes, spot, rules.strike)
    if isinstance(order, NoContract):
        yield order
        return
    for contract in order:
        yield _take(contract, quotes.get(contract.con_id), spot, rules.liquidity, held)


def _all_refused(refusals: list[NoContract]) -> NoContract:
    first, others = refusals[0], refusals[1:]
    if not others:
        return first
    tried = "; ".join(f"{one.numbers.get('contract', 'no strike')} {one.code}" for one in others)
    return NoContract(first.code, {**first.numbers, "also_tried": tried})


def _take(
    contract: Contract,
    quote: Quote | None,
    spot: float,
    limits: LiquidityLimits,
    held: Collection[ConId],
) -> ContractChoice | NoContract:
    if contract.con_id in held:
        return no_contract(NoContractCode.CONTRACT_HELD, contract=contract.label)
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
