"""The orders a bracket is made of. Rule: exits are GTC and share one OCA group; entries are limit-priced buys; every
ref is new."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime, timedelta
from decimal import Decimal

from bot.domain.messages import PlaceBracket
from bot.domain.order import Leg, Order, OrderType, Tif
from bot.domain.pricing import BracketPrices, counted_from, follow, on_grid, protection_around
from bot.domain.session import session_at
from bot.domain.types import IdeaId, OrderRef, Side


def ref_of(idea_id: IdeaId, leg: Leg, number: int = 0) -> OrderRef:
    """``<idea>/<leg>``, with ``-<number>`` for all but the first of its kind."""
    return f"{idea_id}/{leg}-{number}" if number else f"{idea_id}/{leg}"


def approved_prices(place: PlaceBracket) -> BracketPrices:
    """What was approved, on the contract's grid."""
    return on_grid(place.contract.ticks, BracketPrices(place.entry_limit, place.target, place.stop))


def protection_prices(place: PlaceBracket, paid: Decimal) -> BracketPrices:
    """What a fresh pair around a position bought at ``paid`` carries."""
    planned = BracketPrices(place.entry_limit, place.target, place.stop)
    return protection_around(place.contract.ticks, planned, paid)


def prices_paid(place: PlaceBracket, paid: Decimal) -> BracketPrices:
    """What was approved, counted from the price ``paid`` instead of the entry's limit."""
    return counted_from(place.contract.ticks, approved_prices(place), paid)


def entry_ends_at(place: PlaceBracket, now: datetime, grace_s: float) -> datetime:
    """When the broker itself ends an entry that nobody cancels: ``grace_s`` after its time is up, at the close at the latest."""
    end = max(place.enter_by, now) + timedelta(seconds=grace_s)
    session = session_at(now)
    return (end if session is None else min(end, session.close)).replace(microsecond=0)


def bracket_orders(
    place: PlaceBracket,
    prices: BracketPrices,
    good_till: datetime,
    trigger_method: int = 0,
    stop_limit_pct: Decimal | None = None,
) -> tuple[Order, Order, Order]:
    """Parent, target, stop. Only the stop transmits, so that the family reaches the market whole or not at all.

    The entry ends at the broker at ``good_till``: it does not outlive the bot.
    """
    entry_ref = ref_of(place.idea_id, Leg.ENTRY)
    group = f"{place.idea_id}/exits"
    return (
        Order(
            ref=entry_ref,
            contract=place.contract,
            side=Side.BUY,
            type=OrderType.LIMIT,
            quantity=place.quantity,
            limit_price=prices.entry,
            good_till=good_till,
            transmit=False,
        ),
        Order(
            ref=ref_of(place.idea_id, Leg.TARGET),
            contract=place.contract,
            side=Side.SELL,
            type=OrderType.LIMIT,
            quantity=place.quantity,
            limit_price=prices.target,
            tif=Tif.GTC,
            oca_group=group,
            parent_ref=entry_ref,
            transmit=False,
        ),
        Order(
            ref=ref_of(place.idea_id, Leg.STOP),
            contract=place.contract,
            side=Side.SELL,
            type=OrderType.STOP,
            quantity=place.quantity,
            limit_price=_stop_limit(place, prices.stop, stop_limit_pct),
            stop_price=prices.stop,
            trigger_method=trigger_method,
            tif=Tif.GTC,
            oca_group=group,
            parent_ref=entry_ref,
        ),
    )


def _stop_limit(place: PlaceBracket, trigger: Decimal, pct: Decimal | None) -> Decimal | None:
    """The limit of a stop with one: that part of its trigger below it."""
    return None if pct is None else follow(place.contract.ticks, trigger, trigger * pct)


def protection_orders(
    place: PlaceBracket,
    prices: BracketPrices,
    quantity: int,
    number: int,
    trigger_method: int = 0,
    stop_limit_pct: Decimal | None = None,
) -> tuple[Order, Order]:
    """A fresh pair around a position: the stop first, each transmitting, since no parent holds them together."""
    group = f"{place.idea_id}/exits-{number}"
    return (
        Order(
            ref=ref_of(place.idea_id, Leg.STOP, number),
            contract=place.contract,
            side=Side.SELL,
            type=OrderType.STOP,
            quantity=quantity,
            limit_price=_stop_limit(place, prices.stop, stop_limit_pct),
            stop_price=prices.stop,
            trigger_method=trigger_method,
            tif=Tif.GTC,
            oca_group=group,
        ),
        Order(
            ref=ref_of(place.idea_id, Leg.TARGET, number),
            contract=place.contract,
            side=Side.SELL,
            type=OrderType.LIMIT,
            quantity=quantity,
            limit_price=prices.target,
            tif=Tif.GTC,
            oca_group=group,
        ),
    )


def flatten_order(
    place: PlaceBracket,
    side: Side,
    quantity: int,
    limit_price: Decimal | None,
    number: int,
    oca_group: str = "",
    tif: Tif = Tif.DAY,
) -> Order:
    """One order that ends the position: at a limit, or at the market where there is none; in the stop's OCA group
    while that stop stays."""
    return Order(
        ref=ref_of(place.idea_id, Leg.FLATTEN, number),
        contract=place.contract,
        side=side,
        type=OrderType.MARKET if limit_price is None else OrderType.LIMIT,
        quantity=quantity,
        limit_price=limit_price,
        tif=tif,
        oca_group=oca_group,
    )


def next_number(idea_id: IdeaId, legs: tuple[Leg, ...], taken: Container[OrderRef], at_least: int = 1) -> int:
    """The first number, from ``at_least`` on, with which none of these legs was ever sent."""
    number = max(1, at_least)
    while any(ref_of(idea_id, leg, number) in taken for leg in legs):
        number += 1
    return number
