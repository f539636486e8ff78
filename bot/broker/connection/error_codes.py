"""IB's message codes: what each says, what it does to an order or a request, and what a person can do about it.

Rule: nothing else in the adapter decides by a code. A code that is not in the table and concerns an order is answered by
asking the broker, never by a guess. Source: IBKR Campus, "TWS API: Error Codes", and the behaviour of live gateways.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CodeEffect(StrEnum):
    """What a message does to the order or the request whose id it carries."""

    INFO = "info"
    """Nothing: the order lives, the request goes on."""
    REJECT = "reject"
    """A new order never worked; a request ended."""
    STILL_LIVE = "still_live"
    """The change was refused, the order lives on as it was."""
    ASK_BROKER = "ask_broker"
    """The message alone proves nothing: ask for open orders and executions."""
    CANCEL_ANSWER = "cancel_answer"
    """The cancel was received; what became of the order, the broker must tell."""


@dataclass(frozen=True, slots=True)
class Code:
    """``retriable``: the same request may succeed later without anybody doing anything."""

    number: int
    meaning: str
    effect: CodeEffect
    retriable: bool = False
    remedy: str = ""


_INFO, _REJECT, _LIVE, _ASK, _ANSWER = (
    CodeEffect.INFO,
    CodeEffect.REJECT,
    CodeEffect.STILL_LIVE,
    CodeEffect.ASK_BROKER,
    CodeEffect.CANCEL_ANSWER,
)
_MARKET_DATA_REMEDY = (
    "subscribe to the market data in Client Portal > Settings > Market Data Subscriptions; "
    "the account also needs IB's minimum equity for data over the API"
)
_PRESET_REMEDY = (
    "in the gateway: Configure > API > Precautions, tick 'Bypass Order Precautions', or loosen the preset"
)

_ROWS = (
    Code(0, "approaching the limit of 50 messages a second", _INFO),
    Code(100, "the message rate was exceeded; the socket will probably be closed", _INFO, True),
    Code(101, "no market data line is free", _REJECT, True, "watch fewer contracts or buy a quote booster"),
    Code(102, "ticker id used twice", _REJECT, True),
    Code(103, "order id used twice", _REJECT, False, "raise the order id floor"),
    Code(104, "a filled order cannot be modified", _ASK),
    Code(105, "the modified order does not match the original", _LIVE),
    Code(106, "the order cannot be transmitted", _ASK),
    Code(107, "the order is incomplete", _ASK),
    Code(109, "the price is outside the preset's percentage", _ASK, False, _PRESET_REMEDY),
    Code(110, "the price is off the contract's tick grid", _REJECT),
    Code(133, "the order could not be submitted", _ASK),
    Code(134, "the order could not be modified", _LIVE),
    Code(135, "no order with that id", _ASK),
    Code(136, "the order cannot be cancelled now", _ANSWER),
    Code(161, "the order is in no state to be cancelled", _ANSWER),
    Code(162, "historical data: see the text", _REJECT, True),
    Code(163, "the price breaks the preset's tick limit", _ASK, False, _PRESET_REMEDY),
    Code(165, "historical data farm: news", _INFO),
    Code(200, "no such contract, or more than one", _REJECT),
    Code(201, "the order was rejected", _REJECT),
    Code(202, "the order was cancelled", _ANSWER),
    Code(203, "the security is not allowed for this account", _REJECT, False, "check trading permissions"),
    Code(300, "no market data under that id", _INFO),
    Code(309, "too many market depth requests", _REJECT, True),
    Code(316, "market depth was halted", _INFO),
    Code(317, "market depth was reset", _INFO),
    Code(320, "the gateway could not read the request", _ASK),
    Code(321, "the gateway refused the request", _ASK, False, "is the API in read-only mode?"),
    Code(322, "the gateway could not process the request", _ASK, True),
    Code(323, "the gateway names a cause", _ASK),
    Code(324, "the gateway's DDE part failed", _ASK),
    Code(325, "discretionary orders are not supported for this", _ASK),
    Code(326, "the client id is in use", _REJECT, True, "another program uses broker.client_id; stop it"),
    Code(327, "only client 0 may bind orders automatically", _INFO),
    Code(329, "the order could not be modified: the type cannot change", _LIVE),
    Code(354, "no market data subscription", _REJECT, False, _MARKET_DATA_REMEDY),
    Code(359, "smart combos take OCA type 3 only", _ASK),
    Code(366, "no historical request under that id", _INFO),
    Code(382, "the size breaks the preset's limit", _ASK, False, _PRESET_REMEDY),
    Code(383, "the size breaks the preset's limit", _ASK, False, _PRESET_REMEDY),
    Code(386, "historical request id used twice", _REJECT, True),
    Code(387, "the order type is not supported for this contract", _REJECT),
    Code(388, "the order is smaller than the minimum", _REJECT),
    Code(391, "the order's time is invalid", _REJECT),
    Code(399, "a message about a live order", _INFO),
    Code(404, "the order is held while shares are located", _INFO),
    Code(405, "a child's quantity should equal its parent's", _ASK),
    Code(413, "a what-if must be transmitted", _REJECT),
    Code(434, "the size cannot be zero", _REJECT),
    Code(460, "no trading permission", _REJECT, False, "ask for the permission in Client Portal > Settings"),
    Code(492, "the request could not be served", _ASK),
    Code(501, "already connected", _INFO),
    Code(502, "could not connect", _REJECT, True, "is the gateway running, and is its API port open?"),
    Code(503, "the gateway is too old", _REJECT, False, "update the gateway"),
    Code(504, "not connected", _REJECT, True),
    Code(505, "unknown message id", _REJECT),
    Code(506, "unsupported version", _REJECT, False, "update the gateway"),
    Code(507, "bad message length: the peer closed, or the client id is in use", _REJECT, True),
    Code(1100, "the gateway lost its connection to IB", _INFO, True),
    Code(1101, "connection to IB restored, market data lost", _INFO),
    Code(1102, "connection to IB restored, market data kept", _INFO),
    Code(1300, "the gateway's port has changed", _INFO, False, "set broker.port to the gateway's new port"),
    Code(2100, "account updates were taken over by another client", _INFO),
    Code(2101, "account updates were taken over by another client", _INFO),
    Code(2102, "the order is still being processed", _LIVE, True),
    Code(2103, "a market data farm is down", _INFO, True),
    Code(2104, "a market data farm is up", _INFO),
    Code(2105, "a historical data farm is down", _INFO, True),
    Code(2106, "a historical data farm is up", _INFO),
    Code(2107, "a historical data farm sleeps until it is needed", _INFO),
    Code(2108, "a market data farm sleeps until it is needed", _INFO),
    Code(2109, "outside-hours does not apply to this order and was ignored", _INFO),
    Code(2110, "the gateway lost its connection to IB; it restores itself", _INFO, True),
    Code(2119, "a market data farm is connecting", _INFO),
    Code(2150, "a position's price is unknown", _INFO),
    Code(2157, "the security definition farm is down", _INFO, True),
    Code(2158, "the security definition farm is up", _INFO),
    Code(2161, "a warning about an order", _INFO),
    Code(2168, "a warning about an order", _INFO),
    Code(2169, "a warning about an order", _INFO),
    Code(2174, "a time without a zone was sent", _INFO),
    Code(2198, "the guard lets entries through again", _INFO),
    Code(2199, "the guard has stopped entries", _INFO, False, "ibkr-guard status says why"),
    Code(10089, "market data needs a subscription for the API", _REJECT, False, _MARKET_DATA_REMEDY),
    Code(10090, "part of the market data is not subscribed", _INFO, False, _MARKET_DATA_REMEDY),
    Code(
        10091, "part of the market data needs a subscription for the API", _INFO, False, _MARKET_DATA_REMEDY
    ),
    Code(10147, "cancel: no order with that id", _ANSWER),
    Code(10148, "cancel: the order has already ended", _ANSWER),
    Code(10167, "delayed market data is shown", _INFO, False, _MARKET_DATA_REMEDY),
    Code(10168, "delayed market data is not switched on", _REJECT, False, _MARKET_DATA_REMEDY),
    Code(10182, "live bar updates ended", _REJECT, True),
    Code(10197, "another session takes the live market data", _INFO, True, "log out of TWS or IBKR Mobile"),
    Code(10225, "the bar subscription was deactivated by a bust", _REJECT, True),
    Code(10314, "a time needs its zone", _REJECT),
    Code(10349, "the order's time in force was set by a preset", _INFO, False, _PRESET_REMEDY),
)
TABLE: dict[int, Code] = {row.number: row for row in _ROWS}

NOT_SUBSCRIBED = frozenset({354, 10089})
"""The contract's live data are not paid for: fall back to delayed data, which no entry may use."""


def code(number: int) -> Code:
    """The table's row; an unknown number is asked about, and a notice (2100–2199) is only news."""
    known = TABLE.get(number)
    if known is not None:
        return known
    effect = CodeEffect.INFO if 2100 <= number < 2200 else CodeEffect.ASK_BROKER
    return Code(number, "a code this bot does not know", effect)


def order_effect(number: int, *, is_acknowledged: bool, is_revising: bool) -> CodeEffect:
    """What the code does to one of our orders, given what the broker had said of it before.

    A refusal while a revision is on its way refuses the revision; a refusal of an order that was already accepted is
    not believed without the broker's own books.
    """
    effect = code(number).effect
    if effect is CodeEffect.REJECT and is_revising:
        return CodeEffect.STILL_LIVE if number == 110 else CodeEffect.ASK_BROKER
    if effect is CodeEffect.REJECT and is_acknowledged and number != 201:
        return CodeEffect.ASK_BROKER
    return effect


class RejectReason(StrEnum):
    """Why IB said 201, as far as its text tells."""

    BOTH_SIDES = "both_sides"
    MARGIN = "margin"
    PERMISSION = "permission"
    OTHER = "other"


# 201 carries its reason only in its text: "both sides" from ib_insync #694, the margin words from IB's own sentence "YOUR
# ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED POSITION YOUR EQUITY WITH LOAN VALUE …".
_REJECTION_WORDS = (
    (RejectReason.BOTH_SIDES, ("both sides",)),
    (RejectReason.PERMISSION, ("permission", "not allowed", "not eligible", "no trading")),
    (RejectReason.MARGIN, ("margin", "available funds", "insufficient", "equity with loan", "buying power")),
)


def rejection(text: str) -> RejectReason:
    """Read a 201's text. The order of the words matters: "margin permission" is about the permission."""
    low = text.lower()
    for kind, words in _REJECTION_WORDS:
        if any(word in low for word in words):
            return kind
    return RejectReason.OTHER


class HistoryTrouble(StrEnum):
    """What a 162 means, which only its text tells."""

    PACING = "pacing"
    NO_DATA = "no_data"
    CANCELLED = "cancelled"
    OTHER = "other"


def history_trouble(text: str) -> HistoryTrouble:
    low = text.lower()
    if "pacing" in low:
        return HistoryTrouble.PACING
    if "no data" in low:
        return HistoryTrouble.NO_DATA
    return HistoryTrouble.CANCELLED if "cancel" in low else HistoryTrouble.OTHER
