"""Brackets of ours that the broker shows and our books do not know: a journal was torn, lost, or restored from a backup.

Rule: only what bears a name of our own making and came from our own client id is taken over, from the broker's
evidence alone. The orders say their own prices; what no order says is planned as a new trade of that strategy would be.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from bot.domain.broker_messages import Snapshot
from bot.domain.contract import Contract
from bot.domain.idea import Idea, read_idea
from bot.domain.messages import BracketAdopted, PlaceBracket
from bot.domain.order import LIVE, Fill, Leg, OpenOrder, Order, OrderType, Tif, leg_of
from bot.domain.reconciling.evidence import OwnBooks, merged, positions_of, ref_of_perm
from bot.domain.session import new_york_day
from bot.domain.types import IdeaId, OrderRef, Side, Symbol


@dataclass(frozen=True, slots=True)
class Planned:
    """What a strategy's terms would have been for an entry at a given price: prices per unit, times in UTC."""

    target: Decimal
    stop: Decimal
    enter_by: datetime
    close_by: datetime
    close_reason: str


PlanOf = Callable[[Idea, Contract, Decimal], Planned | None]
"""(idea, contract, entry price) → its terms; None for a strategy that has none."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """A bracket to take over, and the ``fill`` that stands for an entry older than the broker's list of executions."""

    bracket: BracketAdopted
    fill: Fill | None = None


@dataclass(slots=True)
class _Trace:
    """All that the broker shows of one idea under references our books do not know."""

    idea: Idea
    seen: list[OpenOrder] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)

    @property
    def contracts(self) -> dict[int, Contract]:
        contracts = [*(seen.contract for seen in self.seen), *(fill.contract for fill in self.fills)]
        return {contract.con_id: contract for contract in contracts}

    @property
    def clients(self) -> set[int | None]:
        """Whose it is. Lists of completed orders do not say reliably."""
        return {x.client_id for x in self.seen if x.status in LIVE} | {fill.client_id for fill in self.fills}


def lost_brackets(
    books: OwnBooks,
    places: Mapping[IdeaId, PlaceBracket],
    snapshot: Snapshot,
    at: datetime,
    *,
    client_id: int,
    symbols: frozenset[Symbol] | None,
    plan_of: PlanOf,
) -> Iterator[Adopted]:
    """Every bracket of ours with orders that ``books`` do not know. ``at`` is when the snapshot was asked for."""
    fills = [*books.fills.values()]
    for trace in _traces(books, snapshot):
        is_watched = symbols is None or trace.idea.symbol in symbols
        if not is_watched or trace.clients != {client_id} or len(trace.contracts) != 1:
            continue
        adopted = _adopted(trace, places.get(trace.idea.idea_id), snapshot, fills, at, plan_of)
        if adopted is not None:
            fills += [*trace.fills, *([adopted.fill] if adopted.fill else [])]
            yield adopted


# ── what the broker shows ────────────────────────────────────────────────────────────────────────────────────────


def _traces(books: OwnBooks, snapshot: Snapshot) -> list[_Trace]:
    traces: dict[IdeaId, _Trace] = {}

    def trace_of(ref: OrderRef, perm_id: int, contract: Contract) -> _Trace | None:
        if ref in books.orders or ref_of_perm(books, perm_id) is not None:
            return None
        idea_id = ref.rpartition("/")[0]
        idea = read_idea(idea_id)
        if idea is None or leg_of(ref) is None or contract.symbol != idea.symbol:
            return None
        return traces.setdefault(idea_id, _Trace(idea))

    for seen in (*snapshot.open_orders, *snapshot.completed_orders):
        trace = trace_of(seen.ref, seen.perm_id, seen.contract)
        if trace is not None and seen.type in set(OrderType):
            trace.seen.append(seen)
    # The broker lists an execution beside its corrections; only the last of them counts.
    for fill in sorted(merged({}, snapshot.fills).values(), key=lambda fill: fill.at):
        trace = trace_of(fill.order_ref, fill.perm_id, fill.contract)
        if trace is not None:
            trace.fills.append(fill)
    return sorted(traces.values(), key=lambda trace: trace.idea.bar_end)


def _orders(trace: _Trace) -> dict[OrderRef, Order]:
    """Each order as its owner must have meant it: from the order itself where it is shown, else from what it filled."""
    orders: dict[OrderRef, Order] = {}
    filled: defaultdict[OrderRef, list[Fill]] = defaultdict(list)
    for fill in trace.fills:
        filled[fill.order_ref].append(fill)
    for ref, fills in filled.items():
        orders[ref] = _as_filled(ref, fills)
    for seen in sorted(trace.seen, key=lambda seen: seen.status in LIVE):
        total = sum(fill.quantity for fill in filled[seen.ref])
        orders[seen.ref] = _as_seen(seen, max(seen.quantity, seen.filled, total), trace.idea)
    return orders


def _as_seen(seen: OpenOrder, quantity: int, idea: Idea) -> Order:
    return Order(
        ref=seen.ref,
        contract=seen.contract,
        side=seen.side,
        type=OrderType(seen.type),
        quantity=quantity,
        limit_price=seen.limit_price,
        stop_price=seen.stop_price,
        tif=Tif.GTC if seen.tif == Tif.GTC else Tif.DAY,
        oca_group=seen.oca_group,
        parent_ref=f"{idea.idea_id}/{Leg.ENTRY}" if seen.parent_id else None,
    )


def _as_filled(ref: OrderRef, fills: list[Fill]) -> Order:
    price, leg = fills[-1].price, leg_of(ref)
    kind = {Leg.STOP: OrderType.STOP, Leg.FLATTEN: OrderType.MARKET}.get(leg or Leg.EXTERNAL, OrderType.LIMIT)
    return Order(
        ref=ref,
        contract=fills[-1].contract,
        side=fills[-1].side,
        type=kind,
        quantity=sum(fill.quantity for fill in fills),
        limit_price=price if kind is OrderType.LIMIT else None,
        stop_price=price if kind is OrderType.STOP else None,
    )


# ── what is made of it ───────────────────────────────────────────────────────────────────────────────────────────


def _adopted(
    trace: _Trace,
    known: PlaceBracket | None,
    snapshot: Snapshot,
    fills: list[Fill],
    at: datetime,
    plan_of: PlanOf,
) -> Adopted | None:
    ((con_id, contract),) = trace.contracts.items()
    if known is not None and known.contract.con_id != con_id:
        return None
    orders = _orders(trace)
    carried = None if known else _carried_over(trace, snapshot, fills)
    if carried is not None:
        orders[carried.order_ref] = _as_filled(carried.order_ref, [carried])
    place = known or _place(trace, contract, orders, plan_of)
    if place is None:
        return None
    return Adopted(BracketAdopted(place, tuple(orders.values()), tuple(trace.seen), at), carried)


def _carried_over(trace: _Trace, snapshot: Snapshot, fills: list[Fill]) -> Fill | None:
    """The entry of a position from an earlier day: the broker lists executions of one day only, and the position longer.

    Only what nothing else explains is taken for it, and only where no execution can come any more.
    """
    ((con_id, contract),) = trace.contracts.items()
    is_old = new_york_day(trace.idea.bar_end) < new_york_day(snapshot.at)
    held = next((x for x in snapshot.positions if x.contract.con_id == con_id), None)
    entry = f"{trace.idea.idea_id}/{Leg.ENTRY}"
    if not is_old or held is None or any(fill.order_ref == entry for fill in trace.fills):
        return None
    missing = held.quantity - positions_of([*fills, *trace.fills])[con_id]
    if missing <= 0:
        return None
    return Fill(
        exec_id=f"adopted-{trace.idea.idea_id}.0",
        order_ref=entry,
        perm_id=0,
        contract=contract,
        side=Side.BUY,
        quantity=missing,
        price=held.avg_cost / contract.multiplier,
        at=trace.idea.bar_end,
    )


def _place(
    trace: _Trace, contract: Contract, orders: Mapping[OrderRef, Order], plan_of: PlanOf
) -> PlaceBracket | None:
    """The intent, as far as it shows: the first order of each leg says its price, since repairs may say another."""
    idea, legs = trace.idea, _first_of_each_leg(orders.values())
    entry, target, stop = (
        legs[leg].limit_price or legs[leg].stop_price if leg in legs else None
        for leg in (Leg.ENTRY, Leg.TARGET, Leg.STOP)
    )
    # Exits without an entry are orphans: whatever their plan, they will be cancelled.
    price = entry or stop or target
    planned = None if price is None else plan_of(idea, contract, price)
    if price is None or planned is None:
        return None
    return PlaceBracket(
        idea_id=idea.idea_id,
        symbol=idea.symbol,
        strategy=idea.strategy,
        contract=contract,
        quantity=next(iter(legs.values())).quantity,
        entry_limit=price,
        target=target or planned.target,
        stop=stop or planned.stop,
        enter_by=planned.enter_by,
        close_by=planned.close_by,
        close_reason=planned.close_reason,
        at=idea.bar_end,
    )


def _first_of_each_leg(orders: Iterable[Order]) -> dict[Leg, Order]:
    """The entry's before all others, where there is one."""
    found: dict[Leg, Order] = {}
    for order in sorted(orders, key=lambda order: (order.leg is not Leg.ENTRY, len(order.ref), order.ref)):
        found.setdefault(order.leg, order)
    return found
