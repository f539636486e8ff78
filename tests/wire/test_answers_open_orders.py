"""Open and completed orders, branch by branch, reach the user of the installed clients as they were meant."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import ib_insync
import pytest

from bot.wire import encode, field_names
from bot.wire.schemas import open_orders as schema_open_orders

Call = tuple[Any, ...]
NEWEST = 178  # the newest version that a library offers
UNSET_TEXT = "1.7976931348623157E308"

STOCK: dict[str, Any] = {
    "conId": 756733,
    "symbol": "SPY",
    "secType": "STK",
    "exchange": "SMART",
    "currency": "USD",
    "localSymbol": "SPY",
    "tradingClass": "SPY",
}
OPTION: dict[str, Any] = {
    "conId": 495512552,
    "symbol": "SPY",
    "secType": "OPT",
    "lastTradeDateOrContractMonth": "20260116",
    "strike": Decimal("627.5"),
    "right": "C",
    "multiplier": "100",
    "exchange": "SMART",
    "currency": "USD",
    "localSymbol": "SPY   260116C00627500",
    "tradingClass": "SPY",
}
ORDER: dict[str, Any] = {
    "action": "BUY",
    "totalQuantity": Decimal(2),
    "orderType": "LMT",
    "lmtPrice": Decimal("1.25"),
    "account": "DU1",
    "permId": 1000099,
    "status": "Submitted",
}
OPEN_ONLY: dict[str, Any] = {"orderId": 12, "clientId": 5}
COMPLETED_ONLY: dict[str, Any] = {"filledQuantity": Decimal(1)}
LEGS = [
    {"conId": 101, "ratio": 1, "action": "BUY", "exchange": "SMART", "openClose": 1},
    {
        "conId": 102,
        "ratio": 2,
        "action": "SELL",
        "exchange": "CBOE",
        "shortSaleSlot": 2,
        "designatedLocation": "L",
    },
]
CONDITIONS = [
    {"condType": 1, "conjunction": "o", "isMore": False, "price": 627.5, "conId": 756733, "exch": "SMART"},
    {"condType": 3, "isMore": False, "time": "20260106 11:00:00 US/Eastern"},
    {"condType": 4, "percent": 30},
    {"condType": 5, "secType": "STK", "exch": "SMART", "symbol": "SPY"},
    {"condType": 6, "volume": 100, "conId": 756733, "exch": "SMART"},
    {"condType": 7, "changePercent": 1.5, "conId": 756733, "exch": "SMART"},
]

BRANCHES: dict[str, dict[str, Any]] = {
    "a stock order with nothing else": {**STOCK, **ORDER},
    "a bracket's stop": {
        **OPTION,
        **ORDER,
        "action": "SELL",
        "orderType": "STP",
        "lmtPrice": None,
        "auxPrice": Decimal("0.9"),
        "tif": "GTC",
        "ocaGroup": "oca-1",
        "ocaType": 1,
        "parentId": 11,
        "orderRef": "ref-1",
        "triggerMethod": 2,
        "outsideRth": True,
        "status": "PreSubmitted",
    },
    "a trailing stop": {**STOCK, **ORDER, "orderType": "TRAIL", "trailStopPrice": 1.5, "trailingPercent": 2},
    "a combination": {
        **STOCK,
        **ORDER,
        "secType": "BAG",
        "comboLegsDescrip": "1|2",
        "comboLegs": LEGS,
        "orderComboLegs": [{"price": Decimal("1.5")}, {"price": None}],
        "smartComboRoutingParams": [{"tag": "NonGuaranteed", "value": "1"}],
        "basisPoints": Decimal("2.5"),
        "basisPointsType": 1,
    },
    "an algorithm": {
        **STOCK,
        **ORDER,
        "algoStrategy": "Adaptive",
        "algoParams": [{"tag": "adaptivePriority", "value": "Normal"}],
    },
    "an algorithm without parameters": {**STOCK, **ORDER, "algoStrategy": "Vwap"},
    "a scale order": {
        **STOCK,
        **ORDER,
        "scaleInitLevelSize": 1,
        "scaleSubsLevelSize": 2,
        "scalePriceIncrement": Decimal("0.5"),
        "scalePriceAdjustValue": Decimal("0.25"),
        "scalePriceAdjustInterval": 60,
        "scaleProfitOffset": Decimal("0.75"),
        "scaleAutoReset": True,
        "scaleInitPosition": 3,
        "scaleInitFillQty": 1,
        "scaleRandomPercent": True,
    },
    "a hedge": {**STOCK, **ORDER, "hedgeType": "B", "hedgeParam": "0.5"},
    "a volatility order with a delta-neutral leg": {
        **OPTION,
        **ORDER,
        "orderType": "VOL",
        "volatility": 0.25,
        "volatilityType": 2,
        "deltaNeutralOrderType": "LMT",
        "deltaNeutralAuxPrice": Decimal("1.5"),
        "deltaNeutralConId": 756733,
        "deltaNeutralSettlingFirm": "F",
        "deltaNeutralClearingAccount": "A",
        "deltaNeutralClearingIntent": "IB",
        "deltaNeutralOpenClose": "O",
        "deltaNeutralShortSale": True,
        "deltaNeutralShortSaleSlot": 2,
        "deltaNeutralDesignatedLocation": "L",
        "continuousUpdate": True,
        "referencePriceType": 1,
        "deltaNeutralContract": {"conId": 756733, "delta": 0.5, "price": 627.5},
    },
    "a type without a delta-neutral leg": {**STOCK, **ORDER, "deltaNeutralOrderType": ""},
    "pegged to a benchmark": {
        **STOCK,
        **ORDER,
        "orderType": "PEG BENCH",
        "referenceContractId": 756733,
        "isPeggedChangeAmountDecrease": True,
        "peggedChangeAmount": Decimal("0.5"),
        "referenceChangeAmount": Decimal("0.25"),
        "referenceExchangeId": "ISLAND",
    },
    "conditions of every kind": {
        **STOCK,
        **ORDER,
        "conditions": CONDITIONS,
        "conditionsIgnoreRth": True,
        "conditionsCancelOrder": True,
    },
    "an adjusted stop": {
        **STOCK,
        **ORDER,
        "adjustedOrderType": "TRAIL",
        "triggerPrice": Decimal("1.5"),
        "trailStopPrice": Decimal("1.25"),
        "lmtPriceOffset": Decimal("0.1"),
        "adjustedStopPrice": Decimal("1.1"),
        "adjustedStopLimitPrice": Decimal("1.2"),
        "adjustedTrailingAmount": Decimal("0.3"),
        "adjustableTrailingUnit": 1,
    },
    "a what-if answer": {
        **OPTION,
        **ORDER,
        "whatIf": True,
        "status": "PreSubmitted",
        "initMarginBefore": Decimal("100.5"),
        "maintMarginBefore": Decimal("90.5"),
        "equityWithLoanBefore": Decimal("1000.5"),
        "initMarginChange": Decimal("10.5"),
        "maintMarginChange": Decimal("9.5"),
        "equityWithLoanChange": Decimal("-1.5"),
        "initMarginAfter": Decimal("111.0"),
        "maintMarginAfter": Decimal("100.0"),
        "equityWithLoanAfter": Decimal("999.0"),
        "commission": Decimal("1.05"),
        "minCommission": Decimal("0.5"),
        "maxCommission": Decimal("2.5"),
        "commissionCurrency": "USD",
        "warningText": "thin",
    },
    "every other field": {
        **STOCK,
        **ORDER,
        "openClose": "C",
        "origin": 1,
        "hidden": True,
        "discretionaryAmt": Decimal("0.1"),
        "goodAfterTime": "20260106 11:00:00 US/Eastern",
        "goodTillDate": "20260107 11:00:00 US/Eastern",
        "faGroup": "G",
        "faMethod": "M",
        "faPercentage": "50",
        "faProfile": "P",
        "modelCode": "MC",
        "rule80A": "I",
        "percentOffset": 0.5,
        "settlingFirm": "F",
        "shortSaleSlot": 1,
        "designatedLocation": "L",
        "exemptCode": 3,
        "auctionStrategy": 1,
        "startingPrice": 1,
        "stockRefPrice": 2,
        "delta": 0.5,
        "stockRangeLower": 3,
        "stockRangeUpper": 4,
        "displaySize": 5,
        "blockOrder": True,
        "sweepToFill": True,
        "allOrNone": True,
        "minQty": 1,
        "nbboPriceCap": 7,
        "optOutSmartRouting": True,
        "clearingAccount": "CA",
        "clearingIntent": "IB",
        "notHeld": True,
        "solicited": True,
        "randomizeSize": True,
        "randomizePrice": True,
        "softDollarTierName": "n",
        "softDollarTierVal": "v",
        "softDollarTierDisplayName": "d",
        "cashQty": 500,
        "dontUseAutoPriceForHedge": True,
        "isOmsContainer": True,
        "discretionaryUpToLimitPrice": True,
        "usePriceMgmtAlgo": True,
        "duration": 60,
        "postToAts": 1,
        "autoCancelParent": True,
        "minTradeQty": 1,
        "minCompeteSize": 2,
        "competeAgainstBestOffset": math.inf,
        "midOffsetAtWhole": 0.1,
        "midOffsetAtHalf": 0.2,
        "autoCancelDate": "20260108",
        "refFuturesConId": 9,
        "shareholder": "S",
        "imbalanceOnly": True,
        "routeMarketableToBbo": True,
        "parentPermId": 1000098,
        "completedTime": "20260106 12:00:00 US/Eastern",
        "completedStatus": "Filled",
    },
}
# What the schema fills in, as TWS does, and the clients take for a value.
FILLED = {"right": "?", "tif": "DAY", "openClose": "", "ocaType": 3, "deltaNeutralOrderType": "None"}
MARGINS = [
    f"{what}{when}"
    for what in ("initMargin", "maintMargin", "equityWithLoan")
    for when in ("Before", "Change", "After")
]
# The fields that come with a version, by kind of message.
PEG_GATES = dict.fromkeys(
    ["minTradeQty", "minCompeteSize", "competeAgainstBestOffset", "midOffsetAtWhole", "midOffsetAtHalf"], 170
)
DEFAULTS = {
    field.name: field.default
    for class_ in (ib_insync.Contract, ib_insync.Order, ib_insync.OrderState)
    for field in dataclasses.fields(class_)
}
CONTRACT_NAMES, ORDER_NAMES, STATE_NAMES = (
    {field.name for field in dataclasses.fields(class_)}
    for class_ in (ib_insync.Contract, ib_insync.Order, ib_insync.OrderState)
)
CONDITION_DEFAULTS = {"conjunction": "a", "isMore": True}


def as_heard(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


def combo_price(leg: dict[str, Any]) -> dict[str, Any]:
    return {} if leg["price"] is None else {"price": float(leg["price"])}


def condition(sent: dict[str, Any]) -> dict[str, Any]:
    """A condition without its type, which is its class, and without the defaults of that."""
    return {
        name: value
        for name, value in sent.items()
        if name != "condType" and CONDITION_DEFAULTS.get(name) != value
    }


SHOWN: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "orderComboLegs": combo_price,
    "conditions": condition,
}


def part(names: set[str], expected: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in expected.items() if name in names and value != DEFAULTS[name]}


def expected_objects(kind: str, sent: dict[str, Any], version: int) -> list[dict[str, Any]]:
    """The contract, the order and its state as the clients should hold them, without what is their default."""
    gates = {"duration": 159, "postToAts": 160, **PEG_GATES}
    if kind == "openOrder":
        gates["autoCancelParent"] = 162
    expected: dict[str, Any] = FILLED | {name: as_heard(value) for name, value in sent.items()}
    expected = {name: value for name, value in expected.items() if version >= gates.get(name, 0)}
    if version >= 177:
        expected.pop("faProfile", None)
    if kind == "openOrder":
        expected |= {name: str(sent.get(name, UNSET_TEXT)) for name in MARGINS}
        if expected["deltaNeutralOrderType"] == "None":
            expected["deltaNeutralOpenClose"] = "?"
    for name, shown in SHOWN.items():
        if name in expected:
            expected[name] = [shown(item) for item in expected[name]]
    contract, order, state = (part(names, expected) for names in (CONTRACT_NAMES, ORDER_NAMES, STATE_NAMES))
    if kind == "openOrder" and "softDollarTierName" in sent:
        order["softDollarTier"] = {"name": "n", "val": "v", "displayName": "d"}
    return [contract, {name: value for name, value in order.items() if value is not None}, state]


def for_kind(kind: str, branch: dict[str, Any]) -> dict[str, Any]:
    only = OPEN_ONLY if kind == "openOrder" else COMPLETED_ONLY
    return {name: value for name, value in {**only, **branch}.items() if name in field_names(kind, NEWEST)}


@pytest.mark.parametrize("branch", BRANCHES)
@pytest.mark.parametrize("kind", ["openOrder", "completedOrder"])
def test_an_order_arrives_as_meant(kind: str, branch: str, assert_heard: Callable[..., None]) -> None:
    sent = for_kind(kind, BRANCHES[branch])

    def calls(version: int) -> list[Call]:
        number = [12] if kind == "openOrder" else []
        return [(kind, *number, *expected_objects(kind, sent, version))]

    assert_heard(kind, sent, calls)


@pytest.mark.parametrize("kind", ["openOrder", "completedOrder"])
def test_the_branches_name_every_field_of_an_order(kind: str) -> None:
    named = {name for branch in BRANCHES.values() for name in for_kind(kind, branch)}
    never_read_by_clients = {"sharesAllocation", "eTradeOnly", "firmQuoteOnly"}
    assert named >= field_names(kind, NEWEST) - {"faProfile"} - never_read_by_clients
    assert {declared.name for declared in schema_open_orders.KINDS} == {"openOrder", "completedOrder"}


@pytest.mark.parametrize("kind", ["openOrder", "completedOrder"])
def test_a_flag_arrives_where_it_was_set_and_nowhere_else(kind: str, newest: Any) -> None:
    every_branch = {"orderType": "PEG BENCH", "scalePriceIncrement": 1, "conditions": CONDITIONS[:1]}
    branch = {**STOCK, **ORDER, **every_branch}
    known = field_names(kind, NEWEST)
    flags = [name for name, default in DEFAULTS.items() if default is False and name in known]
    assert len(flags) > 10
    for flag in flags:
        newest.read(encode(kind, newest.version, **for_kind(kind, branch), **{flag: True}))
        order = newest.wrapper.last[-2]
        assert [name for name in flags if getattr(order, name) is True] == [flag]
