"""The bot without its wits, for a drill of the guard: mad_bot.py ARGUMENTS, those of ibkr-bot.

Its own last look at an order is gone. With each entry it sends what its rules never let through: before it a sale of what it
does not hold, beside it the same bracket ten times as large, behind it a thousand revisions. What must not reach the gateway
is named "mad-…", and books.py tells what did.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any

from bot.broker.orders import order_sender
from bot.cli.main import main
from bot.domain.broker_messages import SendRevision
from bot.domain.order import Leg, Order, OrderType
from bot.domain.types import Side

TIMES, REVISIONS, TICK = 10, 1000, Decimal("0.01")
NUMBERS = count(1)


def renamed(order: Order, prefix: str) -> Order:
    """The same order as another, ten times as large."""
    parent = None if order.parent_ref is None else prefix + order.parent_ref
    group = order.oca_group and prefix + order.oca_group
    large = order.quantity * TIMES
    return replace(order, ref=prefix + order.ref, parent_ref=parent, oca_group=group, quantity=large)


def gone_mad(send: Callable[..., Any]) -> Callable[..., Any]:
    """What is sent in the place of each family of orders."""

    async def send_all(sender: Any, orders: tuple[Order, ...]) -> None:
        entry = orders[0]
        if entry.leg is not Leg.ENTRY:
            await send(sender, orders)
            return
        mad = f"mad-{next(NUMBERS)}-"
        naked = {"side": Side.SELL, "type": OrderType.MARKET, "quantity": 3}
        await send(sender, (Order(ref=f"{mad}naked/flatten", contract=entry.contract, **naked),))
        await send(sender, tuple(renamed(order, mad) for order in orders))
        await send(sender, orders)
        for n in range(REVISIONS):
            price = max((entry.limit_price or TICK) - TICK * (1 + n % 2), TICK)
            now = sender._link.now()  # noqa: SLF001
            await sender._revise(SendRevision(entry.ref, price, entry.quantity, now))  # noqa: SLF001

    return send_all


def nothing_is_forbidden(order: Order) -> str:
    """In the place of the bot's last look."""
    del order
    return ""


if __name__ == "__main__":
    order_sender.why_forbidden = nothing_is_forbidden
    order_sender.Orders._send = gone_mad(order_sender.Orders._send)  # noqa: SLF001
    sys.exit(main())
