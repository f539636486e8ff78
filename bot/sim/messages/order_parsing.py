"""A client's placeOrder as an order of the exchange, or IB's reason why it is none.

Rule: only what concerns the message itself is checked here; tick grid, margin, sides and states are the exchange's.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot.domain.types import ConId, OrderId, Side
from bot.sim.exchange.fractions.sizes import Units, tidy
from bot.sim.exchange.logins.accounts import ALL, METHODS, Accounts
from bot.sim.exchange.orders import SimOrder
from bot.sim.messages.order_attributes import RejectedRequest, attributes, invalid, without_noise
from bot.wire import WireMessage

_SPELLINGS: Final = {
    "STPLMT": "STP LMT",
    "STP LIMIT": "STP LMT",
    "STOP": "STP",
    "LIMIT": "LMT",
    "MARKET": "MKT",
    "TRAILLMT": "TRAIL LIMIT",
    "TRAIL LMT": "TRAIL LIMIT",
    "TRAILLIMIT": "TRAIL LIMIT",
    "MKTCLS": "MOC",
    "LMTCLS": "LOC",
    "PEGMKT": "PEG MKT",
    "PEGMID": "PEG MID",
    "RELATIVE": "REL",
    "MKT TO LMT": "MTL",
}
"""Older and longer names that TWS takes for the same types (ibapi's order type constants)."""
# IBKR Campus, "Time in Force for Orders".
_TIFS: Final = frozenset({"DAY", "GTC", "IOC", "GTD", "OPG", "FOK", "DTC"})
_LARGEST_SIZE: Final = 10**9
_HIGHEST_PRICE: Final = 10**7
_OWN: Final = frozenset(
    {
        *(
            "orderId",
            "conId",
            "symbol",
            "secType",
            "lastTradeDateOrContractMonth",
            "strike",
            "right",
            "multiplier",
        ),
        *("exchange", "primaryExchange", "currency", "localSymbol", "tradingClass", "secIdType", "secId"),
        *(
            "action",
            "totalQuantity",
            "orderType",
            "lmtPrice",
            "auxPrice",
            "tif",
            "ocaGroup",
            "account",
            "orderRef",
        ),
        *(
            "transmit",
            "parentId",
            "triggerMethod",
            "outsideRth",
            "ocaType",
            "trailStopPrice",
            "trailingPercent",
        ),
        # openClose is for institutional customers alone (IB, "Order" class reference): taken and passed over.
        *("whatIf", "openClose"),
    }
)


def take_order(
    message: WireMessage, con_id: ConId, accounts: Accounts, parent_id: OrderId, exchange: str
) -> SimOrder:
    """The order the message describes. Errors: RejectedRequest."""
    values = message.values
    group = values.get("faGroup", "") if accounts.advisor else ""
    if accounts.advisor and values["account"] == ALL and not group:
        raise invalid("An order for all accounts needs a group; make one with replaceFA")
    return SimOrder(
        con_id=con_id,
        action=_side(values["action"]),
        type=_SPELLINGS.get(values["orderType"], values["orderType"]),
        quantity=_quantity(message),
        limit_price=_price(values["lmtPrice"]),
        aux_price=_price(values["auxPrice"]),
        trailing_percent=_price(values["trailingPercent"]),
        trail_stop_price=_price(values["trailStopPrice"]),
        tif=_tif(values["tif"]),
        oca_group=values["ocaGroup"],
        oca_type=values["ocaType"],
        parent_id=parent_id,
        transmit=values["transmit"],
        outside_rth=values["outsideRth"],
        trigger_method=values["triggerMethod"],
        order_ref=values["orderRef"],
        account=_account(values["account"], group, accounts),
        group=group,
        group_method=_method(values.get("faMethod", "")) if group else "",
        exchange=exchange,
        what_if=values["whatIf"],
        **attributes(message),
        extra={name: value for name, value in values.items() if name not in _OWN},
    )


def _side(action: str) -> Side:
    try:
        return Side(action.upper())
    except ValueError:
        raise invalid("Invalid side") from None


def _quantity(message: WireMessage) -> Units:
    quantity: Decimal | None = message.totalQuantity
    if message.get("cashQty"):
        return 0  # the exchange makes shares of it
    if not quantity or quantity < 0:
        raise RejectedRequest(434, "The order size cannot be zero")
    if quantity > _LARGEST_SIZE:
        raise invalid(f"Order size exceeds {_LARGEST_SIZE}")
    return tidy(quantity)


def _price(price: Decimal | None) -> Decimal | None:
    if price is not None and abs(price) > _HIGHEST_PRICE:
        raise invalid("Invalid price")
    return without_noise(price)


def _tif(text: str) -> str:
    tif = text.upper() or "DAY"
    if tif not in _TIFS:
        raise invalid(f"Invalid time in force:{text}")
    return tif


def _account(named: str, group: str, accounts: Accounts) -> str:
    """The account meant; the only one where none is named. The exchange refuses what leaves a doubt."""
    if group:
        return ""
    if named in ("", accounts.advisor):
        return accounts.first.account_id if len(accounts) == 1 and not accounts.advisor else named
    if not accounts.may_trade_in(named):
        raise invalid(f"Invalid account code '{named}'")
    return named


def _method(name: str) -> str:
    if name and name not in METHODS:
        raise invalid(f"the allocation method {name} is not supported by the simulated gateway")
    return name
