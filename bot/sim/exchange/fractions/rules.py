"""Which orders may be for a part of a share, by IB's codes and texts; and what an order's cash is good for. Pure.

Sources: IBKR Campus, "TWS API: Error Codes", 10241 to 10252; users report 10243 of accounts that trade parts of shares in
TWS. Which order types IB takes is not published with the codes: those of a plain order here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Final

from bot.domain.contract import Contract
from bot.domain.types import SecType, Side
from bot.sim.exchange.exchange_settings import ExchangeSettings
from bot.sim.exchange.fractions.sizes import STEP, Units, are_whole, rounded_down, tidy
from bot.sim.exchange.live_order import LiveOrder
from bot.sim.exchange.logins.accounts import Accounts
from bot.sim.exchange.order_kinds import AT_THE_OPEN
from bot.sim.exchange.orders import SimOrder, SimOrderType
from bot.sim.exchange.rejections import Holdings, OrderRejection
from bot.sim.market.quotes import TopOfBook

_BY_DESKTOP: Final = OrderRejection(
    10243, "Fractional-sized order cannot be placed via API. Please use desktop version to place this order."
)
_NOT_THIS_INSTRUMENT: Final = OrderRejection(
    10245, "This financial instrument does not support fractional shares trading"
)
_NOT_THIS_ORDER: Final = OrderRejection(10246, "This order doesn't support fractional shares trading")
_SMART_ONLY: Final = OrderRejection(10247, "Only IB SmartRouting supports fractional shares")
_OFF_STEP: Final = OrderRejection(
    10250, "The size does not conform to the minimum variation of for this contract"
)
_NOT_SHARED_OUT: Final = OrderRejection(10251, "Fractional shares are not supported for allocation orders")
_CLOSING_ONLY: Final = OrderRejection(
    10252, "This non-close-position order doesn't support fractional shares trading"
)
MONETARY: Final = OrderRejection(
    10241,
    "Order Quantity is expressed in monetary terms. Modification is not supported via API. "
    "Please use desktop version to revise this order.",
)
NO_CASH: Final = OrderRejection(10244, "Cash Quantity cannot be used for this order")
_PLAIN: Final = frozenset(
    {
        *(SimOrderType.MARKET, SimOrderType.LIMIT, SimOrderType.STOP, SimOrderType.STOP_LIMIT),
        *(SimOrderType.IF_TOUCHED, SimOrderType.LIMIT_IF_TOUCHED),
    }
)
_BOUGHT_FOR_CASH: Final = frozenset({SecType.STOCK, SecType.FOREX})


def refused(
    order: SimOrder, contract: Contract, accounts: Accounts, settings: ExchangeSettings
) -> OrderRejection | None:
    """Why an order for a part of a share, or for cash, is not taken; None for any other."""
    if order.cash_quantity and contract.sec_type not in _BOUGHT_FOR_CASH:
        return NO_CASH
    if are_whole(order.quantity):
        return None
    return next(_reasons(order, contract, accounts, settings), None)


def _reasons(
    order: SimOrder, contract: Contract, accounts: Accounts, settings: ExchangeSettings
) -> Iterator[OrderRejection]:
    if contract.sec_type is not SecType.STOCK:
        yield _NOT_THIS_INSTRUMENT
    if not settings.fractional_shares:
        yield _BY_DESKTOP
    if order.group:
        yield _NOT_SHARED_OUT
    account = accounts.of(order.account)
    if not account.trades_fractions:
        yield OrderRejection(
            10248, f"{account.account_id} doesn't have permission to trade fractional shares"
        )
    if order.type not in _PLAIN:
        yield OrderRejection(10249, f'{order.type}="" order doesn\'t support fractional shares')
    if order.exchange != "SMART":
        yield _SMART_ONLY
    if order.all_or_none or order.min_quantity or order.tif in ("FOK", AT_THE_OPEN):
        yield _NOT_THIS_ORDER
    if Decimal(order.quantity) % STEP:
        yield _OFF_STEP


def sells_short(order: LiveOrder, view: Holdings) -> OrderRejection | None:
    """A sale that would leave a part of a share short: IB lends whole ones."""
    if order.contract.sec_type is not SecType.STOCK or order.side is Side.BUY:
        return None
    parent = order.parent
    bought = parent.order.quantity - parent.filled if parent is not None and parent.side is Side.BUY else 0
    after = tidy(view.held(order.contract.con_id) + bought - order.remaining)
    return _CLOSING_ONLY if after < 0 and not are_whole(after) else None


def size_for(
    order: SimOrder,
    contract: Contract,
    book: TopOfBook | None,
    accounts: Accounts,
    settings: ExchangeSettings,
) -> Units:
    """What an order's cash buys, at its limit or else at the market: shares down to their smallest part where the order may
    have one, whole ones where not, whole units of a currency. 0 where no price is known.
    """
    quoted = None if book is None else (book.ask if order.action is Side.BUY else book.bid) or book.last
    price = order.limit_price or quoted
    if not price or not order.cash_quantity:
        return 0
    size = rounded_down(order.cash_quantity / price, STEP)
    may_be_part = next(_reasons(replace(order, quantity=size), contract, accounts, settings), None) is None
    return size if may_be_part else int(size)
