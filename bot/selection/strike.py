"""Which strike to trade: at the money, one listed strike in or out of it, or the nearest to a wanted delta.

Rule: strikes are those really listed for the expiry, never computed. At the money is the strike nearest to the
underlying's price, the lower one of two equally near. In the money is below it for a call, above it for a put.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.contract import Contract
from bot.domain.market import Quote
from bot.domain.types import ConId, Right
from bot.selection.no_contract import NoContract, NoContractCode, no_contract


class Moneyness(StrEnum):
    """Where the strike lies from the money: on it, or one listed strike in or out."""

    ATM = "atm"
    ITMP1 = "itmp1"
    OTMP1 = "otmp1"


@dataclass(frozen=True, slots=True)
class TargetDelta:
    """An absolute delta between 0 and 1, and how far the nearest contract may be from it."""

    delta: float
    tolerance: float = 0.10

    def __post_init__(self) -> None:
        if not 0 < self.delta < 1:
            raise ValueError(f"a target delta lies between 0 and 1, not {self.delta}")


StrikeRule = Moneyness | TargetDelta


def parse_strike(text: str) -> StrikeRule:
    """Read a setting: ``atm``, ``itmp1``, ``otmp1`` or ``delta:0.40``; else ValueError."""
    name, _, number = text.strip().lower().partition(":")
    if name == "delta":
        try:
            return TargetDelta(float(number))
        except ValueError as error:
            raise ValueError(f"moneyness {text!r}: {error}") from error
    try:
        return Moneyness(text.strip().lower())
    except ValueError:
        raise ValueError(f"moneyness {text!r} is none of: atm, itmp1, otmp1, delta:0.40") from None


def strikes_in_order(
    contracts: Sequence[Contract], quotes: Mapping[ConId, Quote], spot: float, rule: StrikeRule
) -> tuple[Contract, ...] | NoContract:
    """Contracts of one expiry and one right, the one that the rule names first, then the nearest to it.

    Of two equally near the one further out of the money comes first: it costs less. With a target delta only those
    within its tolerance are given. ``spot`` is the underlying's price in USD.
    """
    ladder = sorted((c for c in contracts if c.strike is not None), key=_strike)
    if not ladder:
        return no_contract(NoContractCode.STRIKE_NOT_WATCHED, spot=spot, watched=0)
    if isinstance(rule, TargetDelta):
        return _by_delta(ladder, quotes, rule)
    return _by_moneyness(ladder, spot, rule)


def _by_moneyness(ladder: list[Contract], spot: float, rule: Moneyness) -> tuple[Contract, ...] | NoContract:
    lowest, highest = _strike(ladder[0]), _strike(ladder[-1])
    at_money = min(range(len(ladder)), key=lambda i: abs(_strike(ladder[i]) - spot))
    step = {Moneyness.ATM: 0, Moneyness.ITMP1: -1, Moneyness.OTMP1: 1}[rule]
    outwards = 1 if ladder[0].right is Right.CALL else -1
    wanted = at_money + step * outwards
    # Off the ladder's end the nearest strike is not known to be the nearest that is listed.
    if not lowest <= spot <= highest or not 0 <= wanted < len(ladder):
        return no_contract(
            NoContractCode.STRIKE_NOT_WATCHED, spot=spot, lowest=lowest, highest=highest, watched=len(ladder)
        )
    order = sorted(range(len(ladder)), key=lambda i: (abs(i - wanted), (wanted - i) * outwards))
    return tuple(ladder[i] for i in order)


def _by_delta(
    ladder: list[Contract], quotes: Mapping[ConId, Quote], rule: TargetDelta
) -> tuple[Contract, ...] | NoContract:
    misses = {
        contract.con_id: abs(abs(delta) - rule.delta)
        for contract in ladder
        if (quote := quotes.get(contract.con_id)) is not None and (delta := quote.delta) is not None
    }
    if not misses:
        return no_contract(NoContractCode.DELTA_UNKNOWN, target=rule.delta, watched=len(ladder))
    order = sorted((c for c in ladder if c.con_id in misses), key=lambda c: misses[c.con_id])
    fitting = tuple(c for c in order if misses[c.con_id] <= rule.tolerance)
    if not fitting:
        nearest = order[0]
        delta = quotes[nearest.con_id].delta
        return no_contract(
            NoContractCode.DELTA_OUT_OF_REACH, target=rule.delta, nearest=delta, strike=nearest.strike
        )
    return fitting


def _strike(contract: Contract) -> float:
    return float(contract.strike or 0)
