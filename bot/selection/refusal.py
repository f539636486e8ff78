"""Why no contract was fit to carry an idea: a code for machines, and the figures for people."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from bot.domain.types import Numbers


class RefusalCode(StrEnum):
    """CATEGORY_CONDITION; the first that applies is given."""

    UNDERLYING_PRICE_UNKNOWN = "underlying_price_unknown"
    EXPIRY_NONE_FITS = "expiry_none_fits"
    STRIKE_NOT_WATCHED = "strike_not_watched"
    DELTA_UNKNOWN = "delta_unknown"
    DELTA_OUT_OF_REACH = "delta_out_of_reach"
    QUOTE_MISSING = "quote_missing"
    QUOTE_ONE_SIDED = "quote_one_sided"
    QUOTE_CROSSED = "quote_crossed"
    SPREAD_WIDE_PCT = "spread_wide_pct"
    SPREAD_WIDE_USD = "spread_wide_usd"
    VOLUME_LOW = "volume_low"
    OPEN_INTEREST_LOW = "open_interest_low"
    LIQUIDITY_UNKNOWN = "liquidity_unknown"
    PREMIUM_BELOW_INTRINSIC = "premium_below_intrinsic"
    PREMIUM_ABOVE_BOUND = "premium_above_bound"


@dataclass(frozen=True, slots=True)
class Refusal:
    """No, and why."""

    code: RefusalCode
    numbers: Numbers = field(default_factory=dict)


def refuse(code: RefusalCode, **figures: object) -> Refusal:
    """Make a refusal; unknown figures are written as such."""
    return Refusal(code, {name: written(figure) for name, figure in figures.items()})


def written(figure: object) -> str:
    """Write a figure for people: plain digits, at most four decimals, "unknown" for None."""
    if figure is None:
        return "unknown"
    if isinstance(figure, float | Decimal):
        text = f"{figure:.4f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(figure)
