"""What another hand, or IB itself, does to orders that a client of the API has placed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from bot.domain.errors import FixTheConfiguration
from bot.sim.exchange.orders import OrderView
from bot.sim.gateway.core import GatewayCore


def move_stop(core: GatewayCore, order_id: int, price: float, *, client_id: int = 1) -> None:
    """Somebody moves a stop's trigger in TWS: every client hears the changed order."""
    order = _found(core, client_id, order_id).order
    core.apply(
        core.world.place(client_id, order_id, replace(order, aux_price=Decimal(str(price)), parent_id=0))
    )


def cancel_by_hand(core: GatewayCore, order_id: int, *, client_id: int = 1) -> None:
    """Somebody in TWS, or IB itself, cancels a working order that no client asked to cancel."""
    _found(core, client_id, order_id)
    core.apply(core.world.cancel(client_id, order_id))


def _found(core: GatewayCore, client_id: int, order_id: int) -> OrderView:
    found = core.world.order(client_id, order_id)
    if found is None:
        raise FixTheConfiguration(f"client {client_id} has no order {order_id}")
    return found
