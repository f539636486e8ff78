"""Runs of fields that orders share, as placed, as shown open and as shown completed.

Rule: what the order messages have in common, in the order they have it; each message adds the rest.
Layouts derive from ib_insync 0.9.86 and ib_async 2.1.0 (BSD-2-Clause).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.wire.fields import BOOL, DECIMAL, INT, INT0, MAX_INT, OPT_DECIMAL, OPT_DOUBLE, STR, Codec
from bot.wire.nodes import Field, Gate, Many, Maybe, Node, Switch, When
from bot.wire.parts import DELTA_NEUTRAL, LEG, TAG_VALUE

__all__ = [
    "ALGO",
    "COMBO_PRICES",
    "CONDITIONS",
    "CUSTOMER",
    "DELTA_NEUTRAL_CONTRACT",
    "HEDGE",
    "IMBALANCE_ONLY",
    "INCLUDE_OVERNIGHT",
    "MANUAL_INDICATOR",
    "ORDER_COMBO_LEGS",
    "PEG_BENCH",
    "PRICE_CAPS",
    "SMART_COMBO_PARAMS",
    "SUBMITTER",
    "flags",
    "is_peg_best",
    "is_peg_mid",
    "prices",
    "scale",
    "texts",
]


def texts(*names: str) -> tuple[Field, ...]:
    """Fields of text, empty unless given."""
    return tuple(Field(name, STR, "") for name in names)


def flags(*names: str) -> tuple[Field, ...]:
    """Flags, off unless given."""
    return tuple(Field(name, BOOL, default=False) for name in names)


def prices(*names: str) -> tuple[Field, ...]:
    """Exact numbers, unset (empty) unless given."""
    return tuple(Field(name, OPT_DECIMAL, None) for name in names)


def is_peg_best(values: Mapping[str, Any]) -> bool:
    """Pegged to best, in either spelling the clients use."""
    return values["orderType"] in {"PEG BEST", "PEGBEST"}


def is_peg_mid(values: Mapping[str, Any]) -> bool:
    """Pegged to midpoint, in either spelling the clients use."""
    return values["orderType"] in {"PEG MID", "PEGMID"}


def _is_peg_bench(values: Mapping[str, Any]) -> bool:
    return values["orderType"] in {"PEG BENCH", "PEGBENCH"}


def _is_scaled(values: Mapping[str, Any]) -> bool:
    increment = values["scalePriceIncrement"]
    return increment is not None and increment > 0


ORDER_COMBO_LEGS = Many(
    "comboLegs",
    *LEG,
    Field("openClose", INT0, 0),
    Field("shortSaleSlot", INT0, 0),
    Field("designatedLocation", STR, ""),
    Field("exemptCode", INT0, -1),
)
COMBO_PRICES = Many("orderComboLegs", Field("price", OPT_DECIMAL, None))
SMART_COMBO_PARAMS = Many("smartComboRoutingParams", *TAG_VALUE)

# Since when there are these: IB's published clients, server_versions.
CUSTOMER: tuple[Field, ...] = (
    Field("customerAccount", STR, "", since=183),
    Field("professionalCustomer", BOOL, default=False, since=184),
)
INCLUDE_OVERNIGHT = Field("includeOvernight", BOOL, default=False, since=189)
MANUAL_INDICATOR = Field("manualOrderIndicator", MAX_INT, None, since=192)
SUBMITTER = Field("submitter", STR, "", since=198)
IMBALANCE_ONLY = Field("imbalanceOnly", BOOL, default=False, since=199)

PRICE_CAPS: tuple[Node, ...] = (
    *prices("startingPrice", "stockRefPrice"),
    Field("delta", OPT_DOUBLE, None),
    *prices("stockRangeLower", "stockRangeUpper"),
)

DELTA_NEUTRAL_CONTRACT = Maybe("deltaNeutralContract", *DELTA_NEUTRAL)

HEDGE: tuple[Node, ...] = (
    Field("hedgeType", STR, ""),
    When("hedgeType is set", lambda values: bool(values["hedgeType"]), Field("hedgeParam", STR, "")),
)

ALGO: tuple[Node, ...] = (
    Field("algoStrategy", STR, ""),
    When("algoStrategy is set", lambda values: bool(values["algoStrategy"]), Many("algoParams", *TAG_VALUE)),
)

PEG_BENCH = When(
    "orderType is PEG BENCH",
    _is_peg_bench,
    Field("referenceContractId", INT0, 0),
    Field("isPeggedChangeAmountDecrease", BOOL, default=False),
    Field("peggedChangeAmount", OPT_DECIMAL, 0),
    Field("referenceChangeAmount", OPT_DECIMAL, 0),
    Field("referenceExchangeId", STR, ""),
)

_IS_MORE = Field("isMore", BOOL, default=True)
_CON_ID = Field("conId", INT0, 0)
_EXCH = Field("exch", STR, "")

# Condition kinds: 1 price, 3 time, 4 margin, 5 execution, 6 volume, 7 percentage change.
CONDITIONS: tuple[Node, ...] = (
    Many(
        "conditions",
        Field("condType", INT),
        Field("conjunction", STR, "a"),
        Switch(
            "condType",
            {
                1: (_IS_MORE, Field("price", DECIMAL), _CON_ID, _EXCH, Field("triggerMethod", INT0, 0)),
                3: (_IS_MORE, Field("time", STR)),
                4: (_IS_MORE, Field("percent", INT0)),
                5: (Field("secType", STR), _EXCH, Field("symbol", STR)),
                6: (_IS_MORE, Field("volume", INT0), _CON_ID, _EXCH),
                7: (_IS_MORE, Field("changePercent", OPT_DOUBLE), _CON_ID, _EXCH),
            },
        ),
    ),
    When(
        "there are conditions",
        lambda values: bool(values["conditions"]),
        *flags("conditionsIgnoreRth", "conditionsCancelOrder"),
    ),
)


def scale(unset_int: Codec) -> Gate:
    """The scale order's block; ``unset_int`` is how this message writes an unset size."""
    return Gate(
        Field("scaleInitLevelSize", unset_int, None),
        Field("scaleSubsLevelSize", unset_int, None),
        Field("scalePriceIncrement", OPT_DECIMAL, None),
        When(
            "scalePriceIncrement > 0",
            _is_scaled,
            Field("scalePriceAdjustValue", OPT_DECIMAL, None),
            Field("scalePriceAdjustInterval", unset_int, None),
            Field("scaleProfitOffset", OPT_DECIMAL, None),
            Field("scaleAutoReset", BOOL, default=False),
            Field("scaleInitPosition", unset_int, None),
            Field("scaleInitFillQty", unset_int, None),
            Field("scaleRandomPercent", BOOL, default=False),
        ),
    )
