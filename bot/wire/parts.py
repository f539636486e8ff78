"""Runs of fields that several messages share: contracts, legs, bars, tag-value pairs.

Rule: only what appears in more than one message. Layouts derive from the client libraries ib_insync 0.9.86 and
ib_async 2.1.0 (both BSD-2-Clause).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.wire.fields import ASKED_RIGHT, DECIMAL0, INT, INT0, OPT_DECIMAL, OPT_DOUBLE, STR
from bot.wire.nodes import Field, Gate, Many, Node, When

__all__ = [
    "ANSWER_CONTRACT",
    "DELTA_NEUTRAL",
    "LEG",
    "REQUEST_CONTRACT",
    "REQUEST_LEGS",
    "REQ_ID",
    "TAG_VALUE",
    "is_bag",
]

REQ_ID = Field("reqId", INT)

_EXPIRY: tuple[Node, ...] = (Field("lastTradeDateOrContractMonth", STR, ""), Field("strike", DECIMAL0, 0))
_MULTIPLIER = Field("multiplier", STR, "")

REQUEST_CONTRACT = Gate(
    Field("conId", INT0, 0),
    Field("symbol", STR, ""),
    Field("secType", STR, ""),
    *_EXPIRY,
    Field("right", ASKED_RIGHT, ""),
    _MULTIPLIER,
    Field("exchange", STR, ""),
    Field("primaryExchange", STR, ""),
    Field("currency", STR, ""),
    Field("localSymbol", STR, ""),
    Field("tradingClass", STR, ""),
)
"""Twelve fields, all optional: the client describes what it looks for."""

ANSWER_CONTRACT = Gate(
    Field("conId", INT0),
    Field("symbol", STR),
    Field("secType", STR),
    *_EXPIRY,
    Field("right", STR, ""),
    _MULTIPLIER,
    Field("exchange", STR, ""),
    Field("currency", STR),
    Field("localSymbol", STR, ""),
    Field("tradingClass", STR, ""),
)
"""Eleven fields: no primary exchange."""

TAG_VALUE: tuple[Node, ...] = (Field("tag", STR), Field("value", STR))

LEG: tuple[Node, ...] = (
    Field("conId", INT0),
    Field("ratio", INT0, 1),
    Field("action", STR),
    Field("exchange", STR, ""),
)


def is_bag(values: Mapping[str, Any]) -> bool:
    """A combination: its legs follow."""
    return bool(values["secType"] == "BAG")


REQUEST_LEGS = When("secType is BAG", is_bag, Many("comboLegs", *LEG))
"""Legs of a combination in a data request."""

DELTA_NEUTRAL: tuple[Node, ...] = (
    Field("conId", INT0),
    Field("delta", OPT_DOUBLE, None),
    Field("price", OPT_DECIMAL, None),
)
