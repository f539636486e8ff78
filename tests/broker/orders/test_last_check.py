"""Whatever asked for it: what may never leave does not leave."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.broker.orders.last_check import why_forbidden
from bot.domain import broker_messages as b
from bot.domain.order import Order, OrderType
from bot.domain.types import SecType, Side
from tests.broker.script import NOW, ScriptedGateway, running
from tests.broker.script_orders import ENTRY, STOP, TARGET

NEVER = [
    replace(ENTRY, side=Side.SELL),
    replace(ENTRY, type=OrderType.MARKET, limit_price=None),
    replace(ENTRY, limit_price=Decimal(0)),
    replace(ENTRY, quantity=0),
    replace(ENTRY, contract=replace(ENTRY.contract, sec_type=SecType.STOCK)),
    replace(TARGET, side=Side.BUY),
    replace(STOP, side=Side.BUY),
    replace(STOP, stop_price=None),
]


@pytest.mark.parametrize("order", NEVER, ids=lambda order: why_forbidden(order) or "allowed")
def test_what_may_never_leave_is_named(order: Order) -> None:
    assert order.ref in why_forbidden(order)


@pytest.mark.parametrize("order", [ENTRY, TARGET, STOP], ids=lambda order: order.ref)
def test_the_orders_of_a_bracket_may_leave(order: Order) -> None:
    assert why_forbidden(order) == ""


def test_an_entry_that_sells_is_refused_and_nothing_of_its_family_reaches_the_wire(
    gateway: ScriptedGateway,
) -> None:
    with running(gateway) as (broker, facts):
        facts.wait_for(b.AccountUpdated)
        broker.send(b.SendOrders((replace(ENTRY, side=Side.SELL), TARGET, STOP), NOW))
        refused = facts.wait_for(b.OrderRefused, 3)
    assert "short" in refused.text
    assert not gateway.requests("placeOrder")
