"""At what price and for how much an order trades against a book, and when a stop wakes up. Pure functions.

Fill assumptions: an order that comes in marketable takes the opposite side's price; an order that rests is filled at its own
limit once the opposite side reaches it; nothing ever trades inside the spread, and never more than is displayed.
Trigger methods after IBKR's "Modify the Stop Trigger Method": for a sell the ask must be at or below the stop, for a
buy the bid at or above it. The variant "one quote and a larger size" of the double methods is not modelled.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from bot.domain.types import SecType, Side
from bot.sim.exchange.conditions import Adjustment
from bot.sim.exchange.exchange_settings import ExchangeSettings
from bot.sim.exchange.live_order import LiveOrder
from bot.sim.exchange.order_kinds import Peg, Wake, kind_of
from bot.sim.exchange.orders import OrderView, SimOrder, SimOrderType
from bot.sim.market.quotes import TopOfBook

# 1 double bid/ask, 3 double last: two quotes or prints in a row (IBKR, "Modify the Stop Trigger Method").
_DOUBLE = {1, 3}


def fill_price(order: LiveOrder, book: TopOfBook) -> Decimal | None:
    """The price at which the order trades against this book now, None when it does not."""
    if order.waits_for_trigger or (order.kind.peg is not None and order.pegged is None):
        return None
    is_buy = order.side is Side.BUY
    opposite = book.ask if is_buy else book.bid
    limit = order.limit
    if opposite is None:
        return None
    if limit is None:
        return opposite
    reach = limit + order.side.sign * (order.order.discretion or 0)
    if opposite > reach if is_buy else opposite < reach:
        return None
    is_beyond_limit = opposite > limit if is_buy else opposite < limit
    return limit if order.is_resting and not is_beyond_limit else opposite


def follow_peg(order: LiveOrder, book: TopOfBook) -> bool:
    """Move a pegged order's price after the quote; True when it moved. Its limit price is a cap; a snap moves once.

    Source: IBKR Campus, "Order Types": REL is the own side of the NBBO made better by the offset, PEG MKT and SNAP MKT the
    opposite side made worse by it, PEG MID the mid-point; all of them on the tick grid, rounded away from the other side.
    """
    kind, o = order.kind, order.order
    is_buy = order.side is Side.BUY
    own, opposite = (book.bid, book.ask) if is_buy else (book.ask, book.bid)
    base = {Peg.PRIMARY: own, Peg.MARKET: opposite, Peg.MIDPOINT: book.mid}.get(kind.peg or Peg.PRIMARY)
    if base is None or (kind.snaps and order.pegged is not None):
        return False
    offset = o.aux_price or (o.percent_offset or 0) * base
    # A mid-point takes its offset off, as PEG MKT does: less aggressive. REL adds it.
    towards = 1 if kind.peg is Peg.PRIMARY and not kind.snaps else -1
    price = base + order.side.sign * towards * offset
    if o.limit_price:
        price = min(price, o.limit_price) if is_buy else max(price, o.limit_price)
    price = order.contract.ticks.round_down(price) if is_buy else order.contract.ticks.round_up(price)
    if price <= 0 or price == order.pegged:
        return False
    order.pegged = price
    return True


def displayed(side: Side, book: TopOfBook, exchange_settings: ExchangeSettings) -> int | None:
    """How much the opposite side shows; None when fills are not limited by it."""
    if not exchange_settings.partial_fills:
        return None
    if exchange_settings.displayed_size is not None:
        return exchange_settings.displayed_size
    return book.ask_size if side is Side.BUY else book.bid_size


def update_trail(order: LiveOrder, book: TopOfBook) -> bool:
    """Move a trailing stop after the market; True when it moved."""
    o = order.order
    reference = book.bid if order.side is Side.SELL else book.ask
    if kind_of(o).wakes is not Wake.TRAIL or reference is None:
        return False
    distance = o.aux_price if o.trailing_percent is None else reference * o.trailing_percent / 100
    if distance is None:
        return False
    ticks = order.contract.ticks
    is_sell = order.side is Side.SELL
    stop = ticks.round_down(reference - distance) if is_sell else ticks.round_up(reference + distance)
    if order.stop is not None and (stop <= order.stop if is_sell else stop >= order.stop):
        return False
    order.stop = stop
    return True


def wakes_up(order: LiveOrder, book: TopOfBook, exchange_settings: ExchangeSettings) -> bool:
    """Count this quote towards the order's trigger, and tell whether it is reached."""
    if order.stop is None:
        return False
    if order.kind.wakes is Wake.TOUCH:
        return _is_touched(order.side, order.stop, book)
    method = order.order.trigger_method or _default(order, exchange_settings)
    hit = _is_hit(method, order.side, order.stop, book)
    if hit is None:
        return False
    order.hits = order.hits + 1 if hit else 0
    return order.hits >= (2 if method in _DOUBLE else 1)


def would_act(order: OrderView, book: TopOfBook, exchange_settings: ExchangeSettings) -> bool:
    """Whether an order at work would count this quote, wake up or fill; True where that is not plain to see."""
    if order.is_triggered or not order.is_active:
        return True
    side, stop, limit = order.order.action, order.stop_price, order.order.limit_price
    if order.order.type == SimOrderType.STOP and stop is not None:
        method = order.order.trigger_method or _default(order, exchange_settings)
        return _is_hit(method, side, stop, book) is not False
    opposite = book.ask if side is Side.BUY else book.bid
    if order.order.type != SimOrderType.LIMIT or limit is None or opposite is None:
        return True
    return opposite <= limit if side is Side.BUY else opposite >= limit


def _default(order: LiveOrder | OrderView, exchange_settings: ExchangeSettings) -> int:
    is_option = order.contract.sec_type is SecType.OPTION
    return exchange_settings.option_trigger_method if is_option else exchange_settings.stock_trigger_method


def _is_hit(method: int, side: Side, stop: Decimal, book: TopOfBook) -> bool | None:
    """None when the book has no price of the kind the method looks at."""
    quoted = book.ask if side is Side.SELL else book.bid
    prices = {1: quoted, 4: quoted, 2: book.last, 3: book.last, 8: book.mid}
    if method == 7:
        return bool(_is_hit(2, side, stop, book)) or bool(_is_hit(4, side, stop, book))
    price = prices.get(method)
    if price is None:
        return None
    return price <= stop if side is Side.SELL else price >= stop


def _is_touched(side: Side, touch: Decimal, book: TopOfBook) -> bool:
    price = book.bid if side is Side.SELL else book.ask
    if price is None:
        return False
    return price >= touch if side is Side.SELL else price <= touch


def auction_price(order: LiveOrder, book: TopOfBook) -> Decimal | None:
    """The one price of an auction, None where it is beyond the order's limit: the print, or else the opposite side."""
    is_buy = order.side is Side.BUY
    price = book.last if book.last is not None else (book.ask if is_buy else book.bid)
    limit = order.limit
    if price is None or limit is None:
        return price
    return price if (price <= limit if is_buy else price >= limit) else None


def adjusted(order: LiveOrder, book: TopOfBook) -> SimOrder | None:
    """The order as its adjustment makes it, once the market has reached the adjustment's trigger; else None."""
    change = order.order.adjustment
    if change is None or not _is_touched(order.side, change.trigger_price, book):
        return None
    if change.type in (SimOrderType.TRAIL, SimOrderType.TRAIL_LIMIT):
        return _trailing(order.order, change)
    return replace(
        order.order,
        type=change.type,
        aux_price=change.stop_price,
        limit_price=change.stop_limit_price,
        adjustment=None,
    )


def _trailing(order: SimOrder, change: Adjustment) -> SimOrder:
    amount = change.trailing_amount
    return replace(
        order,
        type=change.type,
        aux_price=None if change.is_percent else amount,
        trailing_percent=amount if change.is_percent else None,
        trail_stop_price=change.stop_price,
        adjustment=None,
    )
