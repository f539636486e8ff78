"""Why no contract was fit to carry an idea: a code for machines, and the figures for people."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from bot.domain.types import Numbers


class NoContractCode(StrEnum):
    """CATEGORY_CONDITION; the first that applies is given."""

    UNDERLYING_PRICE_UNKNOWN = "UNDERLYING_PRICE_UNKNOWN"
    EXPIRY_NONE_FITS = "EXPIRY_NONE_FITS"
    STRIKE_NOT_WATCHED = "STRIKE_NOT_WATCHED"
    DELTA_UNKNOWN = "DELTA_UNKNOWN"
    DELTA_OUT_OF_REACH = "DELTA_OUT_OF_REACH"
    CONTRACT_HELD = "CONTRACT_HELD"
    QUOTE_MISSING = "QUOTE_MISSING"
    QUOTE_ONE_SIDED = "QUOTE_ONE_SIDED"
    QUOTE_CROSSED = "QUOTE_CROSSED"
    SPREAD_WIDE_PCT = "SPREAD_WIDE_PCT"
    SPREAD_WIDE_USD = "SPREAD_WIDE_USD"
    VOLUME_LOW = "VOLUME_LOW"
    OPEN_INTEREST_LOW = "OPEN_INTEREST_LOW"
    LIQUIDITY_UNKNOWN = "LIQUIDITY_UNKNOWN"
    PREMIUM_BELOW_INTRINSIC = "PREMIUM_BELOW_INTRINSIC"
    PREMIUM_ABOVE_BOUND = "PREMIUM_ABOVE_BOUND"


@dataclass(frozen=True, slots=True)
class NoContract:
    """No, and why."""

    code: NoContractCode
    numbers: Numbers = field(default_factory=dict)


def no_contract(code: NoContractCode, **figures: object) -> NoContract:
    """Make a refusal; unknown figures are written as such."""
    return NoContract(code, {name: written(figure) for name, figure in figures.items()})


def written(figure: object) -> str:
    """Write a figure for people: plain digits, at most four decimals, "unknown" for None."""
    if figure is None:
        return "unknown"
    if isinstance(figure, float | Decimal):
        text = f"{figure:.4f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(figure)
