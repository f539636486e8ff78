"""An order as a client asks for it, read into what the checks need.

Rule: what cannot be read beyond doubt is refused here. Only ordinary fields may be set (``ORDINARY`` and the limits'
``order_fields``): an algorithm, a condition or a hedge could make another order of the one that was judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from bot.guard.ledger import Facts, Key, Ledger, Working
from bot.guard.limits import Limits
from bot.wire import WireMessage

_NAMES: Final = """
    orderId conId symbol secType lastTradeDateOrContractMonth strike right multiplier exchange primaryExchange currency
    localSymbol tradingClass action totalQuantity orderType lmtPrice auxPrice tif ocaGroup ocaType account openClose
    orderRef transmit parentId triggerMethod goodTillDate trailStopPrice trailingPercent whatIf usePriceMgmtAlgo
    manualOrderTime
"""
ORDINARY: Final = frozenset(_NAMES.split())
_QUIET: Final[frozenset[Any]] = frozenset({None, "", False, Decimal(0), (), 2**31 - 1})
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

    client: int
    role: Role
    facts: Facts
    order: Working
    old: Working | None
    tif: str


def read_order(message: WireMessage, client: int, ledger: Ledger, limits: Limits, now: datetime) -> Asked:
    """Errors: ``Refused`` for what is not an ordinary order of an allowed account in a known contract."""
    _check_fields(message, limits)
    key: Key = (client, message.orderId)
    facts = _contract(message, ledger)
    if message.action not in ("BUY", "SELL"):
        raise Refused("action", f"action {message.action[:16]!r} is neither BUY nor SELL")
    quantity = message.totalQuantity
    if quantity is None or quantity <= 0 or quantity != int(quantity):
        raise Refused("quantity", f"a quantity of {quantity} is no whole number above zero")
    if message.orderType in _PRICED and (message.lmtPrice is None or message.lmtPrice <= 0):
        raise Refused("price", f"{message.orderType} without a limit above zero")
    is_buy = message.action == "BUY"
    order = Working(
        key,
        (_account(message, ledger, limits), facts.con_id),
        is_buy,
        now,
        message.orderType,
        quantity,
        message.lmtPrice,
        (client, message.parentId) if message.parentId else None,
        message.ocaGroup,
        facts.multiplier,
        is_ours=True,
    )
    return Asked(client, _role(order), facts, order, _revised(order, ledger), message.tif)


def _role(order: Working) -> Role:
    if order.is_buy:
        return Role.ENTRY
    return Role.STOP if order.kind in STOPS else Role.EXIT


def _check_fields(message: WireMessage, limits: Limits) -> None:
    if message.surplus:
        raise Refused("fields", "the order has fields behind its end")
    for name, value in message.values.items():
        if name in ORDINARY or value in _QUIET or _QUIET_OF.get(name) == value:
            continue
        if name not in limits.order_fields:
            raise Refused("fields", f"{name} is set; an order may only use ordinary fields (order_fields)")


def _account(message: WireMessage, ledger: Ledger, limits: Limits) -> str:
    account = str(message.account)
    if not account and len(ledger.managed) == 1:
        account = ledger.managed[0]
    if account not in limits.accounts:
        raise Refused("account", f"account {account[:16]!r} is not allowed")
    return account


def _contract(message: WireMessage, ledger: Ledger) -> Facts:
    asked = Facts.of(message)
    if asked.con_id:
        known = ledger.contracts.get(asked.con_id)
    else:
        described = [facts for facts in ledger.contracts.values() if facts.description == asked.description]
        known = described[0] if len(described) == 1 else None
    if known is None:
        raise Refused(
            "contract", f"contract {asked.con_id or asked.symbol[:16]} is unknown; ask its details first"
        )
    for name in ("symbol", "sec_type", "expiry", "strike", "right", "currency"):
        value = getattr(asked, name)
        if value and value != getattr(known, name):
            raise Refused(
                "contract", f"contract {known.con_id} has {name} {getattr(known, name)}, not {value}"
            )
    return known


def _revised(order: Working, ledger: Ledger) -> Working | None:
    old = ledger.working.get(order.key)
    if old is not None and (old.holding, old.is_buy) != (order.holding, order.is_buy):
        raise Refused("revision", "a revision cannot change the contract, the account or the side")
    return old
