"""Requests to calculate an option's implied volatility from its price, or its price from a volatility."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.domain.contract import Contract
from bot.domain.session import session_on
from bot.sim.gateway.core import GatewayCore, Handler
from bot.sim.market.calibration.surface import years_between
from bot.sim.market.option_pricing import implied_vol, model
from bot.sim.messages.contract_lookup import resolve, validation
from bot.sim.messages.order_attributes import RejectedRequest
from bot.sim.messages.tick_messages import greeks

if TYPE_CHECKING:
    from bot.sim.gateway.session import ClientSession
    from bot.wire import WireMessage

# IBKR Campus, "Available Tick Types".
_CUSTOM = 53
"""The tick type under which IB answers a calculation."""
_MOST_VOLATILE = 100.0
_LOWEST, _HIGHEST = 1e-4, 1e7


def implied_volatility(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    _calculate(core, session, message)


def option_price(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    _calculate(core, session, message)


def _calculate(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    details = resolve(core, session, message.reqId, message)
    if details is None:
        return
    try:
        _send_all(core, session, message, details.contract)
    except RejectedRequest as rejection:
        core.error(session, message.reqId, rejection.code, rejection.text)


def _send_all(core: GatewayCore, session: ClientSession, message: WireMessage, contract: Contract) -> None:
    if contract.right is None or contract.strike is None or contract.expiry is None:
        raise RejectedRequest(321, validation(message.kind, "Not an option"))
    expiry = session_on(contract.expiry)
    spot, strike = message.underPrice, float(contract.strike)
    if expiry is None or not _LOWEST < spot < _HIGHEST:
        raise RejectedRequest(321, validation(message.kind, "Invalid underlying price"))
    years = years_between(core.now, expiry.close)
    carry = core.world.market.carry(contract, core.now)
    price = message.get("optionPrice")
    vol = message.get("volatility")
    if price is not None:
        vol = implied_vol(contract.right, strike, spot, years, price, carry)
    if vol is None or not 0 < vol < _MOST_VOLATILE:
        raise RejectedRequest(321, validation(message.kind, "Invalid option price or volatility"))
    result = model(contract.right, strike, spot, years, vol, carry)
    kind, values = greeks(result, _CUSTOM, price)
    core.send(session, kind, reqId=message.reqId, **values)


def calculation_cancelled(core: GatewayCore, session: ClientSession, message: WireMessage) -> None:
    """Calculations are answered at once; a cancel has nothing to end."""
    del core, session, message


HANDLERS: dict[str, Handler] = {
    "calculateImpliedVolatility": implied_volatility,
    "calculateOptionPrice": option_price,
    "cancelCalculateImpliedVolatility": calculation_cancelled,
    "cancelCalculateOptionPrice": calculation_cancelled,
}
