"""A quote as tick messages: what changed since the last one, in IB's tick types.

Rule: pure. A side nobody quotes is price -1 with size 0, as IB sends it; a figure that is unknown is not sent at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from bot.domain.types import Right, SecType
from bot.sim.market.listing import ContractDetails
from bot.sim.market.quotes import OptionModel, Ticker, TopOfBook

Tick = tuple[str, dict[str, Any]]

# IBKR Campus, "Available Tick Types"; -1 with size 0 stands for no quote, -2 for a greek that was not computed.
_BID, _ASK, _LAST, _HIGH, _LOW, _CLOSE, _OPEN = 1, 2, 4, 6, 7, 9, 14
_BID_SIZE, _ASK_SIZE, _LAST_SIZE, _VOLUME = 0, 3, 5, 8
_LAST_TIME, _RT_VOLUME, _MARK, _HALTED = 45, 48, 37, 49
_MODEL_GREEKS = 13
_NO_PRICE = -1
# Live tick type → its delayed counterpart.
_DELAYED: Final = {
    1: 66,
    2: 67,
    4: 68,
    0: 69,
    3: 70,
    5: 71,
    6: 72,
    7: 73,
    8: 74,
    9: 75,
    14: 76,
    45: 88,
    13: 83,
}
_NOT_COMPUTED: Final = -2
CAN_AUTO_EXECUTE: Final = 1
_OPTION_VOLUME, _OPEN_INTEREST, _RT_VOLUME_REQUEST, _MARK_REQUESTS = 100, 101, 233, {221, 232}
GENERIC_TICKS: Final = frozenset(
    {
        100,
        101,
        104,
        105,
        106,
        162,
        165,
        221,
        225,
        232,
        233,
        236,
        256,
        258,
        292,
        293,
        294,
        295,
        318,
        375,
        411,
        456,
        460,
        576,
    }
    | {577, 578, 586, 587, 588, 595, 614, 619, 623}
)
"""The numbers IB lists for reqMktData; any other is refused."""


def changes(
    before: Ticker | None, now: Ticker, wanted: frozenset[int], details: ContractDetails
) -> Iterator[Tick]:
    """The ticks that lead from ``before`` (None: nothing said yet) to ``now``; ``wanted`` are generic ticks."""
    yield from _sides(before.book if before else None, now.book)
    yield from _tape(before, now)
    yield from _day(before, now)
    yield from _generic(before, now, wanted, details)


def _sides(before: TopOfBook | None, now: TopOfBook) -> Iterator[Tick]:
    old_bid = (before.bid, before.bid_size) if before else None
    old_ask = (before.ask, before.ask_size) if before else None
    yield from _side(_BID, _BID_SIZE, old_bid, (now.bid, now.bid_size))
    yield from _side(_ASK, _ASK_SIZE, old_ask, (now.ask, now.ask_size))


def _side(
    price_type: int,
    size_type: int,
    before: tuple[Decimal | None, int] | None,
    now: tuple[Decimal | None, int],
) -> Iterator[Tick]:
    if before == now:
        return
    price: Decimal | int = _NO_PRICE if now[0] is None else now[0]
    size = 0 if now[0] is None else now[1]
    if before is not None and before[0] == now[0]:
        yield _size(size_type, size)
        return
    yield _price(price_type, price, size, CAN_AUTO_EXECUTE)
    # IB repeats the size in a message of its own.
    yield _size(size_type, size)


def _tape(before: Ticker | None, now: Ticker) -> Iterator[Tick]:
    book = now.book
    if book.last is not None and (before is None or before.book.last != book.last):
        yield _price(_LAST, book.last, book.last_size, 0)
    if book.last_size and (before is None or before.book.last_size != book.last_size):
        yield _size(_LAST_SIZE, book.last_size)
    if now.volume is not None and (before is None or before.volume != now.volume):
        yield _size(_VOLUME, now.volume)
        if book.last is not None:
            yield _text(_LAST_TIME, str(int(now.at.timestamp())))


def _day(before: Ticker | None, now: Ticker) -> Iterator[Tick]:
    for tick_type, name in ((_HIGH, "high"), (_LOW, "low"), (_CLOSE, "close"), (_OPEN, "open")):
        value = getattr(now, name)
        if value is not None and (before is None or getattr(before, name) != value):
            yield _price(tick_type, value, 0, 0)
    if before is None:
        yield "tickGeneric", {"tickType": _HALTED, "value": 0.0}


def _generic(
    before: Ticker | None, now: Ticker, wanted: frozenset[int], details: ContractDetails
) -> Iterator[Tick]:
    contract = details.contract
    is_option = contract.sec_type is SecType.OPTION
    is_put = contract.right is Right.PUT
    old_interest = before.open_interest if before else None
    if is_option and _OPEN_INTEREST in wanted and now.open_interest not in (None, old_interest):
        yield _size(28 if is_put else 27, now.open_interest or 0)
    old_volume = before.volume if before else None
    if is_option and _OPTION_VOLUME in wanted and now.volume not in (None, old_volume):
        yield _size(30 if is_put else 29, now.volume or 0)
    mark = now.book.last if now.book.mid is None else now.book.mid
    if mark is not None and wanted & _MARK_REQUESTS and (before is None or before.book.mid != now.book.mid):
        yield _price(_MARK, mark, 0, 0)
    if _RT_VOLUME_REQUEST in wanted and now.volume not in (None, old_volume) and now.book.last is not None:
        milliseconds = int(now.at.timestamp() * 1000)
        yield _text(_RT_VOLUME, f"{now.book.last};{now.book.last_size};{milliseconds};{now.volume};;true")


def greeks(model: OptionModel, tick_type: int = _MODEL_GREEKS, price: float | None = None) -> Tick:
    """A tickOptionComputation of the model, or of a price where one is given."""
    return "tickOptionComputation", {
        "tickType": tick_type,
        "tickAttrib": 0,
        "impliedVol": model.implied_vol,
        "delta": model.delta,
        "optPrice": model.price if price is None else price,
        "pvDividend": 0.0,
        "gamma": model.gamma,
        "vega": model.vega,
        "theta": model.theta,
        "undPrice": model.underlying_price,
    }


def delayed(tick: Tick) -> Tick | None:
    """The tick as a delayed one; None where IB has no delayed counterpart."""
    kind, values = tick
    tick_type = _DELAYED.get(values["tickType"])
    return None if tick_type is None else (kind, {**values, "tickType": tick_type})


def _price(tick_type: int, price: Decimal | int, size: int, mask: int) -> Tick:
    return "tickPrice", {"tickType": tick_type, "price": float(price), "size": size, "attrMask": mask}


def _size(tick_type: int, size: int) -> Tick:
    return "tickSize", {"tickType": tick_type, "size": size}


def _text(tick_type: int, value: str) -> Tick:
    return "tickString", {"tickType": tick_type, "value": value}
