"""The table of request kinds, and the gateway made of it.

Rule: every request kind of the wire has an entry; a test holds the two together.
"""

from __future__ import annotations

from typing import Final

from bot.sim import (
    handlers_account,
    handlers_calculation,
    handlers_contracts,
    handlers_history,
    handlers_market,
    handlers_orders,
    handlers_reference,
    handlers_session,
    handlers_ticks,
)
from bot.sim.core import GatewayCore, Handler
from bot.sim.routing import on_event
from bot.sim.settings import GatewaySettings
from bot.sim.world import World

HANDLERS: Final[dict[str, Handler]] = {
    **handlers_session.HANDLERS,
    **handlers_account.HANDLERS,
    **handlers_contracts.HANDLERS,
    **handlers_market.HANDLERS,
    **handlers_calculation.HANDLERS,
    **handlers_history.HANDLERS,
    **handlers_ticks.HANDLERS,
    **handlers_orders.HANDLERS,
    **handlers_reference.HANDLERS,
}


def make_core(world: World, settings: GatewaySettings | None = None, *, seed: int = 0) -> GatewayCore:
    """A gateway over ``world``; ``seed`` is for the chance in a scenario's faults."""
    return GatewayCore(world, HANDLERS, on_event, settings, seed=seed)
