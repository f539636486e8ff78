"""What each order type waits for, and what it does then: one table. Pure.

Source: IBKR Campus, "Order Types". A type that is not in the table is refused with 387.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from bot.domain.contract import Contract
from bot.domain.types import SecType
from bot.sim.exchange.fractions.sizes import Units
from bot.sim.exchange.orders import SimOrder, SimOrderType


class Wake(StrEnum):
    """What an order waits for before it trades. TOUCH is a stop the other way round; TRAIL a stop that follows the market."""

    AT_ONCE = "at once"
    STOP = "stop"
    TOUCH = "touch"
    TRAIL = "trail"


class Peg(StrEnum):
    """What a pegged order's price is reckoned from: its own side, the opposite side, the middle."""

    PRIMARY = "primary"
    MARKET = "market"
    MIDPOINT = "midpoint"


_ALL = frozenset(SecType)
_SINGLE = _ALL - {SecType.OTHER}
"""Of combinations the exchange takes limit and market orders alone (own choice; IB has some more)."""


@dataclass(frozen=True, slots=True)
class OrderKind:
    """``at_close``: trades in the closing auction alone. ``sec_types``: for which products IB lists it.

    ``outside``: whether IB lets it trigger and fill outside regular hours where the order says so.
    """

    wakes: Wake
    has_limit: bool
    at_close: bool = False
    sec_types: frozenset[SecType] = _SINGLE
    outside: bool = True
    peg: Peg | None = None
    """It follows the quote; ``snaps``: it takes its price once and stays there."""
    snaps: bool = False
    becomes_limit: bool = False
    """What its first fill leaves is a limit order at that price."""


_AUCTIONED = frozenset({SecType.STOCK})
"""IBKR Campus: MOC and LOC are for CFDs, futures, stocks and warrants; US options have no closing auction."""

KINDS: Mapping[str, OrderKind] = {
    SimOrderType.LIMIT: OrderKind(Wake.AT_ONCE, has_limit=True, sec_types=_ALL),
    SimOrderType.MARKET: OrderKind(Wake.AT_ONCE, has_limit=False, sec_types=_ALL, outside=False),
    SimOrderType.STOP: OrderKind(Wake.STOP, has_limit=False),
    SimOrderType.STOP_LIMIT: OrderKind(Wake.STOP, has_limit=True),
    SimOrderType.IF_TOUCHED: OrderKind(Wake.TOUCH, has_limit=False),
    SimOrderType.LIMIT_IF_TOUCHED: OrderKind(Wake.TOUCH, has_limit=True),
    SimOrderType.TRAIL: OrderKind(Wake.TRAIL, has_limit=False),
    SimOrderType.TRAIL_LIMIT: OrderKind(Wake.TRAIL, has_limit=True),
    SimOrderType.MARKET_ON_CLOSE: OrderKind(
        Wake.AT_ONCE, has_limit=False, at_close=True, sec_types=_AUCTIONED, outside=False
    ),
    SimOrderType.LIMIT_ON_CLOSE: OrderKind(
        Wake.AT_ONCE, has_limit=True, at_close=True, sec_types=_AUCTIONED, outside=False
    ),
    SimOrderType.MARKET_TO_LIMIT: OrderKind(Wake.AT_ONCE, has_limit=False, outside=False, becomes_limit=True),
    SimOrderType.RELATIVE: OrderKind(Wake.AT_ONCE, has_limit=False, peg=Peg.PRIMARY),
    SimOrderType.PEGGED_TO_MARKET: OrderKind(
        Wake.AT_ONCE, has_limit=False, sec_types=_AUCTIONED, peg=Peg.MARKET
    ),
    SimOrderType.PEGGED_TO_MIDPOINT: OrderKind(
        Wake.AT_ONCE, has_limit=False, sec_types=_AUCTIONED, peg=Peg.MIDPOINT
    ),
    SimOrderType.MIDPRICE: OrderKind(
        Wake.AT_ONCE, has_limit=False, sec_types=_AUCTIONED, outside=False, peg=Peg.MIDPOINT
    ),
    SimOrderType.SNAP_TO_MARKET: OrderKind(Wake.AT_ONCE, has_limit=False, peg=Peg.MARKET, snaps=True),
    SimOrderType.SNAP_TO_MIDPOINT: OrderKind(Wake.AT_ONCE, has_limit=False, peg=Peg.MIDPOINT, snaps=True),
    SimOrderType.SNAP_TO_PRIMARY: OrderKind(Wake.AT_ONCE, has_limit=False, peg=Peg.PRIMARY, snaps=True),
}
_UNKNOWN = OrderKind(Wake.AT_ONCE, has_limit=False)

AT_THE_OPEN = "OPG"
"""The time in force that makes MKT and LMT orders of the opening auction: MOO and LOO (IBKR Campus)."""
AT_ONCE_OR_NEVER = frozenset({"IOC", "FOK"})


def kind_of(order: SimOrder) -> OrderKind:
    return KINDS.get(order.type, _UNKNOWN)


def trades_outside(order: SimOrder, contract: Contract) -> bool:
    """Whether early and late trading are open to the order: to stocks, with the flag, and not for a plain market order."""
    is_stock = contract.sec_type is SecType.STOCK
    return order.outside_rth and is_stock and kind_of(order).outside and order.tif != AT_THE_OPEN


def first_stop(order: SimOrder) -> Decimal | None:
    """The trigger an order begins with; a trailing order without one takes it from the first quote."""
    return order.trail_stop_price if kind_of(order).wakes is Wake.TRAIL else order.aux_price


def trail_offset(order: SimOrder) -> Decimal | None:
    """How far behind its stop the limit of TRAIL LIMIT is: the offset, or what limit and first stop make it."""
    if order.limit_offset is not None:
        return order.limit_offset
    if order.limit_price is None or order.trail_stop_price is None:
        return None
    return abs(order.limit_price - order.trail_stop_price)


def least_fill(order: SimOrder, filled: Units) -> Units:
    """The smallest fill the order takes next: all of it for FOK and all-or-none, ``minQty`` for its first."""
    if order.tif == "FOK" or order.all_or_none:
        return order.quantity - filled
    return max(1, order.min_quantity) if filled == 0 else 1
