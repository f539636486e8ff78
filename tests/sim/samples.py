"""Plausible values for a request of any kind."""

from __future__ import annotations

from bot.wire import field_names
from tests.sim.raw import SPY

KNOWN: dict[str, object] = {
    **SPY,
    "reqId": 77,
    "orderId": 9,
    "clientId": 0,
    "underlyingSymbol": "SPY",
    "underlyingSecType": "STK",
    "underlyingConId": 756733,
    "pattern": "SP",
    "marketRuleId": 26,
    "bboExchange": "9c0001",
    "barSizeSetting": "1 min",
    "durationStr": "1 D",
    "whatToShow": "TRADES",
    "endDateTime": "",
    "startDateTime": "20110104-14:30:00",
    "numberOfTicks": 10,
    "timePeriod": "1 day",
    "tickType": "BidAsk",
    "marketDataType": 1,
    "groupName": "All",
    "tags": "NetLiquidation",
    "subscribe": True,
    "action": "BUY",
    "totalQuantity": 1,
    "orderType": "LMT",
    "lmtPrice": 100,
    "optionPrice": 1.0,
    "volatility": 0.2,
    "underPrice": 127.0,
    "exerciseAction": 1,
    "exerciseQuantity": 1,
    "bAutoBind": True,
    "numRows": 5,
    "faDataType": 1,
    "xml": "",
    "logLevel": 1,
    "allMsgs": True,
    "apiName": "x",
    "apiVersion": "1",
    "apiData": "x",
    "opaqueIsvKey": "x",
    "xyzResponse": "x",
    "groupId": 1,
    "contractInfo": "x",
    "reportType": "x",
    "providerCode": "x",
    "articleId": "x",
    "providerCodes": "x",
    "totalResults": 1,
}


def samples(kind: str) -> dict[str, object]:
    """The values a client would give for ``kind``."""
    names = field_names(kind)
    return {name: value for name, value in KNOWN.items() if name in names}
