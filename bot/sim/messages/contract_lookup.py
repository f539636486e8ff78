"""Which contract a request means, and IB's errors when it names none properly, or means none or several.

Rule: a search may leave the exchange open, everything else must name one.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from bot.sim.market.listing import ContractDetails
from bot.sim.messages.formatting import query_of
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
    core: GatewayCore, session: ClientSession, req_id: int, message: WireMessage
) -> ContractDetails | None:
    """The one contract the request describes; else error 200 or 321 is sent and the answer is None."""
    missing = "a valid security type" if names_no_type(message) else "" if message.exchange else "exchange"
    if missing:
        core.error(session, req_id, 321, validation(message.kind, f"Please enter {missing}"))
        return None
    found = list(islice(core.world.matching_contracts(query_of(message)), 2))
    if len(found) == 1:
        return found[0]
    if not found:
        core.error(session, req_id, 200, NO_DEFINITION)
    else:
        text = f"The contract description specified for {message.symbol} is ambiguous."
        core.error(session, req_id, 200, text)
    return None
