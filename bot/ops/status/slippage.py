"""What each fill should have cost by what was known when it was decided, and how much worse it was.

| fill of | expected |
|---|---|
| an entry | the ask by which the idea was judged: the model pays the spread |
| a target | its limit |
| a stop | its trigger less the spread the idea saw: IB sets it off by the ask and sells at the bid, as sizing counts it |
| an exit that closes | the bid by which it was decided; the ask where a short is bought back |

Rule: what nobody said is unknown, and is told as None, never as 0. A backtest fills at these prices or better.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.contract import Contract
from bot.domain.order import Leg, Order, leg_of
from bot.domain.types import ExecId, IdeaId, OrderRef, Side

KINDS: tuple[type, ...] = (
    m.TradeIdea, m.PlaceBracket, m.BracketAdopted, b.SendOrders, b.SendRevision, m.FillBooked,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FillSlip:
    """One fill. ``ticks`` a contract and ``usd`` in all: how much worse than expected, negative is better; None is unknown."""

    at: datetime
    exec_id: ExecId
    replaces: ExecId | None
    order_ref: OrderRef
    contract: str
    leg: Leg
    side: Side
    quantity: int
    price: Decimal
    expected: Decimal | None
    ticks: Decimal | None
    usd: Decimal | None


@dataclass(frozen=True, slots=True)
class LegSlip:
    """All fills of a leg. The means are by contract, over those whose expectation is known; None without one."""

    leg: Leg
    fills: int
    unknown: int
    mean_ticks: Decimal | None
    mean_usd: Decimal | None
    total_usd: Decimal | None
    worst: FillSlip | None


class SlipBook:
    """Shown what was decided and sent, it says of each fill what it cost beyond that."""

    def __init__(self) -> None:
        self._ideas: dict[IdeaId, m.TradeIdea] = {}
        self._places: dict[IdeaId, m.PlaceBracket] = {}
        self._prices: dict[IdeaId, dict[OrderRef, Decimal | None]] = {}
        """Of each order as it was sent last: a stop's trigger, another's limit."""
        self._quoted: dict[IdeaId, dict[OrderRef, Decimal | None]] = {}
        """Of each order that closes: the bid or ask it was decided by."""

    def hear(self, x: Any) -> FillSlip | None:
        """What a fill came to; None for every other message."""
        match x:
            case m.TradeIdea():
                self._ideas[x.idea_id] = x
            case m.PlaceBracket():
                self._places[x.idea_id] = x
            case m.BracketAdopted():
                self._places.setdefault(x.place.idea_id, x.place)
                self._note_orders(x.orders)
            case b.SendOrders():
                self._note_orders(x.orders)
                for order in x.orders:
                    self._note_quote(order.ref, x.quoted)
            case b.SendRevision():
                self._prices.setdefault(_idea_of(x.ref), {})[x.ref] = x.limit_price
                self._note_quote(x.ref, x.quoted)
            case m.FillBooked():
                return self._measured(x)
        return None

    def forget(self, idea_id: IdeaId) -> None:
        """Its bracket has ended."""
        for table in (self._ideas, self._places, self._prices, self._quoted):
            table.pop(idea_id, None)

    def _note_orders(self, orders: Sequence[Order]) -> None:
        for order in orders:
            price = order.limit_price if order.stop_price is None else order.stop_price
            self._prices.setdefault(order.idea_id, {})[order.ref] = price

    def _note_quote(self, ref: OrderRef, quoted: Decimal | None) -> None:
        if quoted is not None:
            self._quoted.setdefault(_idea_of(ref), {})[ref] = quoted

    def _measured(self, x: m.FillBooked) -> FillSlip | None:
        fill, part = x.fill, leg_of(x.fill.order_ref)
        if part is None:
            return None
        leg, expected = self._expected(fill.order_ref, part)
        worse = None if expected is None else (fill.price - expected) * fill.side.sign
        at_price = partial(
            FillSlip, fill.at, fill.exec_id, x.replaces, fill.order_ref, fill.contract.label, leg, fill.side,
            fill.quantity, fill.price, expected,
        )  # fmt: skip
        if worse is None or expected is None:
            return at_price(None, None)
        return at_price(
            _in_ticks(worse, fill.contract, expected), worse * fill.quantity * fill.contract.multiplier
        )

    def _expected(self, ref: OrderRef, leg: Leg) -> tuple[Leg, Decimal | None]:
        idea = self._ideas.get(_idea_of(ref))
        quoted = self._quoted.get(_idea_of(ref), {}).get(ref)
        if leg is Leg.EXTERNAL:
            return leg, None  # by another hand: nothing was expected
        if leg is Leg.ENTRY:
            return leg, None if idea is None else idea.quote.ask
        if leg is Leg.STOP:
            trigger, spread = self._price_of(ref, leg), None if idea is None else _spread(idea)
            return leg, None if trigger is None or spread is None else max(Decimal(0), trigger - spread)
        if quoted is not None:
            return Leg.FLATTEN, quoted
        return leg, self._price_of(ref, leg) if leg is Leg.TARGET else None

    def _price_of(self, ref: OrderRef, leg: Leg) -> Decimal | None:
        """The order's own; the plan's where the order itself was not seen. A repair's legs (``stop-2``) have their own alone."""
        sent = self._prices.get(_idea_of(ref), {})
        place = self._places.get(_idea_of(ref))
        if ref in sent or place is None or not ref.endswith(f"/{leg}"):
            return sent.get(ref)
        return place.stop if leg is Leg.STOP else place.target


def by_leg(fills: Iterable[FillSlip]) -> tuple[LegSlip, ...]:
    """One line for each leg that was filled, in the order of the legs; a correction takes its execution's place."""
    standing: dict[ExecId, FillSlip] = {}
    for fill in fills:
        if fill.replaces is not None:
            standing.pop(fill.replaces, None)
        standing[fill.exec_id] = fill
    found = [(leg, [x for x in standing.values() if x.leg is leg]) for leg in Leg]
    return tuple(_leg_slip(leg, some) for leg, some in found if some)


def _leg_slip(leg: Leg, fills: Sequence[FillSlip]) -> LegSlip:
    known = [(x, x.ticks, x.usd) for x in fills if x.ticks is not None and x.usd is not None]
    if not known:
        return LegSlip(leg, len(fills), len(fills), None, None, None, None)
    contracts = sum(x.quantity for x, _, _ in known)
    ticks = sum((ticks * x.quantity for x, ticks, _ in known), Decimal(0))
    total = sum((usd for _, _, usd in known), Decimal(0))
    worst = max(known, key=lambda one: one[2])[0]
    return LegSlip(
        leg, len(fills), len(fills) - len(known), ticks / contracts, total / contracts, total, worst
    )


def _in_ticks(worse: Decimal, contract: Contract, at_price: Decimal) -> Decimal:
    return worse / contract.ticks.increment(at_price)


def _spread(idea: m.TradeIdea) -> Decimal | None:
    bid, ask = idea.quote.bid, idea.quote.ask
    return None if bid is None or ask is None else ask - bid


def _idea_of(ref: OrderRef) -> IdeaId:
    return ref.rpartition("/")[0]
