"""Why no contract was fit to carry an idea: a code for machines, and the figures for people."""

from dataclasses import dataclass, field
from decimal import Decimal

from bot.domain.types import CodeTable, Numbers


class NoContractCode(CodeTable):
    """CATEGORY_CONDITION, with what it means and what a person can do about it; the first that applies is given."""

    UNDERLYING_PRICE_UNKNOWN = (
        "UNDERLYING_PRICE_UNKNOWN",
        "The underlying has no price.",
        "Wait; if it lasts, `ibkr-bot doctor` names the data that are missing.",
    )
    EXPIRY_NONE_FITS = (
        "EXPIRY_NONE_FITS",
        "No expiry fits.",
        "`options.expiry`.",
    )
    STRIKE_NOT_WATCHED = (
        "STRIKE_NOT_WATCHED",
        "The wanted strike is not among the watched ones.",
        "`market_data.strikes_each_side`; of a price that leaps none may be watched yet.",
    )
    DELTA_UNKNOWN = (
        "DELTA_UNKNOWN",
        "The broker gives no delta.",
        "`options.moneyness`, by strikes instead of a delta.",
    )
    DELTA_OUT_OF_REACH = (
        "DELTA_OUT_OF_REACH",
        "No watched option is near the wanted delta.",
        "`market_data.strikes_each_side`, or `options.moneyness`.",
    )
    CONTRACT_HELD = (
        "CONTRACT_HELD",
        "The option is held already, and so are its neighbours, or they are unfit.",
        "`options.alternatives`.",
    )
    QUOTE_MISSING = (
        "QUOTE_MISSING",
        "The option has no quote.",
        "None, but for a later `options.expiry` that more people trade.",
    )
    QUOTE_ONE_SIDED = (
        "QUOTE_ONE_SIDED",
        "The option has only one side of a quote.",
        "None: nobody buys or nobody sells it.",
    )
    QUOTE_CROSSED = (
        "QUOTE_CROSSED",
        "The option's bid is above its ask.",
        "None: the book is being made anew.",
    )
    SPREAD_WIDE_PCT = (
        "SPREAD_WIDE_PCT",
        "The spread is too large a part of the price.",
        "`options.max_spread_pct`, or a dearer option: `options.expiry`, `options.moneyness`.",
    )
    SPREAD_WIDE_USD = (
        "SPREAD_WIDE_USD",
        "The spread is too wide in cents.",
        "`options.max_spread_usd`, for an underlying of a high price.",
    )
    VOLUME_LOW = (
        "VOLUME_LOW",
        "The option is hardly traded today.",
        "`options.min_volume`.",
    )
    OPEN_INTEREST_LOW = (
        "OPEN_INTEREST_LOW",
        "Too few of these options are open.",
        "`options.min_open_interest`.",
    )
    LIQUIDITY_UNKNOWN = (
        "LIQUIDITY_UNKNOWN",
        "The option's volume is unknown.",
        "`options.min_volume` and `options.min_open_interest`; 0 asks nothing.",
    )
    PREMIUM_BELOW_INTRINSIC = (
        "PREMIUM_BELOW_INTRINSIC",
        "The premium cannot be this option's: below intrinsic value.",
        "`options.intrinsic_slack_pct`; look at the quote first.",
    )
    PREMIUM_ABOVE_BOUND = (
        "PREMIUM_ABOVE_BOUND",
        "The premium cannot be this option's: too high.",
        "`options.max_time_value_pct`; look at the quote first.",
    )


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


def no_contracts_as_markdown() -> str:
    """The table of all codes for ``docs/denials.md``."""
    return (
        "\n# Why a signal found no contract\n\n"
        "A signal that no option is fit to carry becomes no idea; its code stands in the journal like a denial's.\n"
        "A strategy's own `strategies.<name>.options` come before `options`.\n"
        "Made from `bot/selection/no_contract.py` by `make docs`.\n\n"
        f"{NoContractCode.as_markdown()}"
    )
