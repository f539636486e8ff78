"""What the server says about contracts reaches the user of the installed clients as it was meant."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from bot.wire import MessageDirection
from bot.wire.schemas import contracts as schema_contracts

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


def details_calls(version: int) -> list[Call]:
    expected: dict[str, Any] = {
        "contract": {
            **OPTION,
            "primaryExchange": "CBOE",
        },
        "lastTradeTime": "16:00:00",
        "marketName": "SPYM",
        "contractMonth": "202601",
        "industry": "Funds",
        "category": "Equity Fund",
        "subcategory": "Growth&Income",
        "minTick": 0.01,
        "orderTypes": "LMT,MKT",
        "validExchanges": "SMART,CBOE",
        "priceMagnifier": 1,
        "underConId": 756733,
        "longName": "SPDR S&P 500 – ÉTF\\",
        "timeZoneId": "US/Eastern",
        "tradingHours": "20260106:0930-20260106:1615",
        "liquidHours": "20260106:0930-20260106:1600",
        "secIdList": [{"tag": "ISIN", "value": "US78462F1030"}],
        "aggGroup": 2,
        "underSymbol": "SPY",
        "underSecType": "STK",
        "marketRuleIds": "32,109",
        "realExpirationDate": "20260116",
    }
    if version >= 164:
        expected |= {"minSize": 2.0, "sizeIncrement": 1.0}
    if version >= 163:
        expected |= {"suggestedSizeIncrement": 5.0}
    return [("contractDetails", 9, expected)]


DETAILS = {
    **OPTION,
    "lastTradeDateOrContractMonth": "20260116-16:00:00",
    "primaryExchange": "CBOE",
    "marketName": "SPYM",
    "contractMonth": "202601",
    "industry": "Funds",
    "category": "Equity Fund",
    "subcategory": "Growth&Income",
    "minTick": Decimal("0.01"),
    "orderTypes": "LMT,MKT",
    "validExchanges": "SMART,CBOE",
    "underConId": 756733,
    "longName": "SPDR S&P 500 – ÉTF\\",
    "timeZoneId": "US/Eastern",
    "tradingHours": "20260106:0930-20260106:1615",
    "liquidHours": "20260106:0930-20260106:1600",
    "secIdList": [{"tag": "ISIN", "value": "US78462F1030"}],
    "aggGroup": 2,
    "underSymbol": "SPY",
    "underSecType": "STK",
    "marketRuleIds": "32,109",
    "realExpirationDate": "20260116",
    "minSize": 2,
    "suggestedSizeIncrement": 5,
}
BOND = {
    "symbol": "IBM",
    "secType": "BOND",
    "cusip": "459200101",
    # A whole one: ib_insync cannot read a coupon with decimals.
    "coupon": 3,
    "maturity": "20300115",
    "issueDate": "20200115",
    "ratings": "A",
    "bondType": "Corp",
    "couponType": "FIXED",
    "marketName": "IBMM",
    "tradingClass": "IBMC",
    "orderTypes": "LMT",
    "validExchanges": "SMART,BOND",
    "nextOptionDate": "20280115",
    "nextOptionType": "CALL",
    "secIdList": [{"tag": "ISIN", "value": "US1"}],
    "minSize": 2,
    "suggestedSizeIncrement": 5,
    "callable": True,
    "exchange": "SMART",
    "currency": "USD",
    "conId": 15960357,
    "minTick": Decimal("0.001"),
    "longName": "IBM 3 1/2",
}


def bond_calls(version: int) -> list[Call]:
    contract = {
        name: BOND[name] for name in ("symbol", "secType", "exchange", "currency", "conId", "tradingClass")
    }
    expected: dict[str, Any] = {"contract": contract, "aggGroup": 1, "minTick": 0.001, "coupon": 3}
    elsewhere = {*contract, "minSize", "suggestedSizeIncrement"}
    expected |= {name: value for name, value in BOND.items() if name not in elsewhere} | {"minTick": 0.001}
    if version >= 164:
        expected |= {"minSize": 2.0, "sizeIncrement": 1.0, "suggestedSizeIncrement": 5.0}
    return [("bondContractDetails", 9, expected)]


def samples_calls(version: int) -> list[Call]:
    contract = {
        "conId": 756733,
        "symbol": "SPY",
        "secType": "STK",
        "primaryExchange": "ARCA",
        "currency": "USD",
    }
    if version >= 176:
        contract |= {"description": "SPDR", "issuerId": "e1"}
    return [("symbolSamples", 5, [{"contract": contract, "derivativeSecTypes": ["OPT", "WAR"]}])]


CONTRACTS = [
    Case("contractDetails", {"reqId": 9, **DETAILS}, details_calls),
    Case("bondContractDetails", {"reqId": 9, **BOND}, bond_calls),
    Case("contractDetailsEnd", {"reqId": 9}, [("contractDetailsEnd", 9)]),
    Case(
        "securityDefinitionOptionParameter",
        {
            "reqId": 6,
            "exchange": "CBOE",
            "underlyingConId": 756733,
            "tradingClass": "SPY",
            "multiplier": "100",
            "expirations": ["20260116", "20260123"],
            "strikes": [Decimal("627.5"), 630],
        },
        # The libraries hand the underlying's id on as text.
        [
            (
                "securityDefinitionOptionParameter",
                6,
                "CBOE",
                "756733",
                "SPY",
                "100",
                ["20260116", "20260123"],
                [627.5, 630.0],
            )
        ],
    ),
    Case("securityDefinitionOptionParameterEnd", {"reqId": 6}, [("securityDefinitionOptionParameterEnd", 6)]),
    Case(
        "symbolSamples",
        {
            "reqId": 5,
            "contractDescriptions": [
                {
                    "conId": 756733,
                    "symbol": "SPY",
                    "secType": "STK",
                    "primaryExchange": "ARCA",
                    "currency": "USD",
                    "derivativeSecTypes": ["OPT", "WAR"],
                    "description": "SPDR",
                    "issuerId": "e1",
                }
            ],
        },
        samples_calls,
    ),
    Case(
        "marketRule",
        {"marketRuleId": 26, "priceIncrements": [{"lowEdge": 3, "increment": Decimal("0.05")}]},
        [("marketRule", 26, [{"lowEdge": 3.0, "increment": 0.05}])],
    ),
    Case(
        "mktDepthExchanges",
        {
            "descriptions": [
                {"exchange": "ISLAND", "secType": "STK", "serviceDataType": "Deep2", "aggGroup": 1}
            ]
        },
        [
            (
                "mktDepthExchanges",
                [{"exchange": "ISLAND", "secType": "STK", "serviceDataType": "Deep2", "aggGroup": 1}],
            )
        ],
    ),
    Case(
        "smartComponents",
        {"reqId": 8, "components": [{"bitNumber": 1, "exchange": "ISLAND", "exchangeLetter": "Q"}]},
        [("smartComponents", 8, [{"bitNumber": 1, "exchange": "ISLAND", "exchangeLetter": "Q"}])],
    ),
]


CASES = [*CONTRACTS]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_contract_messages_arrive_as_meant(case: Case, assert_heard: Callable[..., None]) -> None:
    assert_heard(*case)


def test_every_kind_of_contract_messages_is_in_the_table() -> None:
    schemas = [schema_contracts]
    answers = {
        kind.name for schema in schemas for kind in schema.KINDS if kind.direction is MessageDirection.ANSWER
    }
    assert {case.kind for case in CASES} == answers
