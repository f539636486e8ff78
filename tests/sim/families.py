"""A bracket as the bot sends it, and what is told of it."""

from __future__ import annotations

from decimal import Decimal

from bot.domain import broker_messages as b
from bot.domain.contract import Contract
from bot.domain.messages import Message
from bot.domain.order import Order, OrderStatus, OrderType, Tif
from bot.domain.types import Side


def family(contract: Contract, quantity: int, limit: str, idea: str = "idea") -> tuple[Order, ...]:
    """Entry at ``limit``, target 1.50, stop 0.70."""

    def leg(name: str, side: Side, kind: OrderType, **more: object) -> Order:
        return Order(
            ref=f"{idea}/{name}",
            contract=contract,
            side=side,
            type=kind,
            quantity=quantity,
            **more,  # type: ignore[arg-type]  # the rest of an order
        )

    exits = {"tif": Tif.GTC, "oca_group": idea, "parent_ref": f"{idea}/entry"}
    return (
        leg("entry", Side.BUY, OrderType.LIMIT, limit_price=Decimal(limit), transmit=False),
        leg("target", Side.SELL, OrderType.LIMIT, limit_price=Decimal("1.50"), transmit=False, **exits),
        leg("stop", Side.SELL, OrderType.STOP, stop_price=Decimal("0.70"), **exits),
    )


def told_status(facts: list[Message]) -> list[tuple[str, OrderStatus]]:
    return [(f.ref, f.status) for f in facts if isinstance(f, b.OrderStatusChanged)]
