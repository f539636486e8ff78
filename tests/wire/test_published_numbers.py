"""The numbers and wire types of our bodies are those of IB's own descriptions, where a client of today is installed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from bot.wire.bodies import Block
from bot.wire.fields import STR
from bot.wire.layout import MessageDirection, MessageKind
from bot.wire.parts_bodies import (
    CONTRACT,
    CONTRACT_DETAILS,
    EXECUTION_FIELDS,
    ORDER,
    ORDER_CANCEL,
    ORDER_STATE,
    SCANNER_SUBSCRIPTION,
)
from bot.wire.scalars import natural
from bot.wire.schema import field_names, message_kinds
from bot.wire.walk import leaves_of

pytest.importorskip("ibapi.protobuf", reason="IB's client of today is not installed")
pytest.importorskip("google.protobuf", reason="IB's client of today needs protobuf, which it does not say")

# Where the text protocol's name is another.
RENAMED = {
    "primaryExchange": "primaryExch",
    "commission": "commissionAndFees",
    "minCommission": "minCommissionAndFees",
    "maxCommission": "maxCommissionAndFees",
    "commissionCurrency": "commissionAndFeesCurrency",
    "execExchange": "exchange",
    "liquidation": "isLiquidation",
    "pendingPriceRevision": "isPriceRevisionPending",
    "putable": "puttable",
    "notes": "bondNotes",
    "filterOptions": "scannerSubscriptionFilterOptions",
    "subscriptionOptions": "scannerSubscriptionOptions",
    "manualCancelOrderTime": "manualOrderCancelTime",
    "fundSubsequentMinimumPurchase": "fundMinimumSubsequentPurchase",
    "ineligibilityReasons": "ineligibilityReasonList",
}
BLOCKS = {
    "Contract": CONTRACT,
    "Order": ORDER,
    "OrderState": ORDER_STATE,
    "Execution": EXECUTION_FIELDS,
    "ContractDetails": CONTRACT_DETAILS,
    "ScannerSubscription": SCANNER_SUBSCRIPTION,
    "OrderCancel": ORDER_CANCEL,
}
# Kinds whose every field is a plain one, and IB's name of their message.
FLAT = {
    "tickPrice": "TickPrice",
    "tickSize": "TickSize",
    "tickString": "TickString",
    "tickGeneric": "TickGeneric",
    "tickOptionComputation": "TickOptionComputation",
    "tickReqParams": "TickReqParams",
    "orderStatus": "OrderStatus",
    "error": "ErrorMessage",
    "updateAccountValue": "AccountValue",
    "accountSummary": "AccountSummary",
    "accountUpdateMulti": "AccountUpdateMulti",
    "pnl": "PnL",
    "pnlSingle": "PnLSingle",
    "realtimeBar": "RealTimeBarTick",
    "commissionReport": "CommissionAndFeesReport",
    "securityDefinitionOptionParameter": "SecDefOptParameter",
    "historicalDataEnd": "HistoricalDataEnd",
    "headTimestamp": "HeadTimestamp",
    "nextValidId": "NextValidId",
    "managedAccounts": "ManagedAccounts",
    "orderBound": "OrderBound",
    "reqPnLSingle": "PnLSingleRequest",
    "reqAccountUpdatesMulti": "AccountUpdatesMultiRequest",
    "reqSecDefOptParams": "SecDefOptParamsRequest",
    "startApi": "StartApiRequest",
    "reqWshEventData": "WshEventDataRequest",
    "historicalNews": "HistoricalNews",
    "tickNews": "TickNews",
}
LETTERS = {"TYPE_INT32": "i", "TYPE_INT64": "i", "TYPE_DOUBLE": "d", "TYPE_STRING": "s", "TYPE_BOOL": "b"}


def published(name: str) -> dict[int, Any]:
    """IB's fields of a message by number."""
    descriptor = getattr(import_module(f"ibapi.protobuf.{name}_pb2"), name).DESCRIPTOR
    return dict(descriptor.fields_by_number)


def letter_of(field: Any) -> str:
    kinds = {getattr(type(field), name): letter for name, letter in LETTERS.items()}
    return kinds.get(field.type, "message")


@pytest.mark.parametrize("name", BLOCKS)
def test_a_shared_message_has_the_published_numbers(name: str) -> None:
    fields = published(name)
    parts: tuple[Any, ...] = BLOCKS[name].parts
    ours = {
        number: part.name
        for number, part in enumerate(parts, start=1)
        if part is not None and not isinstance(part, Block)
    }
    wrong = {
        number: (ours[number], fields[number].name)
        for number in ours.keys() & fields.keys()
        if RENAMED.get(ours[number], ours[number]) != fields[number].name
    }
    assert wrong == {}
    assert len(ours) > len(fields) // 2


@pytest.mark.parametrize("kind", [k for k in message_kinds() if k.name in FLAT], ids=lambda kind: kind.name)
def test_a_flat_message_has_the_published_wire_types(kind: MessageKind) -> None:
    assert kind.body is not None
    fields, leaves = published(FLAT[kind.name]), leaves_of(kind.nodes, 225).by_name
    parts: tuple[Any, ...] = kind.body.parts
    for number, part in enumerate(parts, start=1):
        if part is not None and part.name in leaves:
            codec = getattr(leaves[part.name], "codec", STR)
            assert (part.letter or natural(codec)) == letter_of(fields[number]), part.name


# From which server version a field is in a message as text, by the name that IB's client gives that version.
SINCE = {
    "FUND_DATA_FIELDS": ("contractDetails", "fundName"),
    "MANUAL_ORDER_TIME_EXERCISE_OPTIONS": ("exerciseOptions", "manualOrderTime"),
    "LAST_TRADE_DATE": ("contractDetails", "lastTradeDate"),
    "CUSTOMER_ACCOUNT": ("placeOrder", "customerAccount"),
    "PROFESSIONAL_CUSTOMER": ("openOrder", "professionalCustomer"),
    "BOND_ACCRUED_INTEREST": ("openOrder", "bondAccruedInterest"),
    "INELIGIBILITY_REASONS": ("contractDetails", "ineligibilityReasons"),
    "BOND_TRADING_HOURS": ("bondContractDetails", "tradingHours"),
    "INCLUDE_OVERNIGHT": ("placeOrder", "includeOvernight"),
    "CME_TAGGING_FIELDS": ("cancelOrder", "extOperator"),
    "CME_TAGGING_FIELDS_IN_OPEN_ORDER": ("openOrder", "manualOrderIndicator"),
    "ERROR_TIME": ("error", "errorTime"),
    "FULL_ORDER_PREVIEW_FIELDS": ("openOrder", "orderAllocations"),
    "SUBMITTER": ("execDetails", "submitter"),
    "IMBALANCE_ONLY": ("openOrder", "imbalanceOnly"),
    "PARAMETRIZED_DAYS_OF_EXECUTIONS": ("reqExecutions", "lastNDays"),
}


@pytest.mark.parametrize("published_name", SINCE)
def test_a_field_is_there_from_the_published_version_on(published_name: str) -> None:
    since = getattr(import_module("ibapi.server_versions"), f"MIN_SERVER_VER_{published_name}")
    kind, field = SINCE[published_name]
    assert field not in field_names(kind, since - 1)
    assert field in field_names(kind, since)


def test_each_request_is_numbered_from_the_published_version_on() -> None:
    client = import_module("ibapi.client").EClient(import_module("ibapi.wrapper").EWrapper())

    def first_of(number: int) -> int | None:
        """The first server version at which IB's client says this request in numbers."""
        for version in range(200, 226):
            client.serverVersion_ = version
            if client.useProtoBuf(number):
                return version
        return None

    ours = {k.id: k.body.since for k in message_kinds() if k.direction is MessageDirection.REQUEST and k.body}
    # Requests that came later have had no other form, and some ages of the client do not ask.
    theirs = {number: first for number in ours if (first := first_of(number)) is not None}
    assert theirs == {number: since for number, since in ours.items() if number in theirs}
    assert len(theirs) > 70
