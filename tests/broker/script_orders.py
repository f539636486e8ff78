"""Orders of the adapter's tests, and what a gateway says of them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from bot.broker.ibkr import IbkrBroker
from bot.domain import broker_messages as b
from bot.domain.order import Order, OrderType, Tif
from bot.domain.types import Side
from bot.wire import WireMessage
from tests.broker.script import ACCOUNT, NOW, Heard, Said, ScriptedGateway, one
from tests.broker.translate.test_translate import CALL

ENTRY = Order(
    ref="i/entry",
    contract=CALL,
    side=Side.BUY,
    type=OrderType.LIMIT,
    quantity=2,
    limit_price=Decimal("1.3"),
    transmit=False,
)
TARGET = Order(
    ref="i/target",
    contract=CALL,
    side=Side.SELL,
    type=OrderType.LIMIT,
    quantity=2,
    limit_price=Decimal("1.9"),
    tif=Tif.GTC,
    oca_group="i",
    parent_ref="i/entry",
    transmit=False,
)
STOP = replace(
    TARGET,
    ref="i/stop",
    type=OrderType.STOP,
    limit_price=None,
    stop_price=Decimal("0.85"),
    transmit=True,
)
ALONE = replace(ENTRY, transmit=True)


def shown(placed: WireMessage, status: str = "Submitted", **changes: Any) -> Said:
    """An openOrder for what was placed."""
    same: tuple[str, ...] = ("orderId", "conId", "symbol", "secType", "strike", "right", "multiplier")
    same += (
        "currency",
        "action",
        "totalQuantity",
        "orderType",
        "lmtPrice",
        "auxPrice",
        "tif",
        "ocaGroup",
        "ocaType",
        "parentId",
    )
    values = {name: placed[name] for name in (*same, "orderRef", "tradingClass", "localSymbol", "account")}
    values |= {"lastTradeDateOrContractMonth": placed["lastTradeDateOrContractMonth"], "exchange": "SMART"}
    values |= {"clientId": 7, "permId": 1000 + placed.orderId, "status": status}
    return one("openOrder", **values | changes)


def status(placed: WireMessage, word: str = "Submitted", filled: int = 0, **changes: Any) -> Said:
    values = {"orderId": placed.orderId, "status": word, "filled": filled, "remaining": 2 - filled}
    values |= {"avgFillPrice": 0, "permId": 1000 + placed.orderId, "parentId": 0, "lastFillPrice": 0}
    return one("orderStatus", **values | {"clientId": 7, "whyHeld": "", "mktCapPrice": 0} | changes)


def executed(
    placed: WireMessage, quantity: int, exec_id: str = "0000e0d5.1.01", request_id: int = -1
) -> Said:
    same = (
        "orderId",
        "conId",
        "symbol",
        "secType",
        "strike",
        "right",
        "multiplier",
        "currency",
        "tradingClass",
    )
    values = {name: placed[name] for name in (*same, "localSymbol", "orderRef")}
    values |= {"lastTradeDateOrContractMonth": placed["lastTradeDateOrContractMonth"], "exchange": "SMART"}
    values |= {"reqId": request_id, "execId": exec_id, "time": "20110107 10:00:00 US/Eastern"}
    values |= {"acctNumber": ACCOUNT, "execExchange": "CBOE", "side": "BOT", "shares": quantity, "price": 1.3}
    values |= {"permId": 1000 + placed.orderId, "clientId": 7, "cumQty": quantity, "avgPrice": 1.3}
    return one("execDetails", **values)


def accepting(placed: WireMessage) -> Said:
    return [*shown(placed), *status(placed)]


def say(gateway: ScriptedGateway, said: Said) -> None:
    for kind, values in said:
        gateway.say(kind, **values)


def working(gateway: ScriptedGateway, broker: IbkrBroker, facts: Heard) -> WireMessage:
    """One order, sent and accepted."""
    gateway.answers["placeOrder"] = accepting
    facts.wait_for(b.AccountUpdated)
    broker.send(b.SendOrders((ALONE,), NOW))
    facts.wait_for(b.OrderStatusChanged)
    return gateway.wait_request("placeOrder")


def failures(facts: Heard) -> list[tuple[str, int]]:
    return [(fact.subject, fact.code) for fact in facts.of(b.RequestFailed)]
