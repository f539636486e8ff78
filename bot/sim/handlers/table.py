"""The table of request kinds, and the gateway made of it.

Rule: every request kind of the wire has an entry; a test holds the two together.
"""

from __future__ import annotations

from typing import Final

from bot.sim.gateway.core import GatewayCore, Handler
from bot.sim.gateway.settings import GatewaySettings
from bot.sim.handlers import account as handlers_account
from bot.sim.handlers import advisor as handlers_advisor
from bot.sim.handlers import calculation as handlers_calculation
from bot.sim.handlers import contracts as handlers_contracts
from bot.sim.handlers import historical_ticks as handlers_ticks
from bot.sim.handlers import history as handlers_history
from bot.sim.handlers import market_data as handlers_market
from bot.sim.handlers import orders as handlers_orders
from bot.sim.handlers import session as handlers_session
from bot.sim.handlers import unsupported as handlers_reference
from bot.sim.messages.event_routing import on_event
from bot.sim.world.world import World

HANDLERS: Final[dict[str, Handler]] = {
    **handlers_session.HANDLERS,
    **handlers_account.HANDLERS,
    **handlers_advisor.HANDLERS,
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
