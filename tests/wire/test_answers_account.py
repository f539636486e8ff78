"""What the server says about session, account and news reaches the user of the installed clients as it was meant."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from bot.wire import MessageDirection, message_kinds
from bot.wire.schemas import account as schema_account
from bot.wire.schemas import reference as schema_reference
from bot.wire.schemas import session as schema_session

Call = tuple[Any, ...]


class Case(NamedTuple):
    kind: str
    sent: dict[str, Any]
    calls: list[Call] | Callable[[int], list[Call]]


OPTION = {
    "conId": 495512552,
    "symbol": "SPY",
    "secType": "OPT",
    "lastTradeDateOrContractMonth": "20260116",
    "strike": 627.5,
    "right": "C",
    "multiplier": "100",
    "exchange": "SMART",
    "currency": "USD",
    "localSymbol": "SPY   260116C00627500",
    "tradingClass": "SPY",
}
NO_EXCHANGE = {name: value for name, value in OPTION.items() if name != "exchange"}
UNSET = 1.7976931348623157e308
NOON = 1767697200

SESSION = [
    Case("nextValidId", {"orderId": 7}, [("nextValidId", 7)]),
    Case("managedAccounts", {"accountsList": "DU1,DU2"}, [("managedAccounts", "DU1,DU2")]),
    Case(
        "error",
        {"reqId": 3, "errorCode": 201, "errorString": "Rejected – no", "advancedOrderRejectJson": "{}"},
        lambda version: [("error", 3, 201, "Rejected – no", "{}" if version >= 166 else "")],
    ),
    Case("currentTime", {"time": NOON}, [("currentTime", NOON)]),
    Case("verifyMessageAPI", {"apiData": "x"}, [("verifyMessageAPI", "x")]),
    Case("verifyCompleted", {"isSuccessful": True, "errorText": ""}, [("verifyCompleted", True, "")]),
    Case(
        "verifyAndAuthMessageAPI",
        {"apiData": "x", "xyzChallenge": "y"},
        [("verifyAndAuthMessageAPI", "x", "y")],
    ),
    Case(
        "verifyAndAuthCompleted",
        {"isSuccessful": False, "errorText": "no"},
        [("verifyAndAuthCompleted", False, "no")],
    ),
    Case("displayGroupList", {"reqId": 1, "groups": "1|2"}, [("displayGroupList", 1, "1|2")]),
    Case(
        "displayGroupUpdated",
        {"reqId": 1, "contractInfo": "8314@SMART"},
        [("displayGroupUpdated", 1, "8314@SMART")],
    ),
    Case("userInfo", {"reqId": 1, "whiteBrandingId": "w"}, [("userInfo", 1, "w")]),
    Case("replaceFAEnd", {"reqId": 1, "text": "ok"}, [("replaceFAEnd", 1, "ok")]),
    Case(
        "updateNewsBulletin",
        {"msgId": 1, "msgType": 2, "message": "m", "origExchange": "NYSE"},
        [("updateNewsBulletin", 1, 2, "m", "NYSE")],
    ),
]

ACCOUNT = [
    Case(
        "updateAccountValue",
        {"key": "NetLiquidation", "value": "100.5", "currency": "USD", "accountName": "DU1"},
        [("updateAccountValue", "NetLiquidation", "100.5", "USD", "DU1")],
    ),
    Case(
        "updatePortfolio",
        {
            **NO_EXCHANGE,
            "primaryExchange": "CBOE",
            "position": -2,
            "marketPrice": Decimal("1.25"),
            "marketValue": Decimal(-250),
            "averageCost": Decimal("130.5"),
            "unrealizedPNL": Decimal(11),
            "realizedPNL": None,
            "accountName": "DU1",
        },
        [
            (
                "updatePortfolio",
                NO_EXCHANGE | {"primaryExchange": "CBOE"},
                -2.0,
                1.25,
                -250.0,
                130.5,
                11.0,
                UNSET,
                "DU1",
            )
        ],
    ),
    Case("updateAccountTime", {"timeStamp": "10:31"}, [("updateAccountTime", "10:31")]),
    Case("accountDownloadEnd", {"accountName": "DU1"}, [("accountDownloadEnd", "DU1")]),
    Case(
        "accountUpdateMulti",
        {"reqId": 2, "account": "DU1", "modelCode": "", "key": "k", "value": "v", "currency": "USD"},
        [("accountUpdateMulti", 2, "DU1", "", "k", "v", "USD")],
    ),
    Case("accountUpdateMultiEnd", {"reqId": 2}, [("accountUpdateMultiEnd", 2)]),
    Case(
        "accountSummary",
        {"reqId": 2, "account": "DU1", "tag": "BuyingPower", "value": "5", "currency": "USD"},
        [("accountSummary", 2, "DU1", "BuyingPower", "5", "USD")],
    ),
    Case("accountSummaryEnd", {"reqId": 2}, [("accountSummaryEnd", 2)]),
    Case(
        "position",
        {"account": "DU1", **OPTION, "position": Decimal(3), "avgCost": Decimal("125.5")},
        [("position", "DU1", OPTION, 3.0, 125.5)],
    ),
    Case("positionEnd", {}, [("positionEnd",)]),
    Case(
        "positionMulti",
        {"reqId": 4, "account": "DU1", **OPTION, "position": 3, "avgCost": 125.5, "modelCode": "M"},
        [("positionMulti", 4, "DU1", "M", OPTION, 3.0, 125.5)],
    ),
    Case("positionMultiEnd", {"reqId": 4}, [("positionMultiEnd", 4)]),
    Case(
        "pnl", {"reqId": 4, "dailyPnL": Decimal("-1.5"), "unrealizedPnL": 2}, [("pnl", 4, -1.5, 2.0, UNSET)]
    ),
    Case(
        "pnlSingle",
        {"reqId": 4, "position": 2, "dailyPnL": 1, "unrealizedPnL": 2, "realizedPnL": 3, "value": 4},
        [("pnlSingle", 4, 2.0, 1.0, 2.0, 3.0, 4.0)],
    ),
    Case(
        "familyCodes",
        {"familyCodes": [{"accountID": "DU1", "familyCodeStr": "F"}]},
        [("familyCodes", [{"accountID": "DU1", "familyCodeStr": "F"}])],
    ),
    Case(
        "softDollarTiers",
        {"reqId": 1, "tiers": [{"name": "n", "val": "v", "displayName": "d"}]},
        [("softDollarTiers", 1, [{"name": "n", "val": "v", "displayName": "d"}])],
    ),
    Case("receiveFA", {"faDataType": 1, "xml": "<a/>"}, [("receiveFA", 1, "<a/>")]),
]

REFERENCE = [
    Case("scannerParameters", {"xml": "<x/>"}, [("scannerParameters", "<x/>")]),
    Case(
        "scannerData",
        {
            "reqId": 1,
            "rows": [
                {name: value for name, value in OPTION.items() if name != "multiplier"}
                | {"rank": 0, "marketName": "SPYM", "distance": "d", "benchmark": "b", "projection": "p"}
            ],
        },
        [
            (
                "scannerData",
                1,
                0,
                {
                    "contract": {name: value for name, value in OPTION.items() if name != "multiplier"},
                    "marketName": "SPYM",
                },
                "d",
                "b",
                "p",
                "",
            ),
            ("scannerDataEnd", 1),
        ],
    ),
    Case("fundamentalData", {"reqId": 1, "data": "<f/>"}, [("fundamentalData", 1, "<f/>")]),
    Case("newsArticle", {"reqId": 1, "articleType": 0, "articleText": "t"}, [("newsArticle", 1, 0, "t")]),
    Case(
        "tickNews",
        {"reqId": 1, "timeStamp": NOON * 1000, "providerCode": "BZ", "articleId": "a", "headline": "h"},
        [("tickNews", 1, NOON * 1000, "BZ", "a", "h", "")],
    ),
    Case(
        "newsProviders",
        {"providers": [{"code": "BZ", "name": "Benzinga"}]},
        [("newsProviders", [{"code": "BZ", "name": "Benzinga"}])],
    ),
    Case(
        "historicalNews",
        {
            "reqId": 1,
            "time": "2026-01-06 11:00:00.0",
            "providerCode": "BZ",
            "articleId": "a",
            "headline": "h",
        },
        [("historicalNews", 1, "2026-01-06 11:00:00.0", "BZ", "a", "h")],
    ),
    Case("historicalNewsEnd", {"reqId": 7, "hasMore": True}, [("historicalNewsEnd", 7, True)]),
    Case("wshMetaData", {"reqId": 1, "dataJson": "{}"}, [("wshMetaData", 1, "{}")]),
    Case("wshEventData", {"reqId": 1, "dataJson": "{}"}, [("wshEventData", 1, "{}")]),
]

# Kinds from this server version on are known to neither library.
NUMBERED_ONLY = 179

CASES = [*SESSION, *ACCOUNT, *REFERENCE]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_session_and_account_messages_arrive_as_meant(case: Case, assert_heard: Callable[..., None]) -> None:
    assert_heard(*case)


def test_every_kind_of_session_and_account_messages_is_in_the_table() -> None:
    schemas = [schema_account, schema_reference, schema_session]
    answers = {
        kind.name
        for schema in schemas
        for kind in schema.KINDS
        if kind.direction is MessageDirection.ANSWER and kind.since < NUMBERED_ONLY
    }
    assert {case.kind for case in CASES} == answers


def test_the_schema_has_every_kind_that_the_library_decodes(newest: Any) -> None:
    answers = {
        kind.id
        for kind in message_kinds()
        if kind.direction is MessageDirection.ANSWER and kind.since < NUMBERED_ONLY
    }
    assert answers == set(newest.client.decoder.handlers)
