"""What the server says about orders and executions reaches the user of the installed clients as it was meant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from bot.wire import MessageDirection, encode
from bot.wire.schemas import orders as schema_orders

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
UNSET = 1.7976931348623157e308

EXECUTION = {
    "execId": "0000e0d5.65a1b2c3.01.01",
    "acctNumber": "DU1",
    "side": "BOT",
    "shares": 2,
    "price": Decimal("1.25"),
    "permId": 1000099,
    "clientId": 5,
    "cumQty": 2,
    "avgPrice": Decimal("1.25"),
    "orderRef": "ref-1",
    "lastLiquidity": 2,
    "evMultiplier": 1.5,
    "modelCode": "M",
    "liquidation": 1,
    "evRule": "e",
    "orderId": 12,
}

ORDERS = [
    Case(
        "orderStatus",
        {
            "orderId": 12,
            "status": "Submitted",
            "filled": Decimal(1),
            "remaining": Decimal("2.5"),
            "avgFillPrice": Decimal("1.25"),
            "permId": 1000099,
            "parentId": 11,
            "lastFillPrice": Decimal("1.2"),
            "clientId": 5,
            "whyHeld": "locate",
            "mktCapPrice": 0,
        },
        [("orderStatus", 12, "Submitted", 1.0, 2.5, 1.25, 1000099, 11, 1.2, 5, "locate", 0.0)],
    ),
    Case(
        "execDetails",
        {
            "reqId": -1,
            **OPTION,
            **EXECUTION,
            "time": "20260106 11:00:00 US/Eastern",
            "execExchange": "CBOE",
            "pendingPriceRevision": False,
        },
        [
            (
                "execDetails",
                -1,
                OPTION,
                {**EXECUTION, "exchange": "CBOE", "time": datetime(2026, 1, 6, 16, tzinfo=UTC)},
            )
        ],
    ),
    Case("execDetailsEnd", {"reqId": 1}, [("execDetailsEnd", 1)]),
    Case(
        "commissionReport",
        {
            "execId": "e",
            "commission": Decimal("1.05"),
            "currency": "USD",
            "yield_": Decimal("0.5"),
            "yieldRedemptionDate": 20300115,
        },
        [
            (
                "commissionReport",
                {
                    "execId": "e",
                    "commission": 1.05,
                    "currency": "USD",
                    "realizedPNL": UNSET,
                    "yield_": 0.5,
                    "yieldRedemptionDate": 20300115,
                },
            )
        ],
    ),
    Case("openOrderEnd", {}, [("openOrderEnd",)]),
    Case("completedOrdersEnd", {}, [("completedOrdersEnd",)]),
    Case(
        "orderBound",
        {"permId": 1000099, "apiClientId": 0, "apiOrderId": -5},
        [("orderBound", 1000099, 0, -5)],
    ),
]

CASES = [*ORDERS]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_order_messages_arrive_as_meant(case: Case, assert_heard: Callable[..., None]) -> None:
    assert_heard(*case)


def test_every_kind_of_order_messages_is_in_the_table() -> None:
    schemas = [schema_orders]
    answers = {
        kind.name for schema in schemas for kind in schema.KINDS if kind.direction is MessageDirection.ANSWER
    }
    assert {case.kind for case in CASES} == answers


def test_a_pending_price_revision_is_told_from_version_178(newest: Any) -> None:
    (case,) = [case for case in ORDERS if case.kind == "execDetails"]
    frame = encode("execDetails", newest.version, **{**case.sent, "pendingPriceRevision": True})
    ((_, _, _, execution),) = newest.read(frame)
    assert execution.get("pendingPriceRevision", False) is (newest.version >= 178)
