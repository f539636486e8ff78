"""What an order must pass, as one table: by its role, and whether it is new or a revision.

Rule: a check says in words why not, or ``None``. Protection and cancels are never held back by a rate or a stop: a new
protective stop needs only something to protect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from bot.guard.core.ledger import Ledger
from bot.guard.core.limits import Limits
from bot.guard.core.orders import STOPS, Asked, Refused, Role


@dataclass(frozen=True, slots=True)
class Room:
    """What the checks look at beside the order. ``stopped``, ``blind``: the reason, empty for none."""

    limits: Limits
    ledger: Ledger
    now: datetime
    stopped: str
    blind: str
    flattening: bool


_EXITS: Final = frozenset({"LMT", "MKT"}) | STOPS
Check = Callable[[Asked, Room], str | None]


def _is_going(_: Asked, room: Room) -> str | None:
    return room.stopped or None


def _sees(_: Asked, room: Room) -> str | None:
    return room.blind or None


def _hands_off(_: Asked, room: Room) -> str | None:
    return "everything is being closed by the guard" if room.flattening else None


def _round_trips(_: Asked, room: Room) -> str | None:
    done = room.ledger.counts.round_trips
    if done < room.limits.round_trips:
        return None
    return f"{done} round trips; a person must go on (ibkr-guard resume)"


def _long_option(asked: Asked, room: Room) -> str | None:
    facts = asked.facts
    symbol, currency = facts.get("symbol", "?"), facts.get("currency", "?")
    if facts.get("secType") != "OPT":
        return f"{symbol} is {facts.get('secType')}, not an option"
    if symbol not in room.limits.underlyings:
        return f"{symbol} is not among the underlyings"
    return None if currency == room.limits.currency else f"{symbol} trades in {currency}"


def _entry_type(asked: Asked, _: Room) -> str | None:
    return None if asked.order.kind == "LMT" else f"an entry of type {asked.order.kind[:16]} has no limit"


def _exit_type(asked: Asked, _: Room) -> str | None:
    kind = asked.order.kind
    return None if kind in _EXITS else f"an exit of type {kind[:16]} is not known"


def _size(asked: Asked, room: Room) -> str | None:
    limit, order = room.limits.order, asked.order
    if order.quantity > limit.quantity:
        return f"{order.quantity} contracts in an order; the limit is {limit.quantity}"
    value = order.quantity * _price(asked) * order.multiplier
    return f"an order of {value:.2f}; the limit is {limit.value:.2f}" if value > limit.value else None


def _premium(asked: Asked, room: Room) -> str | None:
    order, total = asked.order, room.limits.total
    premium = room.ledger.premium(without=order.key) + order.value
    over = premium > total.premium
    return f"{premium:.2f} of premium in all; the limit is {total.premium:.2f}" if over else None


def _positions(asked: Asked, room: Room) -> str | None:
    count = len(room.ledger.open_holdings(without=asked.order.key) | {asked.order.holding})
    limit = room.limits.total.positions
    return f"{count} positions; the limit is {limit}" if count > limit else None


def _buy_collar(asked: Asked, room: Room) -> str | None:
    quote = _fresh(asked, room)
    if quote is None or quote[1] is None:
        seen = room.ledger.quotes.get(asked.order.holding[1])
        remedy = "watch its quotes by conId first"
        if seen is not None and seen.is_late:
            remedy = "they come delayed or frozen, which prices nothing (collar.delayed_quotes)"
        return f"no ask of contract {asked.order.holding[1]} is fresh; {remedy}"
    price, highest = _price(asked), quote[1] + _slack(quote[1], room)
    return f"a limit of {price} is above {highest:.2f}, by the last ask" if price > highest else None


def _sell_collar(asked: Asked, room: Room) -> str | None:
    # Without a quote an exit passes: to be unable to get out would be worse.
    quote = _fresh(asked, room)
    if asked.order.kind != "LMT" or quote is None or quote[0] is None:
        return None
    lowest = quote[0] - _slack(quote[0], room)
    return f"a limit of {_price(asked)} is below {lowest:.2f}" if _price(asked) < lowest else None


def _covered(asked: Asked, room: Room) -> str | None:
    beyond = room.ledger.uncovered(asked.order)
    return f"{beyond} more would be sold than is held" if beyond else None


def _rate(kind: str) -> Check:
    def check(_: Asked, room: Room) -> str | None:
        return room.ledger.counts.too_many(kind, room.limits.rates, room.now)

    return check


def _revisions(asked: Asked, room: Room) -> str | None:
    # What stands at the broker protects meanwhile; only a stop that grows must not wait.
    if asked.role is Role.STOP and asked.old is not None and asked.order.quantity > asked.old.quantity:
        return None
    counts, rates = room.ledger.counts, room.limits.rates
    return counts.too_many("revisions", rates, room.now) or counts.inefficient(rates)


def _efficient(_: Asked, room: Room) -> str | None:
    return room.ledger.counts.inefficient(room.limits.rates)


def _price(asked: Asked) -> Decimal:
    return asked.order.limit or Decimal(0)


def _slack(price: Decimal, room: Room) -> Decimal:
    collar = room.limits.collar
    return max(price * collar.percent / 100, collar.absolute)


def _fresh(asked: Asked, room: Room) -> tuple[Decimal | None, Decimal | None] | None:
    quote = room.ledger.quotes.get(asked.order.holding[1])
    if quote is None or quote.at is None:
        return None
    age_s = (room.now - quote.at).total_seconds()
    return (quote.bid, quote.ask) if age_s <= room.limits.collar.quote_age_s else None


_ENTRY: Final[Mapping[str, Check]] = {
    "hands off": _hands_off,
    "stop": _is_going,
    "view": _sees,
    "round trips": _round_trips,
    "contract": _long_option,
    "type": _entry_type,
    "size": _size,
    "premium": _premium,
    "positions": _positions,
    "collar": _buy_collar,
    "efficiency": _efficient,
}
_EXIT: Final[Mapping[str, Check]] = {
    "hands off": _hands_off,
    "type": _exit_type,
    "sale": _covered,
    "collar": _sell_collar,
}
_STOP: Final[Mapping[str, Check]] = {"hands off": _hands_off, "sale": _covered}

TABLE: Final[dict[tuple[Role, bool], Mapping[str, Check]]] = {
    (Role.ENTRY, False): {**_ENTRY, "rate": _rate("entries")},
    (Role.ENTRY, True): {**_ENTRY, "children": _covered, "rate": _revisions},
    (Role.EXIT, False): {**_EXIT, "rate": _rate("exits")},
    (Role.EXIT, True): {**_EXIT, "rate": _revisions},
    (Role.STOP, False): _STOP,
    (Role.STOP, True): {**_STOP, "rate": _revisions},
}


def check_order(asked: Asked, room: Room) -> None:
    """Errors: ``Refused`` naming the first check that does not hold."""
    for name, check in TABLE[asked.role, asked.old is not None].items():
        why = check(asked, room)
        if why is not None:
            raise Refused(name, why)
