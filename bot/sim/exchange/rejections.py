"""Why an order is not accepted: IB's codes and texts, one rule a function.

Rule: ``malformed`` judges the message alone, ``unacceptable`` judges it against the market, the account and the other orders. The
first kind leaves no order behind; the second (201) leaves an Inactive one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bot.domain.contract import Contract
from bot.domain.session import session_on
from bot.domain.types import SecType, Side
from bot.sim.exchange.exchange_settings import Knobs
from bot.sim.exchange.live_order import LiveOrder
from bot.sim.exchange.orders import MarginFigures, SimOrder, SimOrderType
from bot.sim.market.quotes import Book

TIFS = frozenset({"DAY", "GTC", "IOC", "GTD"})


@dataclass(frozen=True, slots=True)
class Refusal:
    code: int
    text: str


def _rejected(reason: str) -> Refusal:
    return Refusal(201, f"Order rejected - reason:{reason}")


NO_CONTRACT = Refusal(200, "No security definition has been found for the request")
FILLED = Refusal(104, "Cannot modify a filled order.")
DUPLICATE = Refusal(103, "Duplicate order id")
MISMATCH = Refusal(105, "Order being modified does not match original order.")
OCA_REVISION = Refusal(10326, "OCA group revision is not allowed.")
WHAT_IF_TRANSMIT = Refusal(413, "What-if order should have the transmit flag set to TRUE.")
TOO_FAR = Refusal(163, "The following order would exceed the price percentage limit.")


def no_such_order(order_id: int) -> Refusal:
    return Refusal(135, f"Can't find order with id ={order_id}")


def not_found_to_cancel(order_id: int) -> Refusal:
    return Refusal(10147, f"OrderId {order_id} that needs to be cancelled is not found.")


def too_late_to_cancel(order_id: int, status: str) -> Refusal:
    return Refusal(
        10148, f"OrderId {order_id} that needs to be cancelled cannot be cancelled, state: {status}."
    )


def malformed(order: SimOrder, contract: Contract, account_id: str, now: datetime) -> Refusal | None:
    """What is wrong with the message itself, None when nothing is."""
    if order.type not in set(SimOrderType):
        return Refusal(387, f"Unsupported order type for this exchange and security type: {order.type}.")
    if contract.sec_type is SecType.INDEX:
        return Refusal(
            387, "Unsupported order type for this exchange and security type: an index cannot be traded."
        )
    if order.quantity <= 0:
        return Refusal(434, "The order size cannot be zero.")
    if order.account not in ("", account_id):
        return Refusal(
            321, f"Error validating request.-'b' : cause - Invalid account code '{order.account}'."
        )
    return _bad_time(order, now) or _bad_prices(order, contract)


def _bad_time(order: SimOrder, now: datetime) -> Refusal | None:
    if order.tif not in TIFS:
        return Refusal(10052, f"Invalid time in force:{order.tif}.")
    if order.tif == "GTD" and (order.good_till is None or order.good_till <= now):
        return Refusal(391, "The time or time-zone entered is invalid.")
    return None


def _bad_prices(order: SimOrder, contract: Contract) -> Refusal | None:
    needs_limit = order.type in (SimOrderType.LIMIT, SimOrderType.STOP_LIMIT)
    needs_aux = order.type in (SimOrderType.STOP, SimOrderType.STOP_LIMIT, SimOrderType.IF_TOUCHED)
    if needs_limit and order.limit_price is None:
        return Refusal(
            321, "Error validating request.-'b' : cause - Limit price is required for this order type."
        )
    if needs_aux and not order.aux_price:
        return Refusal(
            321, "Error validating request.-'b' : cause - Stop price is required for this order type."
        )
    if order.type == SimOrderType.TRAIL and not order.aux_price and not order.trailing_percent:
        return Refusal(321, "Error validating request.-'b' : cause - Trailing amount or percent is required.")
    return _off_grid(order, contract, needs_limit=needs_limit, needs_aux=needs_aux)


def _off_grid(order: SimOrder, contract: Contract, *, needs_limit: bool, needs_aux: bool) -> Refusal | None:
    prices = [order.limit_price] if needs_limit else []
    prices += [order.aux_price] if needs_aux else []
    for price in prices:
        if price is not None and (price <= 0 or not contract.ticks.is_on_grid(price)):
            return Refusal(
                110, "The price does not conform to the minimum price variation for this contract."
            )
    return None


def expired(contract: Contract, now: datetime) -> Refusal | None:
    """An option past its last session."""
    session = session_on(contract.expiry) if contract.expiry is not None else None
    if session is None or now < session.close:
        return None
    return _rejected("The contract is expired.")


def both_sides(order: LiveOrder, others: Sequence[LiveOrder], knobs: Knobs) -> Refusal | None:
    """US option exchanges accept no customer who could trade with himself. An order's own family does not count."""
    if order.contract.sec_type is not SecType.OPTION or not knobs.both_sides_reject:
        return None
    opposite = (o for o in others if o.contract.con_id == order.contract.con_id and o.side is not order.side)
    if any(other.is_at_exchange and not order.is_family_of(other) for other in opposite):
        return _rejected("Cannot have open orders on both sides of the same US Option contract.")
    return None


def too_many(order: LiveOrder, others: Sequence[LiveOrder], knobs: Knobs) -> Refusal | None:
    same = [
        o
        for o in others
        if o is not order
        and o.is_alive
        and o.contract.con_id == order.contract.con_id
        and o.side is order.side
    ]
    if len(same) < knobs.orders_per_side:
        return None
    return _rejected(
        f"Maximum of {knobs.orders_per_side} working orders on either the buy or sell side of this contract."
    )


def uncovered(order: LiveOrder, held: int, knobs: Knobs) -> Refusal | None:
    """Selling more options than are held (a child may count on its parent's)."""
    if order.contract.sec_type is not SecType.OPTION or order.side is Side.BUY or knobs.short_options_allowed:
        return None
    expected = held + (order.parent.order.quantity - order.parent.filled if order.parent is not None else 0)
    if order.quantity - order.filled <= expected:
        return None
    return _rejected("The account does not have trading permission for uncovered option positions.")


def beyond_collar(order: LiveOrder, book: Book, knobs: Knobs) -> bool:
    """An option limit too far through the NBBO."""
    limit, collar = order.limit, knobs.price_collar
    opposite = book.ask if order.side is Side.BUY else book.bid
    if order.contract.sec_type is not SecType.OPTION or limit is None or collar is None or opposite is None:
        return False
    allowance = max(opposite * collar, knobs.collar_floor)
    return limit > opposite + allowance if order.side is Side.BUY else limit < opposite - allowance


COLLAR = _rejected(
    "The limit price is too far through the National Best Bid and Offer; it must be within the price cap."
)


def short_of_margin(figures: MarginFigures) -> Refusal | None:
    """The account cannot carry the order."""
    if figures.equity_with_loan_after >= figures.initial_after:
        return None
    return _rejected(
        "YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED POSITION YOUR EQUITY WITH LOAN VALUE "
        f"[{_money(figures.equity_with_loan_after)} USD] MUST EXCEED THE INITIAL MARGIN "
        f"[{_money(figures.initial_after)} USD]"
    )


def _money(amount: Decimal) -> str:
    return f"{amount:.2f}"
