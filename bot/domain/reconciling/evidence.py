"""What a snapshot proves about fills, and which of its orders are ours.

Rule: a fill's identity is its execution key, an order's its OrderRef or permId. A fill that the broker no longer lists
is believed only when a completed order and the position both bear it out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.broker_messages import Snapshot
from bot.domain.order import DONE, Fill, OpenOrder, Order, OrderStatus, bot_of, execution_key
from bot.domain.types import ConId, IdeaId, OrderRef, PermId


@dataclass(frozen=True, slots=True)
class OwnOrder:
    """One order as our books hold it. ``reported_at`` is the last word of the broker about it, None before the first."""

    order: Order
    status: OrderStatus
    sent_at: datetime
    reported_at: datetime | None = None
    perm_ids: frozenset[PermId] = frozenset()


@dataclass(frozen=True, slots=True)
class OwnBooks:
    """Everything we claim: orders by ref, the fills that count by execution stem, and which ideas are still open."""

    orders: Mapping[OrderRef, OwnOrder]
    fills: Mapping[str, Fill]
    open_ideas: frozenset[IdeaId] = frozenset()


def by_ref(books: OwnBooks, seen: Iterable[OpenOrder]) -> dict[OrderRef, OpenOrder]:
    """Our orders among those seen; of several with one ref the one whose permId we knew first, else the live one."""
    found: dict[OrderRef, OpenOrder] = {}
    for order in sorted(seen, key=lambda order: (order.status in DONE, order.perm_id)):
        ref = order.ref if order.ref in books.orders else ref_of_perm(books, order.perm_id)
        if ref is None:
            continue
        if ref not in found or _knew(books, ref, order) > _knew(books, ref, found[ref]):
            found[ref] = order
    return found


def _knew(books: OwnBooks, ref: OrderRef, seen: OpenOrder) -> bool:
    return seen.perm_id in books.orders[ref].perm_ids


def ref_of_perm(books: OwnBooks, perm_id: PermId) -> OrderRef | None:
    if not perm_id:
        return None
    return next((ref for ref, own in books.orders.items() if perm_id in own.perm_ids), None)


# ── fills ────────────────────────────────────────────────────────────────────────────────────────────────────────


def refs_by_perm(books: OwnBooks, snapshot: Snapshot) -> dict[PermId, OrderRef]:
    known = {perm_id: ref for ref, own in books.orders.items() for perm_id in own.perm_ids}
    for seen in (*snapshot.open_orders, *snapshot.completed_orders):
        if seen.ref in books.orders and seen.perm_id:
            known[seen.perm_id] = seen.ref
    return known


def _ours(fill: Fill, books: OwnBooks, refs: Mapping[PermId, OrderRef]) -> Fill | None:
    if fill.order_ref in books.orders:
        return fill
    ref = refs.get(fill.perm_id)
    return replace(fill, order_ref=ref) if ref is not None else None


def is_news(fills: Mapping[str, Fill], fill: Fill) -> bool:
    """Whether the fill is unknown, or a later revision of one that counts."""
    stem, revision = execution_key(fill.exec_id)
    known = fills.get(stem)
    return known is None or revision > execution_key(known.exec_id)[1]


def missing_fills(books: OwnBooks, snapshot: Snapshot, refs: Mapping[PermId, OrderRef]) -> Iterator[Fill]:
    for fill in sorted(snapshot.fills, key=lambda fill: (fill.at, execution_key(fill.exec_id))):
        ours = _ours(fill, books, refs)
        if ours is not None and is_news(books.fills, ours):
            yield ours


def replaced_by(fills: Mapping[str, Fill], fill: Fill) -> Fill | None:
    """What stops counting once ``fill`` does: its earlier revision, or the stand-in for its order."""
    known = fills.get(execution_key(fill.exec_id)[0])
    return known if known is not None else fills.get(_stand_in_stem(fill.perm_id))


def merged(fills: Mapping[str, Fill], more: Iterable[Fill]) -> dict[str, Fill]:
    merged = dict(fills)
    for fill in more:
        if is_news(merged, fill):
            old = replaced_by(merged, fill)
            if old is not None:
                del merged[execution_key(old.exec_id)[0]]
            merged[execution_key(fill.exec_id)[0]] = fill
    return merged


def _stand_in_stem(perm_id: PermId) -> str:
    return f"completed-{perm_id}"


def fills_of_completed(books: OwnBooks, snapshot: Snapshot, ledger: Mapping[str, Fill]) -> Iterator[Fill]:
    """Fills whose executions the broker no longer lists (it keeps a day), proved by completed order AND position.

    The price is the order's own: a limit fills there or better, a stop thereabouts. Should the execution come after
    all, it takes the stand-in's place (:func:`replaced_by`).
    """
    held = {position.contract.con_id: position.quantity for position in snapshot.positions}
    booked: Counter[OrderRef] = Counter()
    for fill in ledger.values():
        booked[fill.order_ref] += fill.quantity
    missing: defaultdict[ConId, list[Fill]] = defaultdict(list)
    for ref, seen in by_ref(books, snapshot.completed_orders).items():
        order = books.orders[ref].order
        price = order.limit_price if order.limit_price is not None else order.stop_price
        if seen.filled > booked[ref] and price is not None and seen.perm_id:
            missing[order.contract.con_id].append(
                Fill(
                    exec_id=f"{_stand_in_stem(seen.perm_id)}.0",
                    order_ref=ref,
                    perm_id=seen.perm_id,
                    contract=order.contract,
                    side=order.side,
                    quantity=seen.filled - booked[ref],
                    price=price,
                    at=snapshot.at,
                )
            )
    own = positions_of(ledger.values())
    for con_id, fills in missing.items():
        if own[con_id] + sum(fill.signed_quantity for fill in fills) == held.get(con_id, 0):
            yield from fills


def positions_of(fills: Iterable[Fill]) -> Counter[ConId]:
    positions: Counter[ConId] = Counter()
    for fill in fills:
        positions[fill.contract.con_id] += fill.signed_quantity
    return positions


def adopted_fills(
    books: OwnBooks, snapshot: Snapshot, ledger: Mapping[str, Fill], refs: Mapping[PermId, OrderRef]
) -> Iterator[Fill]:
    """Strangers' fills that explain, to the contract, why one bracket of ours holds less than its own fills say."""
    held = {position.contract.con_id: position.quantity for position in snapshot.positions}
    for con_id, own in positions_of(ledger.values()).items():
        strangers = [
            fill
            for fill in snapshot.fills
            if fill.contract.con_id == con_id
            and _ours(fill, books, refs) is None
            and bot_of(fill.order_ref) is None
            and is_news(ledger, fill)
        ]
        ideas = {
            books.orders[fill.order_ref].order.idea_id
            for fill in ledger.values()
            if fill.contract.con_id == con_id and fill.order_ref in books.orders
        } & books.open_ideas
        gap = held.get(con_id, 0) - own
        if gap < 0 and len(ideas) == 1 and sum(fill.signed_quantity for fill in strangers) == gap:
            for fill in strangers:
                yield replace(fill, order_ref=f"{next(iter(ideas))}/external")
