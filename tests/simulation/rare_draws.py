"""Faults of a stream of their own, so that the seeds that do not draw one mean what they meant before there were any.

Figures of the account that make no sense, answers to what-if questions that lack one, books that nobody can trade on, a disk of
which single writes fail, refusals one after another, and codes that gateways say seldom.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, Final

from tests.simulation.fault_draws import Draw

SHARE: Final = 0.25
"""Of runs that draw one."""
UNSET: Final = "1.7976931348623157E308"
"""As IB writes a figure that it does not know (TWS API, "Double.MAX_VALUE")."""

REFUSALS: Final = (
    (106, "Can't transmit order ID:"),
    (109, "Price is out of the range defined by the Precautionary Settings at Order Presets."),
    (163, "The price specified would cause the trade to be rejected."),
    (320, "Server error when reading an API client request."),
    (322, "Server error when processing an API client request."),
    (382, "The price specified violates the percentage constraint specified in the default order Presets."),
    (387, "Unsupported order type for this exchange and security type."),
    (391, "Order has an invalid time."),
    (413, "What-if orders should have their Transmit flag set to TRUE."),
    (460, "No trading permissions."),
    (10314, "End Date/Time: The date, time, or time-zone entered is invalid."),
)
WORDS: Final = (
    (165, "Historical market Data Service query message."),
    (327, "Only API connections with clientId set to 0 can set the auto bind TWS orders property."),
    (1100, "Connectivity between IBKR and Trader Workstation has been lost."),
    (
        2110,
        "Connectivity between Trader Workstation and server is broken. It will be restored automatically.",
    ),
    (2174, "Warning: You submitted request with date-time attributes without explicit time zone."),
    (10090, "Part of requested market data is not subscribed."),
)
"""IB, "Message codes". What 1100 and 2110 lose nobody says that it is found again."""


def _figures(chance: Random) -> tuple[dict[str, Any], float]:
    key, value = chance.choice(
        [
            ("NetLiquidation", "0.00"),
            ("NetLiquidation", "-250.00"),
            ("NetLiquidation", "NaN"),
            ("AvailableFunds", "NaN"),
            ("AvailableFunds", "-250.00"),
            ("AvailableFunds", "0.00"),
            ("AvailableFunds", "90.00"),
        ]
    )
    seconds = round(chance.uniform(60, 400), 1)
    return {"key": key, "value": value, "seconds": seconds}, seconds


def _margin(chance: Random) -> tuple[dict[str, Any], float]:
    fields = chance.choice(
        [{"initMarginAfter": UNSET}, {"equityWithLoanAfter": UNSET}, {"initMarginAfter": "9000000.0"}]
    )
    seconds = round(chance.uniform(60, 400), 1)
    return {"fields": fields, "seconds": seconds}, seconds


def _book(chance: Random) -> tuple[dict[str, Any], float]:
    """Of every option that is watched."""
    seconds = round(chance.uniform(30, 400), 1)
    book = chance.choice(["wide", "no bid", "no ask", "nothing", "crossed", "above", "dear"])
    return {"book": book, "seconds": seconds}, seconds


def _write_errors(chance: Random) -> tuple[dict[str, Any], float]:
    count, every_s = chance.choice([1, 2, 3, 3, 4]), round(chance.uniform(15, 150), 1)
    return {"count": count, "every_s": every_s}, count * every_s + 30.0


def _refusals(chance: Random) -> tuple[dict[str, Any], float]:
    """Entry upon entry."""
    text = "Order rejected - reason:The account is restricted."
    return {"code": 201, "text": text, "count": chance.randint(3, 12), "action": "BUY"}, 600.0


def _said(words: Sequence[tuple[int, str]], lasts_s: float, **more: Any) -> Draw:
    return lambda chance: (dict(zip(("code", "text"), chance.choice(words), strict=True)) | more, lasts_s)


EARLY: Final = ("refusals",)
"""Before the first signal: three ideas must meet it before it is a storm."""
RARE: Final[dict[str, tuple[str, Draw]]] = {
    "odd_figures": ("odd_figures", _figures),
    "odd_margin": ("odd_margin", _margin),
    "odd_books": ("odd_books", _book),
    "write_errors": ("write_errors", _write_errors),
    "refusals": ("reject", _refusals),
    "rare refusal": ("reject", _said(REFUSALS, 120.0)),
    "rare word": ("say", _said(WORDS, 60.0)),
    "pending_cancel": (
        "odd_status",
        lambda chance: ({"status": "PendingCancel", "count": chance.randint(1, 2)}, 120.0),
    ),
}
"""What a fault is called here, and its name among the simulation's."""
