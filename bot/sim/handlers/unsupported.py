"""Requests for what this gateway does not have: news, scanners, fundamentals, event calendars.

Rule: a client is never left waiting; each gets IB's own "not available", or an empty list where IB has one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sim.gateway.core import GatewayCore, Handler

if TYPE_CHECKING:
    from bot.sim.gateway.session import ClientSession
    from bot.wire import WireMessage

_EMPTY_SCANNER = '<?xml version="1.0" encoding="UTF-8"?><ScanParameterResponse></ScanParameterResponse>'


def _answer(code: int, text: str) -> Handler:
    def handler(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
        core.error(session, message.reqId, code, text)

    return handler


def scanner_parameters(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    del message
    core.send(session, "scannerParameters", xml=_EMPTY_SCANNER)


def news_providers(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    del message
    core.send(session, "newsProviders", providers=[])


def nothing_to_cancel(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    """Cancels of what never began: IB takes them without a word."""
    del core, session, message


_NO_SCANNER = _answer(
    162, "Historical Market Data Service error message:API scanner subscription is not available"
)
_NO_CALENDAR = _answer(10276, "News feed is not allowed.")

SAID: dict[str, str] = {
    "reqScannerSubscription": "refused: 162",
    "cancelScannerSubscription": "refused: 365",
    "reqScannerParameters": "an empty list",
    "reqFundamentalData": "refused: 430",
    "reqNewsProviders": "an empty list",
    "reqNewsArticle": "refused: 10172",
    "reqHistoricalNews": "refused: 10276",
    "reqWshMetaData": "refused: 10276",
    "reqWshEventData": "refused: 10276",
}
"""What becomes of each, for the table of message kinds; any other is taken without a word."""

HANDLERS: dict[str, Handler] = {
    "reqScannerSubscription": _NO_SCANNER,
    "cancelScannerSubscription": _answer(365, "No scanner subscription found for ticker id"),
    "reqScannerParameters": scanner_parameters,
    "reqFundamentalData": _answer(
        430, "The fundamentals data for the security specified is not available.Not allowed"
    ),
    "cancelFundamentalData": nothing_to_cancel,
    "cancelContractData": nothing_to_cancel,
    "cancelHistoricalTicks": nothing_to_cancel,
    "reqNewsProviders": news_providers,
    "reqNewsArticle": _answer(10172, "Failed to request news article:Not allowed"),
    "reqHistoricalNews": _answer(10276, "News feed is not allowed."),
    "reqWshMetaData": _NO_CALENDAR,
    "cancelWshMetaData": nothing_to_cancel,
    "reqWshEventData": _NO_CALENDAR,
    "cancelWshEventData": nothing_to_cancel,
}
