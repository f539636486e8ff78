"""What the installed clients ask about session, account, orders and news is read with the values that were asked.

``placeOrder`` has its own file.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from bot.wire import MessageDirection, message_kinds
from bot.wire.schemas import account as schema_account
from bot.wire.schemas import orders as schema_orders
from bot.wire.schemas import reference as schema_reference
from bot.wire.schemas import session as schema_session


class Case(NamedTuple):
    method: str
    arguments: Callable[[Any], tuple[Any, ...]]
    expected: dict[str, Any] | Callable[[int], dict[str, Any]]


def option(ib: Any) -> Any:
    return ib.Option("SPY", "20260116", 627.5, "C", "SMART", "100", "USD", conId=495512552, **NAMES)


NAMES = {"primaryExchange": "CBOE", "localSymbol": "SPY   260116C00627500", "tradingClass": "SPYW"}
OPTION = {
    "conId": 495512552,
    "symbol": "SPY",
    "secType": "OPT",
    "lastTradeDateOrContractMonth": "20260116",
    "strike": Decimal("627.5"),
    "right": "C",
    "multiplier": "100",
    "exchange": "SMART",
    "currency": "USD",
    **NAMES,
}
NOT_PRIMARY = {name: value for name, value in OPTION.items() if name != "primaryExchange"}


def with_contract(*arguments: Any) -> Callable[[Any], tuple[Any, ...]]:
    return lambda ib: (1, option(ib), *arguments)


def plainly(*arguments: Any) -> Callable[[Any], tuple[Any, ...]]:
    return lambda _: arguments


def only_id(method: str) -> Case:
    return Case(method, plainly(1), {"reqId": 1})


def bare(method: str) -> Case:
    return Case(method, plainly(), {})


SESSION = [
    Case("startApi", plainly(), {"clientId": -1, "optCapab": ""}),
    Case("reqIds", plainly(1), {"numIds": 1}),
    bare("reqManagedAccts"),
    bare("reqCurrentTime"),
    Case("setServerLogLevel", plainly(2), {"logLevel": 2}),
    Case("verifyRequest", plainly("n", "1"), {"apiName": "n", "apiVersion": "1"}),
    Case("verifyMessage", plainly("d"), {"apiData": "d"}),
    Case(
        "verifyAndAuthRequest",
        plainly("n", "1", "k"),
        {"apiName": "n", "apiVersion": "1", "opaqueIsvKey": "k"},
    ),
    Case(
        "verifyAndAuthMessage",
        plainly("d", "x"),
        {"apiData": "d", "xyzResponse": "x"},
    ),
    only_id("queryDisplayGroups"),
    Case("subscribeToGroupEvents", plainly(1, 2), {"reqId": 1, "groupId": 2}),
    Case("updateDisplayGroup", plainly(1, "c"), {"reqId": 1, "contractInfo": "c"}),
    only_id("unsubscribeFromGroupEvents"),
    only_id("reqUserInfo"),
    Case("reqNewsBulletins", plainly(True), {"allMsgs": True}),
    bare("cancelNewsBulletins"),
]

ACCOUNT = [
    Case("reqAccountUpdates", plainly(True, "DU1"), {"subscribe": True, "acctCode": "DU1"}),
    Case(
        "reqAccountUpdatesMulti",
        plainly(1, "DU1", "M", True),
        {"reqId": 1, "account": "DU1", "modelCode": "M", "ledgerAndNLV": True},
    ),
    only_id("cancelAccountUpdatesMulti"),
    Case(
        "reqAccountSummary",
        plainly(1, "All", "BuyingPower,NetLiquidation"),
        {"reqId": 1, "groupName": "All", "tags": "BuyingPower,NetLiquidation"},
    ),
    only_id("cancelAccountSummary"),
    bare("reqPositions"),
    bare("cancelPositions"),
    Case(
        "reqPositionsMulti",
        plainly(1, "DU1", ""),
        {"reqId": 1, "account": "DU1", "modelCode": ""},
    ),
    only_id("cancelPositionsMulti"),
    Case("reqPnL", plainly(1, "DU1", ""), {"reqId": 1, "account": "DU1", "modelCode": ""}),
    only_id("cancelPnL"),
    Case(
        "reqPnLSingle",
        plainly(1, "DU1", "", 5),
        {"reqId": 1, "account": "DU1", "modelCode": "", "conId": 5},
    ),
    only_id("cancelPnLSingle"),
    bare("reqFamilyCodes"),
    only_id("reqSoftDollarTiers"),
    Case("requestFA", plainly(1), {"faDataType": 1}),
    Case("replaceFA", plainly(9, 1, "<x/>"), {"faDataType": 1, "xml": "<x/>", "reqId": 9}),
]

FILTER = {
    "clientId": 5,
    "acctCode": "DU1",
    "time": "t",
    "symbol": "SPY",
    "secType": "OPT",
    "exchange": "X",
    "side": "BUY",
}
ORDERS = [
    Case(
        "cancelOrder",
        plainly(12, "t"),
        lambda version: {"orderId": 12} | ({"manualCancelOrderTime": "t"} if version >= 169 else {}),
    ),
    bare("reqGlobalCancel"),
    bare("reqOpenOrders"),
    bare("reqAllOpenOrders"),
    Case("reqAutoOpenOrders", plainly(True), {"bAutoBind": True}),
    Case("reqCompletedOrders", plainly(False), {"apiOnly": False}),
    Case("reqExecutions", lambda ib: (1, ib.ExecutionFilter(**FILTER)), {"reqId": 1, **FILTER}),
    Case(
        "exerciseOptions",
        with_contract(1, 2, "DU1", 0),
        {
            "reqId": 1,
            **NOT_PRIMARY,
            "exerciseAction": 1,
            "exerciseQuantity": 2,
            "account": "DU1",
            "override": 0,
        },
    ),
]

SCAN = {
    "numberOfRows": 5,
    "instrument": "STK",
    "locationCode": "STK.US",
    "scanCode": "HOT_BY_VOLUME",
    "abovePrice": 1.5,
    "belowPrice": 2.5,
    "aboveVolume": 100,
    "marketCapAbove": 1e6,
    "marketCapBelow": 1e9,
    "moodyRatingAbove": "A1",
    "moodyRatingBelow": "A2",
    "spRatingAbove": "B1",
    "spRatingBelow": "B2",
    "maturityDateAbove": "20300101",
    "maturityDateBelow": "20310101",
    "couponRateAbove": 1.25,
    "couponRateBelow": 4.25,
    "excludeConvertible": True,
    "averageOptionVolumeAbove": 50,
    "scannerSettingPairs": "p",
    "stockTypeFilter": "ETF",
}


def calendar(version: int) -> dict[str, Any]:
    values: dict[str, Any] = {"reqId": 1, "conId": 756733}
    if version >= 171:
        values |= {"filter": "f", "fillWatchlist": True, "fillPortfolio": False, "fillCompetitors": True}
    if version >= 173:
        values |= {"startDate": "20260101", "endDate": "", "totalLimit": None}
    return values


def scan(ib: Any) -> tuple[Any, ...]:
    return 1, ib.ScannerSubscription(**SCAN), [], [ib.TagValue("a", "1")]


REFERENCE = [
    Case(
        "reqScannerSubscription",
        scan,
        {
            "reqId": 1,
            **SCAN,
            "filterOptions": "a=1;",
            "subscriptionOptions": "",
        },
    ),
    only_id("cancelScannerSubscription"),
    bare("reqScannerParameters"),
    Case(
        "reqFundamentalData",
        with_contract("ReportSnapshot", []),
        {
            "reqId": 1,
            **{
                name: OPTION[name]
                for name in (
                    "conId",
                    "symbol",
                    "secType",
                    "exchange",
                    "primaryExchange",
                    "currency",
                    "localSymbol",
                )
            },
            "reportType": "ReportSnapshot",
            "optionsCount": "0",
            "fundamentalDataOptions": "",
        },
    ),
    only_id("cancelFundamentalData"),
    Case(
        "reqNewsArticle",
        plainly(1, "BZ", "a", []),
        {"reqId": 1, "providerCode": "BZ", "articleId": "a", "newsArticleOptions": ""},
    ),
    bare("reqNewsProviders"),
    Case(
        "reqHistoricalNews",
        plainly(1, 756733, "BZ", "s", "e", 10, []),
        {
            "reqId": 1,
            "conId": 756733,
            "providerCodes": "BZ",
            "startDateTime": "s",
            "endDateTime": "e",
            "totalResults": 10,
            "historicalNewsOptions": "",
        },
    ),
    only_id("reqWshMetaData"),
    only_id("cancelWshMetaData"),
    Case(
        "reqWshEventData",
        lambda ib: (
            1,
            ib.WshEventData(
                conId=756733, filter="f", fillWatchlist=True, fillCompetitors=True, startDate="20260101"
            ),
        ),
        calendar,
    ),
    only_id("cancelWshEventData"),
]

# Kinds from this server version on are known to neither library.
NUMBERED_ONLY = 179

CASES = [*SESSION, *ACCOUNT, *ORDERS, *REFERENCE]
SCHEMAS = [schema_account, schema_orders, schema_reference, schema_session]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.method)
def test_account_request_is_read_as_it_was_asked(case: Case, assert_said: Callable[..., None]) -> None:
    assert_said(*case)


def test_every_account_request_is_in_the_table() -> None:
    kinds = {
        kind.name
        for schema in SCHEMAS
        for kind in schema.KINDS
        if kind.direction is MessageDirection.REQUEST and kind.since < NUMBERED_ONLY
    }
    assert {case.method for case in CASES} == kinds - {"placeOrder"}


def test_the_schema_has_every_method_by_which_the_library_sends(newest: Any) -> None:
    methods = {
        name
        for name, method in inspect.getmembers(type(newest.client), inspect.isfunction)
        if "self.send(" in inspect.getsource(method)
    }
    requests = {
        kind.name
        for kind in message_kinds()
        if kind.direction is MessageDirection.REQUEST and kind.since < NUMBERED_ONLY
    }
    assert requests == methods - {"send", "sendMsg"}
