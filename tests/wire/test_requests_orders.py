"""Orders as the installed clients place them, branch by branch, are read with the values that were asked."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from bot.wire import decode_request, encode, field_names

UNSET = {2147483647, 1.7976931348623157e308}


def words(text: str) -> list[str]:
    return text.split()


def option(ib: Any) -> Any:
    names = {
        "localSymbol": "SPY   260116C00627500",
        "tradingClass": "SPYW",
        "secIdType": "ISIN",
        "secId": "US1",
    }
    return ib.Option("SPY", "20260116", 627.5, "C", "SMART", "100", "USD", conId=495512552, **names)


def bag(ib: Any) -> Any:
    legs = [
        ib.ComboLeg(conId=101, ratio=1, action="BUY", exchange="SMART", openClose=1),
        ib.ComboLeg(conId=102, ratio=2, action="SELL", shortSaleSlot=2, designatedLocation="L", exemptCode=3),
    ]
    return ib.Contract(secType="BAG", symbol="SPY", exchange="SMART", currency="USD", comboLegs=legs)


def hedged(ib: Any) -> Any:
    contract = option(ib)
    contract.deltaNeutralContract = ib.DeltaNeutralContract(756733, 0.5, 627.5)
    return contract


def directed(ib: Any) -> Any:
    contract = option(ib)
    contract.exchange = "IBKRATS"
    return contract


def limit(ib: Any, **more: Any) -> Any:
    return ib.Order(action="BUY", totalQuantity=2, orderType="LMT", lmtPrice=1.25, account="DU1", **more)


def combination(ib: Any) -> Any:
    return limit(
        ib,
        orderComboLegs=[ib.OrderComboLeg(1.5), ib.OrderComboLeg()],
        smartComboRoutingParams=[ib.TagValue("NonGuaranteed", "1")],
    )


def conditional(ib: Any) -> Any:
    conditions = [
        ib.PriceCondition(1, "o", False, 627.5, 756733, "SMART", 2),
        ib.TimeCondition(3, "a", True, "20260106 11:00:00 US/Eastern"),
        ib.MarginCondition(4, "a", True, 30),
        ib.ExecutionCondition(5, "a", "STK", "SMART", "SPY"),
        ib.VolumeCondition(6, "a", True, 100, 756733, "SMART"),
        ib.PercentChangeCondition(7, "a", False, 1.5, 756733, "SMART"),
    ]
    return limit(ib, conditions=conditions, conditionsCancelOrder=True)


def everything(ib: Any) -> Any:
    """Every plain field away from its default, and no two of a type alike, flags aside."""
    return limit(
        ib,
        **{name: name for name in TEXTS},
        **dict.fromkeys(FLAGS, True),
        **{name: place + 2 for place, name in enumerate(WHOLES)},
        **{name: place + 0.5 for place, name in enumerate(NUMBERS)},
        transmit=False,
        orderMiscOptions=[ib.TagValue("a", "b"), ib.TagValue("c", "d")],
        softDollarTier=ib.SoftDollarTier("n", "v", "d"),
    )


TEXTS = words(
    "tif ocaGroup openClose orderRef goodAfterTime goodTillDate faGroup faMethod faPercentage "
    "faProfile modelCode designatedLocation rule80A settlingFirm scaleTable activeStartTime "
    "activeStopTime clearingAccount clearingIntent algoId adjustedOrderType extOperator "
    "mifid2DecisionMaker mifid2DecisionAlgo mifid2ExecutionTrader mifid2ExecutionAlgo "
    "advancedErrorOverride manualOrderTime"
)
FLAGS = words(
    "blockOrder sweepToFill outsideRth hidden allOrNone eTradeOnly firmQuoteOnly "
    "overridePercentageConstraints continuousUpdate optOutSmartRouting notHeld whatIf solicited "
    "randomizeSize randomizePrice dontUseAutoPriceForHedge isOmsContainer discretionaryUpToLimitPrice "
    "usePriceMgmtAlgo autoCancelParent"
)
WHOLES = words(
    "origin parentId displaySize triggerMethod shortSaleSlot exemptCode ocaType minQty "
    "auctionStrategy volatilityType referencePriceType scaleInitLevelSize scaleSubsLevelSize "
    "adjustableTrailingUnit duration postToAts"
)
NUMBERS = words(
    "auxPrice discretionaryAmt percentOffset nbboPriceCap startingPrice stockRefPrice delta "
    "stockRangeLower stockRangeUpper deltaNeutralAuxPrice trailStopPrice trailingPercent triggerPrice "
    "lmtPriceOffset adjustedStopPrice adjustedStopLimitPrice adjustedTrailingAmount cashQty"
)
SCALE = words(
    "scalePriceAdjustValue scalePriceAdjustInterval scaleProfitOffset scaleAutoReset "
    "scaleInitPosition scaleInitFillQty scaleRandomPercent"
)
DELTA_NEUTRAL = [
    f"deltaNeutral{part}"
    for part in words(
        "ConId SettlingFirm ClearingAccount ClearingIntent OpenClose ShortSale ShortSaleSlot DesignatedLocation"
    )
]
PEG_BENCH = words(
    "referenceContractId isPeggedChangeAmountDecrease peggedChangeAmount referenceChangeAmount "
    "referenceExchangeId"
)
# What only clients of newer versions can say.
NEWER = field_names("placeOrder") - field_names("placeOrder", 176)
GATES = {
    "duration": 158,
    "postToAts": 160,
    "autoCancelParent": 162,
    "advancedErrorOverride": 166,
    "manualOrderTime": 169,
}
MID = ["midOffsetAtWhole", "midOffsetAtHalf"]

Make = Callable[[Any], Any]
# Name: contract, order, the conditional fields it brings, the version these begin with.
BRANCHES: dict[str, tuple[Make, Make, list[str], int]] = {
    "a limit order": (option, limit, [], 0),
    "a bracket's parent": (option, lambda ib: limit(ib, transmit=False, orderRef="r"), [], 0),
    "a bracket's stop": (
        option,
        lambda ib: ib.StopOrder(
            "SELL", 2, 0.9, parentId=11, ocaGroup="g", ocaType=1, tif="GTC", triggerMethod=2
        ),
        [],
        0,
    ),
    "a market order": (option, lambda ib: ib.MarketOrder("SELL", 1.5), [], 0),
    "a what-if": (option, lambda ib: limit(ib, whatIf=True), [], 0),
    "a combination": (bag, combination, ["comboLegs", "orderComboLegs", "smartComboRoutingParams"], 0),
    "a combination without prices": (
        bag,
        limit,
        ["comboLegs", "orderComboLegs", "smartComboRoutingParams"],
        0,
    ),
    "an algorithm": (
        option,
        lambda ib: limit(ib, algoStrategy="Adaptive", algoParams=[ib.TagValue("adaptivePriority", "Normal")]),
        ["algoParams"],
        0,
    ),
    "an algorithm without parameters": (option, lambda ib: limit(ib, algoStrategy="Vwap"), ["algoParams"], 0),
    "conditions": (option, conditional, ["conditionsIgnoreRth", "conditionsCancelOrder"], 0),
    "a scale order": (
        option,
        lambda ib: limit(
            ib,
            scaleInitLevelSize=1,
            scalePriceIncrement=0.5,
            scalePriceAdjustValue=0.25,
            scalePriceAdjustInterval=60,
            scaleProfitOffset=0.75,
            scaleAutoReset=True,
            scaleInitPosition=3,
            scaleRandomPercent=True,
        ),
        SCALE,
        0,
    ),
    "a hedge": (option, lambda ib: limit(ib, hedgeType="B", hedgeParam="0.5"), ["hedgeParam"], 0),
    "pegged to a benchmark": (
        option,
        lambda ib: ib.Order(
            action="BUY",
            totalQuantity=1,
            orderType="PEG BENCH",
            referenceContractId=756733,
            isPeggedChangeAmountDecrease=True,
            peggedChangeAmount=0.5,
            referenceChangeAmount=0.25,
            referenceExchangeId="ISLAND",
        ),
        PEG_BENCH,
        0,
    ),
    "a volatility order": (
        hedged,
        lambda ib: ib.Order(
            action="BUY",
            totalQuantity=1,
            orderType="VOL",
            volatility=0.25,
            volatilityType=2,
            deltaNeutralOrderType="LMT",
            deltaNeutralAuxPrice=1.5,
            deltaNeutralConId=756733,
            deltaNeutralSettlingFirm="F",
            deltaNeutralClearingAccount="A",
            deltaNeutralClearingIntent="IB",
            deltaNeutralOpenClose="O",
            deltaNeutralShortSale=True,
            deltaNeutralShortSaleSlot=2,
            deltaNeutralDesignatedLocation="L",
        ),
        DELTA_NEUTRAL,
        0,
    ),
    "a directed order": (directed, lambda ib: limit(ib, minTradeQty=3), ["minTradeQty"], 170),
    "pegged to best": (
        option,
        lambda ib: ib.Order(orderType="PEG BEST", minCompeteSize=3, competeAgainstBestOffset=0.5),
        ["minCompeteSize", "competeAgainstBestOffset"],
        170,
    ),
    "pegged to best up to the midpoint": (
        option,
        lambda ib: ib.Order(
            orderType="PEG BEST",
            competeAgainstBestOffset=math.inf,
            midOffsetAtWhole=0.1,
            midOffsetAtHalf=0.2,
        ),
        ["minCompeteSize", "competeAgainstBestOffset", *MID],
        170,
    ),
    "pegged to the midpoint": (
        option,
        lambda ib: ib.Order(orderType="PEG MID", midOffsetAtWhole=0.1),
        MID,
        170,
    ),
    "every plain field": (option, everything, [], 0),
}
CONDITIONAL = {name for _, _, names, _ in BRANCHES.values() for name in names}


def as_read(value: Any) -> Any:
    """A library's value as the server should see it."""
    if isinstance(value, list):
        return tuple(dict(vars(item)) if hasattr(item, "__dict__") else item._asdict() for item in value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return None if value in UNSET else value
    return vars(value) if hasattr(value, "__dict__") else value


def asked(name: str, contract: Any, order: Any) -> Any:
    special = {
        "softDollarTierName": order.softDollarTier.name,
        "softDollarTierVal": order.softDollarTier.val,
        "orderMiscOptions": "".join(f"{option.tag}={option.value};" for option in order.orderMiscOptions),
        "orderId": 12,
    }
    if name in special:
        return special[name]
    return as_read(getattr(contract if hasattr(contract, name) else order, name))


def same(read: Any, meant: Any) -> bool:
    if isinstance(read, tuple):
        return len(read) == len(meant) and all(map(same, read, meant))
    if isinstance(read, dict):
        return set(read) == set(meant) and all(
            same(value, as_read(meant[name])) for name, value in read.items()
        )
    return bool((float(read) if isinstance(read, Decimal) else read) == meant)


def expected_names(client: Any, brings: list[str], since: int) -> set[str]:
    names = set(field_names("placeOrder")) - CONDITIONAL - NEWER
    names -= {name for name, gate in GATES.items() if client.version < gate}
    if client.version >= 177:
        names.discard("faProfile")
    return names | set(brings if client.version >= since else [])


@pytest.mark.parametrize("branch", BRANCHES)
def test_an_order_is_read_as_it_was_placed(branch: str, every_client: list[Any]) -> None:
    make_contract, make_order, brings, since = BRANCHES[branch]
    for client in every_client:
        contract, order = make_contract(client.module), make_order(client.module)
        message = decode_request(client.request("placeOrder", 12, contract, order), client.version)
        where = f"{client.library} at {client.version}"
        assert (message.kind, message.surplus) == ("placeOrder", ()), where
        assert set(message.values) == expected_names(client, brings, since), where
        wrong = {
            name for name, value in message.values.items() if not same(value, asked(name, contract, order))
        }
        assert not wrong, where


@pytest.mark.parametrize("flag", FLAGS)
def test_a_flag_is_read_where_it_was_set_and_nowhere_else(flag: str, newest: Any) -> None:
    order = limit(newest.module, **{flag: True})
    message = decode_request(newest.request("placeOrder", 12, option(newest.module), order), newest.version)
    assert {name for name in FLAGS if message.get(name)} == {flag}


def test_the_branches_bring_every_field_of_an_order() -> None:
    plain = {
        "orderId",
        "secIdType",
        "secId",
        "action",
        "totalQuantity",
        "orderType",
        "lmtPrice",
        "account",
        "volatility",
    }
    plain |= {
        "orderMiscOptions",
        "softDollarTierName",
        "softDollarTierVal",
        "transmit",
        "comboLegs",
        "conditions",
    }
    plain |= {
        "deltaNeutralContract",
        "deltaNeutralOrderType",
        "scalePriceIncrement",
        "hedgeType",
        "algoStrategy",
    }
    contract = {"conId", "symbol", "secType", "lastTradeDateOrContractMonth", "strike", "right", "multiplier"}
    contract |= {"exchange", "primaryExchange", "currency", "localSymbol", "tradingClass"}
    found = CONDITIONAL | plain | contract | {*TEXTS, *FLAGS, *WHOLES, *NUMBERS}
    assert found | NEWER == field_names("placeOrder")


def test_an_open_order_can_be_placed_again_by_the_client_that_read_it(newest: Any) -> None:
    frame = encode(
        "openOrder",
        newest.version,
        orderId=12,
        conId=756733,
        symbol="SPY",
        secType="STK",
        exchange="SMART",
        currency="USD",
        action="BUY",
        totalQuantity=2,
        orderType="LMT",
        lmtPrice=Decimal("1.25"),
        account="DU1",
        clientId=5,
        permId=1000099,
        status="Submitted",
    )
    newest.read(frame)
    _, contract, order, _ = newest.wrapper.last
    order.lmtPrice = 1.5
    again = decode_request(newest.request("placeOrder", 12, contract, order), newest.version)
    assert (again.lmtPrice, again.totalQuantity, again.conId) == (Decimal("1.5"), 2, 756733)
    assert again.right == "", "the question mark of an open order is no right"
    assert (again.deltaNeutralOrderType, again.deltaNeutralOpenClose) == ("None", "?")
    assert again.whatIf is False
    assert again.surplus == ()
