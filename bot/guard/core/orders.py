"""An order as a client asks for it, read into what the checks need.

Rule: what cannot be read beyond doubt is refused here. Only ordinary fields may be set (``ORDINARY`` and the limits'
``order_fields``): an algorithm, a condition or a hedge could make another order of the one that was judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final

from bot.guard.core.ledger import BLOCKS, UNANSWERED, Facts, Key, Ledger, Working, difference, facts_of
from bot.guard.core.limits import Limits
from bot.wire import WireMessage

# eTradeOnly and firmQuoteOnly only narrow where an order may go; IB's own client sets them in every order up to 9.81.
_NAMES: Final = """
    orderId conId symbol secType lastTradeDateOrContractMonth strike right multiplier exchange primaryExchange currency
    localSymbol tradingClass action totalQuantity orderType lmtPrice auxPrice tif ocaGroup ocaType account openClose
    orderRef transmit parentId triggerMethod goodTillDate trailStopPrice trailingPercent whatIf usePriceMgmtAlgo
    manualOrderTime eTradeOnly firmQuoteOnly
"""
ORDINARY: Final = frozenset(_NAMES.split())
_UNSET_INT: Final = 2**31 - 1
_QUIET_OF: Final[dict[str, Any]] = {"exemptCode": -1}
STOPS: Final = frozenset({"STP", "STP LMT", "TRAIL", "TRAIL LIMIT", "STP PRT"})
_PRICED: Final = frozenset({"LMT", "STP LMT"})


class Refused(Exception):
    """The order does not leave. ``check`` groups refusals for the alert channel."""

    def __init__(self, check: str, why: str) -> None:
        super().__init__(why)
        self.check = check


class Role(Enum):
    """What an order does to the position."""

    ENTRY = "entry"
    EXIT = "exit"
    STOP = "protective stop"


@dataclass(frozen=True, slots=True)
class Asked:
    """``order`` is how it would work; ``old`` what it revises."""

    role: Role
    facts: Facts
    order: Working
    old: Working | None


def read_order(message: WireMessage, client: int, ledger: Ledger, limits: Limits, now: datetime) -> Asked:
    """Errors: ``Refused`` for what is not an ordinary order of an allowed account in a known contract."""
    _check_fields(message, limits)
    said = message.values  # by name at once: an attribute of a message is looked for twice
    key: Key = (client, said["orderId"])
    con_id, facts = _contract(message, ledger)
    multiplier = ledger.multiplier(con_id)
    if multiplier is None:
        raise Refused("contract", f"contract {con_id} is of an unknown multiplier; ask its details first")
    if said["action"] not in ("BUY", "SELL"):
        raise Refused("action", f"action {said['action'][:16]!r} is neither BUY nor SELL")
    quantity = said["totalQuantity"]
    if quantity is None or quantity <= 0 or quantity != int(quantity):
        raise Refused("quantity", f"a quantity of {quantity} is no whole number above zero")
    if said["orderType"] in _PRICED and (said["lmtPrice"] is None or said["lmtPrice"] <= 0):
        raise Refused("price", f"{said['orderType']} without a limit above zero")
    order = Working(
        key,
        (_account(message, ledger, limits), con_id),
        said["action"] == "BUY",
        now,
        said["orderType"],
        quantity,
        said["lmtPrice"],
        (client, said["parentId"]) if said["parentId"] else None,
        said["ocaGroup"] if said["ocaType"] in BLOCKS else "",
        multiplier,
        is_ours=True,
    )
    return Asked(_role(order), facts, order, _revised(order, ledger))


def _role(order: Working) -> Role:
    if order.is_buy:
        return Role.ENTRY
    return Role.STOP if order.kind in STOPS else Role.EXIT


def _check_fields(message: WireMessage, limits: Limits) -> None:
    unusual = [name for name, value in message.values.items() if value and name not in ORDINARY]
    for name in unusual:
        value = message[name]
        if value != _UNSET_INT and _QUIET_OF.get(name) != value and name not in limits.order_fields:
            raise Refused("fields", f"{name} is set; an order may only use ordinary fields (order_fields)")


def _account(message: WireMessage, ledger: Ledger, limits: Limits) -> str:
    account = str(message.account)
    if not account and len(ledger.managed) == 1:
        account = ledger.managed[0]
    if account not in limits.accounts:
        raise Refused("account", f"account {account[:16]!r} is not allowed")
    return account


def _contract(message: WireMessage, ledger: Ledger) -> tuple[int, Facts]:
    asked = facts_of(message)
    if message.conId:
        matching = [message.conId] if message.conId in ledger.contracts else []
    else:
        matching = [con_id for con_id, known in ledger.contracts.items() if not difference(asked, known)]
    if len(matching) != 1 or (not asked.get("symbol") and not message.conId):
        name = message.conId or message.symbol[:16]
        raise Refused("contract", f"contract {name} is unknown; ask its details first")
    con_id = matching[0]
    known = ledger.contracts[con_id]
    if found := difference(asked, known):
        raise Refused("contract", f"contract {con_id} has {found}")
    return con_id, known


def _revised(order: Working, ledger: Ledger) -> Working | None:
    """What a revision takes out of its family or its group is judged as standing alone: IB may hold it to either."""
    old = ledger.working.get(order.key)
    if old is None:
        return None
    if (old.holding, old.is_buy) != (order.holding, order.is_buy):
        raise Refused("revision", "a revision cannot change the contract, the account or the side")
    if len(old.asked) >= UNANSWERED:
        raise Refused("revision", f"{UNANSWERED} revisions of it are unanswered")
    order.filled = old.filled
    if order.parent != old.parent:
        order.parent = None
    if order.oca_group != old.oca_group:
        order.oca_group = ""
    return old
