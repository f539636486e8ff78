"""Which contract a request means, and IB's errors when it names none properly, or means none or several.

Rule: a search may leave the exchange open, everything else must name one.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from bot.sim.exchange.combos import COMBO
from bot.sim.market.listing import ContractDetails
from bot.sim.messages.formatting import query_of
from bot.sim.world.combos import BadCombo
from bot.wire import WireMessage

if TYPE_CHECKING:
    from bot.sim.gateway.core import GatewayCore
    from bot.sim.gateway.session import ClientSession

SECURITY_TYPES: Final = frozenset(
    {
        *("STK", "OPT", "FUT", "CONTFUT", "FUT+CONTFUT", "FOP", "IND", "CASH", "CFD", "BAG", "BOND", "BILL"),
        *("CMDTY", "CRYPTO", "EC", "FIXED", "FUND", "IOPT", "NEWS", "WAR"),
    }
)
NO_DEFINITION = "No security definition has been found for the request"


def validation(kind: str, cause: str) -> str:
    """The text of error 321."""
    return f"Error validating request.-'{kind}' : cause - {cause}"


def processing(kind: str, cause: str) -> str:
    """The text of error 322."""
    return f"Error processing request.-'{kind}' : cause - {cause}"


def names_no_type(message: WireMessage) -> bool:
    """Whether neither an id nor a security type of IB's says what is meant."""
    return not message.conId and message.secType.strip().upper() not in SECURITY_TYPES


def resolve(
    core: GatewayCore, session: ClientSession, req_id: int, message: WireMessage, *, combos: bool = False
) -> ContractDetails | None:
    """The one contract the request describes; else error 200 or 321 is sent and the answer is None.

    ``combos`` says that the request may be about a combination.
    """
    missing = "a valid security type" if names_no_type(message) else "" if message.exchange else "exchange"
    if missing:
        core.error(session, req_id, 321, validation(message.kind, f"Please enter {missing}"))
        return None
    if is_combo(message):
        if combos:
            return _combination(core, session, req_id, message)
        core.error(session, req_id, 200, NO_DEFINITION)
        return None
    return _single(core, session, req_id, message)


def is_combo(message: WireMessage) -> bool:
    return bool(message.secType.strip().upper() == COMBO)


def _combination(
    core: GatewayCore, session: ClientSession, req_id: int, message: WireMessage
) -> ContractDetails | None:
    # IBKR Campus, "TWS API: Error Codes": 312 to 314.
    legs = [(leg["conId"], leg["ratio"], leg["action"]) for leg in message.get("comboLegs") or ()]
    if not legs:
        core.error(session, req_id, 314, "Security type 'BAG' requires combo leg details.")
        return None
    try:
        combo = core.world.combos.of(legs, message.currency)
    except BadCombo as error:
        about = f"The combo details for leg '{error}' are invalid." if f"{error}" else ""
        core.error(session, req_id, 313 if about else 312, about or "The combo details are invalid.")
        return None
    return ContractDetails(
        contract=combo,
        long_name="",
        market_name=combo.trading_class,
        min_tick=min(step for _, step in combo.ticks.steps),
        market_rule_ids="26",
        valid_exchanges="SMART",
        order_types="LMT,MKT",
    )


def _single(
    core: GatewayCore, session: ClientSession, req_id: int, message: WireMessage
) -> ContractDetails | None:
    found = list(islice(core.world.matching_contracts(query_of(message)), 2))
    if len(found) == 1:
        return found[0]
    if not found:
        core.error(session, req_id, 200, NO_DEFINITION)
    else:
        text = f"The contract description specified for {message.symbol} is ambiguous."
        core.error(session, req_id, 200, text)
    return None
