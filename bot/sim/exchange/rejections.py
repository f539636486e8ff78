"""Why an order is not accepted: IB's codes and texts, one rule a function.

Rule: ``malformed`` judges the message alone, ``unacceptable`` judges it against the market, the account and the other orders. The
first kind leaves no order behind; the second (201) leaves an Inactive one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from bot.domain.contract import Contract
from bot.domain.session import session_on
from bot.domain.types import ConId, SecType, Side
from bot.sim.exchange.combos import Combo, parts
from bot.sim.exchange.exchange_settings import ExchangeSettings
from bot.sim.exchange.fractions.sizes import Units
from bot.sim.exchange.live_order import LiveOrder
from bot.sim.exchange.logins.accounts import Accounts
from bot.sim.exchange.margin import Naked
from bot.sim.exchange.order_kinds import AT_THE_OPEN, KINDS, Wake, kind_of, trail_offset
from bot.sim.exchange.orders import MarginFigures, SimOrder, SimOrderType
from bot.sim.market.quotes import TopOfBook

# Those that are simulated; order_parsing has all that IBKR Campus lists.
TIFS = frozenset({"DAY", "GTC", "IOC", "GTD", "FOK", AT_THE_OPEN})


@dataclass(frozen=True, slots=True)
class OrderRejection:
    code: int
    text: str


class Holdings(Protocol):
    """What an account holds, as the exchange is told."""

    is_cash: bool

    def held(self, con_id: ConId) -> Units: ...
    def naked(self, contract: Contract, signed: Units) -> Naked: ...


def _rejected(reason: str) -> OrderRejection:
    return OrderRejection(201, f"Order rejected - reason:{reason}")


# Codes and texts: IBKR Campus, "TWS API: Error Codes"; 10326 from nautilus_trader #2978.
NO_CONTRACT = OrderRejection(200, "No security definition has been found for the request")
FILLED = OrderRejection(104, "Cannot modify a filled order.")
DUPLICATE = OrderRejection(103, "Duplicate order id")
MISMATCH = OrderRejection(105, "Order being modified does not match original order.")
OCA_REVISION = OrderRejection(10326, "OCA group revision is not allowed.")
WHAT_IF_TRANSMIT = OrderRejection(413, "What-if order should have the transmit flag set to TRUE.")
TOO_FAR = OrderRejection(163, "The following order would exceed the price percentage limit.")


def no_such_order(order_id: int) -> OrderRejection:
    return OrderRejection(135, f"Can't find order with id ={order_id}")


def not_found_to_cancel(order_id: int) -> OrderRejection:
    return OrderRejection(10147, f"OrderId {order_id} that needs to be cancelled is not found.")


def too_late_to_cancel(order_id: int, status: str) -> OrderRejection:
    return OrderRejection(
        10148, f"OrderId {order_id} that needs to be cancelled cannot be cancelled, state: {status}."
    )


def malformed(
    order: SimOrder, contract: Contract, accounts: Accounts, now: datetime
) -> OrderRejection | None:
    """What is wrong with the message itself, None when nothing is."""
    kind = KINDS.get(order.type)
    if kind is None or contract.sec_type not in kind.sec_types:
        return OrderRejection(
            387, f"Unsupported order type for this exchange and security type: {order.type}."
        )
    if contract.sec_type is SecType.INDEX:
        return OrderRejection(
            387, "Unsupported order type for this exchange and security type: an index cannot be traded."
        )
    if order.quantity <= 0:
        return OrderRejection(434, "The order size cannot be zero.")
    if not accounts.may_trade(order):
        return _wrong_account(order, accounts)
    return _bad_time(order, now) or _bad_prices(order, contract)


# IBKR Campus, "TWS API: Error Codes": 435 and 436.
NO_ACCOUNT = OrderRejection(435, "You must specify an account.")
NO_ALLOCATION = OrderRejection(
    436, "You must specify an allocation (either a single account, group, or profile)."
)


def _wrong_account(order: SimOrder, accounts: Accounts) -> OrderRejection:
    if order.group:
        cause = f"Invalid group name '{order.group}'."
    elif order.account in ("", accounts.advisor):
        return NO_ALLOCATION if accounts.advisor else NO_ACCOUNT
    else:
        cause = f"Invalid account code '{order.account}'."
    return OrderRejection(321, f"Error validating request.-'b' : cause - {cause}")


def _bad_time(order: SimOrder, now: datetime) -> OrderRejection | None:
    if order.tif not in TIFS:
        return OrderRejection(10052, f"Invalid time in force:{order.tif}.")
    if order.tif == "GTD" and (order.good_till is None or order.good_till <= now):
        return OrderRejection(391, "The time or time-zone entered is invalid.")
    if order.tif == AT_THE_OPEN and order.type not in (SimOrderType.MARKET, SimOrderType.LIMIT):
        return OrderRejection(111, "The TIF (Tif type) and the order type are incompatible.")
    if order.tif != "DAY" and order.type in (SimOrderType.MARKET_ON_CLOSE, SimOrderType.LIMIT_ON_CLOSE):
        return OrderRejection(113, "The Tif option should be set to DAY for MOC and LOC orders.")
    return None


def _bad_prices(order: SimOrder, contract: Contract) -> OrderRejection | None:
    kind = kind_of(order)
    is_trailing = kind.wakes is Wake.TRAIL
    needs_limit = kind.has_limit and not is_trailing
    needs_aux = kind.wakes in (Wake.STOP, Wake.TOUCH)
    if needs_limit and order.limit_price is None:
        return OrderRejection(
            321, "Error validating request.-'b' : cause - Limit price is required for this order type."
        )
    if needs_aux and not order.aux_price:
        return OrderRejection(
            321, "Error validating request.-'b' : cause - Stop price is required for this order type."
        )
    if is_trailing and not order.aux_price and not order.trailing_percent:
        return OrderRejection(
            321, "Error validating request.-'b' : cause - Trailing amount or percent is required."
        )
    if is_trailing and kind.has_limit and trail_offset(order) is None:
        return OrderRejection(321, "Error validating request.-'b' : cause - Limit price offset is required.")
    return _off_grid(order, contract, needs_limit=needs_limit, needs_aux=needs_aux)


def _off_grid(
    order: SimOrder, contract: Contract, *, needs_limit: bool, needs_aux: bool
) -> OrderRejection | None:
    prices = [order.limit_price] if needs_limit else []
    prices += [order.aux_price] if needs_aux else []
    prices += [order.limit_price] if kind_of(order).peg is not None and order.limit_price else []
    for price in prices:
        if price is not None and (_is_no_price(price, contract) or not contract.ticks.is_on_grid(abs(price))):
            return OrderRejection(
                110, "The price does not conform to the minimum price variation for this contract."
            )
    return None


def _is_no_price(price: Decimal, contract: Contract) -> bool:
    """A combination may cost nothing, or bring money in."""
    return price <= 0 and not isinstance(contract, Combo)


def expired(contract: Contract, now: datetime) -> OrderRejection | None:
    """An option past its last session, a combination with one."""
    for part, _ in parts(contract, 1):
        session = session_on(part.expiry) if part.expiry is not None else None
        if session is not None and now >= session.close:
            return _rejected("The contract is expired.")
    return None


def both_sides(
    order: LiveOrder, others: Sequence[LiveOrder], exchange_settings: ExchangeSettings
) -> OrderRejection | None:
    """US option exchanges accept no customer who could trade with himself. An order's own family does not count."""
    if order.contract.sec_type is not SecType.OPTION or not exchange_settings.both_sides_reject:
        return None
    opposite = (o for o in others if o.contract.con_id == order.contract.con_id and o.side is not order.side)
    own = (other for other in opposite if other.order.account == order.order.account)
    if any(other.is_at_exchange and not order.is_family_of(other) for other in own):
        return _rejected("Cannot have open orders on both sides of the same US Option contract.")
    return None


def too_many(
    order: LiveOrder, others: Sequence[LiveOrder], exchange_settings: ExchangeSettings
) -> OrderRejection | None:
    same = [
        o
        for o in others
        if o is not order
        and o.order.account == order.order.account
        and o.is_alive
        and o.contract.con_id == order.contract.con_id
        and o.side is order.side
    ]
    if len(same) < exchange_settings.orders_per_side:
        return None
    return _rejected(
        f"Maximum of {exchange_settings.orders_per_side} working orders on either the buy or sell side of this contract."
    )


# Texts as clients have shown them; nobody has compared them with a gateway.
SHORT_IN_CASH = _rejected("Short stock positions can only be held in a margin account.")
NOT_SHORTABLE = _rejected("The contract is not available for short sale.")


def unborrowable(order: LiveOrder, view: Holdings, settings: ExchangeSettings) -> OrderRejection | None:
    """A sale of more shares than are held, or will be once the parent has filled, where none can be borrowed."""
    if order.contract.sec_type is not SecType.STOCK or order.side is Side.BUY:
        return None
    parent = order.parent
    bought = parent.order.quantity - parent.filled if parent is not None and parent.side is Side.BUY else 0
    if order.remaining <= view.held(order.contract.con_id) + bought:
        return None
    if view.is_cash:
        return SHORT_IN_CASH
    return NOT_SHORTABLE if order.contract.symbol in settings.not_shortable else None


# IBKR Campus, "TWS API: Error Codes".
NO_PERMISSION = OrderRejection(460, "No trading permissions.")
UNCOVERED = _rejected("The account does not have trading permission for uncovered option positions.")
_LONG_OPTIONS, _LIMITED_LOSS, _ALL = 2, 3, 4


def uncovered(order: LiveOrder, view: Holdings, exchange_settings: ExchangeSettings) -> OrderRejection | None:
    """An option order that the account's permission level does not allow (a child may count on its parent's fills)."""
    level = _ALL if exchange_settings.short_options_allowed else exchange_settings.option_level
    if level >= _ALL:
        return None
    if isinstance(order.contract, Combo):
        return _uncovered_legs(order, view, level)
    if order.contract.sec_type is not SecType.OPTION:
        return _uncovers(order, view)
    held = view.held(order.contract.con_id)
    if order.side is Side.BUY:
        return None if level >= _LONG_OPTIONS or held < 0 else NO_PERMISSION
    pending = order.parent.order.quantity - order.parent.filled if order.parent is not None else 0
    sold = order.quantity - order.filled - pending
    if sold <= held:
        return None
    if level < 1:
        return NO_PERMISSION
    before, after = view.naked(order.contract, 0), view.naked(order.contract, -sold)
    return None if _is_allowed(before, after, level) else UNCOVERED


def _is_allowed(before: Naked, after: Naked, level: int) -> bool:
    """Level 3 has losses that are limited: short puts, spreads that are sold. Below it all is paid for or covered by shares."""
    is_covered = after.puts <= before.puts and after.spreads <= before.spreads
    return after.calls <= before.calls and (level >= _LIMITED_LOSS or is_covered)


def _uncovered_legs(order: LiveOrder, view: Holdings, level: int) -> OrderRejection | None:
    """A combination is judged by what it leaves behind: its legs cover each other."""
    signed = order.side.sign * (order.quantity - order.filled)
    bought = [
        part
        for part, number in parts(order.contract, signed)
        if part.sec_type is SecType.OPTION and 0 < number > -view.held(part.con_id)
    ]
    if level < 1 or (bought and level < _LONG_OPTIONS):
        return NO_PERMISSION
    before, after = view.naked(order.contract, 0), view.naked(order.contract, signed)
    return None if _is_allowed(before, after, level) else UNCOVERED


def _uncovers(order: LiveOrder, view: Holdings) -> OrderRejection | None:
    """A sale of the shares that cover a short call."""
    if order.contract.sec_type is not SecType.STOCK or order.side is Side.BUY:
        return None
    after = view.naked(order.contract, -order.remaining)
    return UNCOVERED if after.calls > view.naked(order.contract, 0).calls else None


def beyond_collar(order: LiveOrder, book: TopOfBook, exchange_settings: ExchangeSettings) -> bool:
    """An option limit too far through the NBBO."""
    limit, collar = order.limit, exchange_settings.price_collar
    opposite = book.ask if order.side is Side.BUY else book.bid
    if order.contract.sec_type is not SecType.OPTION or limit is None or collar is None or opposite is None:
        return False
    allowance = max(opposite * collar, exchange_settings.collar_floor)
    return limit > opposite + allowance if order.side is Side.BUY else limit < opposite - allowance


# IBKR, "Price Caps" notice: option limits more than a set distance through the NBBO are rejected or capped.
COLLAR = _rejected(
    "The limit price is too far through the National Best Bid and Offer; it must be within the price cap."
)


def short_of_margin(figures: MarginFigures) -> OrderRejection | None:
    """The account cannot carry the order."""
    if figures.equity_with_loan_after >= figures.initial_after:
        return None
    return _rejected(
        "YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED POSITION YOUR EQUITY WITH LOAN VALUE "
        f"[{_money(figures, figures.equity_with_loan_after)}] MUST EXCEED THE INITIAL MARGIN "
        f"[{_money(figures, figures.initial_after)}]"
    )


def _money(figures: MarginFigures, amount: Decimal) -> str:
    return f"{amount / figures.rate:.2f} {figures.base}"
