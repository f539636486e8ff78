"""What a complete broker snapshot says about our own books: a pure comparison, no act.

Rule: the snapshot is evidence, and absence is evidence only for what was sent, or last heard of, well before the
snapshot was asked for. An order is settled by permId or OrderRef; a fill by its execution key. What cannot be
explained is a mismatch, named; nothing is ever concluded to be flat.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from bot.domain.broker_messages import Snapshot
from bot.domain.contract import Contract
from bot.domain.order import DONE, LIVE, Fill, OpenOrder, Order, OrderStatus, execution_key
from bot.domain.types import ConId, IdeaId, OrderRef, PermId, Symbol

NEVER_ARRIVED = "never arrived at the broker"
GONE = "no longer at the broker"


@dataclass(frozen=True, slots=True)
class OwnOrder:
    """One order as our books hold it. ``heard_at`` is the last word of the broker about it, None before the first."""

    order: Order
    status: OrderStatus
    sent_at: datetime
    heard_at: datetime | None = None
    perm_ids: frozenset[PermId] = frozenset()


@dataclass(frozen=True, slots=True)
class OwnBooks:
    """Everything we claim: orders by ref, the fills that count by execution stem, and which ideas are still open."""

    orders: Mapping[OrderRef, OwnOrder]
    fills: Mapping[str, Fill]
    open_ideas: frozenset[IdeaId] = frozenset()


@dataclass(frozen=True, slots=True)
class Settled:
    """What the snapshot proves about one order. ``by_absence`` marks a verdict that a later sighting may overturn,
    ``is_final`` one that the broker's list of completed orders bears out."""

    ref: OrderRef
    status: OrderStatus
    filled: int
    perm_id: PermId
    reason: str = ""
    by_absence: bool = False
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """``fills`` are to be booked, ``settled`` to be learned, ``surplus`` (ref, permId) to be called back."""

    fills: tuple[Fill, ...]
    settled: tuple[Settled, ...]
    surplus: tuple[tuple[OrderRef, PermId], ...]
    corrections: tuple[str, ...]
    mismatches: tuple[str, ...]
    position_mismatches: tuple[str, ...]
    """A part of ``mismatches`` that a fill under way can feign: worth a second snapshot before it is believed."""


def reconcile(
    books: OwnBooks,
    snapshot: Snapshot,
    requested_at: datetime,
    *,
    settle_s: float,
    symbols: frozenset[Symbol] | None = None,
) -> Reconciliation:
    """Compare ``books`` with a complete ``snapshot``.

    ``settle_s`` is how long before ``requested_at`` an unanswered order must have been sent for its absence to count.
    ``symbols`` limits mismatches to these underlyings (other bots may share the account); None means all.
    """
    refs = _refs_by_perm(books, snapshot)
    fills = tuple(_missing_fills(books, snapshot, refs))
    settled = tuple(settle_orders(books, snapshot, requested_at, settle_s=settle_s))
    ledger = _merged(books.fills, fills)
    adopted = tuple(_adopted(books, snapshot, ledger, refs))
    ledger = _merged(ledger, adopted)
    surplus = tuple(_surplus(books, snapshot))
    strangers = tuple(_foreign_orders(books, snapshot, symbols))
    positions = tuple(_position_mismatches(ledger, snapshot, symbols))
    return Reconciliation(
        fills=(*fills, *adopted),
        settled=settled,
        surplus=surplus,
        corrections=tuple(_corrections(books, settled, (*fills, *adopted))),
        mismatches=(
            *(f"{ref} has a second live order, permId {perm_id}" for ref, perm_id in surplus),
            *(f"{fill.contract.label} was sold by another hand: {fill.exec_id}" for fill in adopted),
            *strangers,
            *positions,
        ),
        position_mismatches=positions,
    )


# ── fills ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _refs_by_perm(books: OwnBooks, snapshot: Snapshot) -> dict[PermId, OrderRef]:
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


def _missing_fills(books: OwnBooks, snapshot: Snapshot, refs: Mapping[PermId, OrderRef]) -> Iterator[Fill]:
    for fill in sorted(snapshot.fills, key=lambda fill: (fill.at, execution_key(fill.exec_id))):
        ours = _ours(fill, books, refs)
        if ours is not None and is_news(books.fills, ours):
            yield ours


def _merged(fills: Mapping[str, Fill], more: Iterable[Fill]) -> dict[str, Fill]:
    merged = dict(fills)
    for fill in more:
        if is_news(merged, fill):
            merged[execution_key(fill.exec_id)[0]] = fill
    return merged


def _positions(fills: Iterable[Fill]) -> Counter[ConId]:
    positions: Counter[ConId] = Counter()
    for fill in fills:
        positions[fill.contract.con_id] += fill.signed_quantity
    return positions


def _adopted(
    books: OwnBooks, snapshot: Snapshot, ledger: Mapping[str, Fill], refs: Mapping[PermId, OrderRef]
) -> Iterator[Fill]:
    """Strangers' fills that explain, to the contract, why one bracket of ours holds less than its own fills say."""
    held = {position.contract.con_id: position.quantity for position in snapshot.positions}
    for con_id, own in _positions(ledger.values()).items():
        strangers = [
            fill
            for fill in snapshot.fills
            if fill.contract.con_id == con_id and _ours(fill, books, refs) is None and is_news(ledger, fill)
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


# ── orders ───────────────────────────────────────────────────────────────────────────────────────────────────────


def settle_orders(
    books: OwnBooks, snapshot: Snapshot, requested_at: datetime, *, settle_s: float
) -> Iterator[Settled]:
    """One verdict for every order of ours about which the snapshot has news."""
    at_rest = _by_ref(books, snapshot.open_orders)
    completed = _by_ref(books, snapshot.completed_orders)
    executed: Counter[OrderRef] = Counter()
    for fill in _merged(
        books.fills, _missing_fills(books, snapshot, _refs_by_perm(books, snapshot))
    ).values():
        executed[fill.order_ref] += fill.quantity
    settled_before = requested_at - timedelta(seconds=settle_s)
    for ref, own in books.orders.items():
        if ref in at_rest:
            yield _sighted(ref, at_rest[ref])
        elif own.status not in LIVE:
            continue
        elif ref in completed:
            yield replace(_sighted(ref, completed[ref]), is_final=True)
        elif executed[ref] >= own.order.quantity:
            yield Settled(ref, OrderStatus.FILLED, executed[ref], 0)
        elif own.heard_at is None and own.sent_at <= settled_before:
            reason = GONE if executed[ref] else NEVER_ARRIVED
            yield Settled(ref, OrderStatus.REJECTED, executed[ref], 0, reason, by_absence=True)
        elif own.heard_at is not None and max(own.heard_at, own.sent_at) < requested_at:
            yield Settled(ref, OrderStatus.REJECTED, executed[ref], 0, GONE, by_absence=True)


def _sighted(ref: OrderRef, seen: OpenOrder) -> Settled:
    return Settled(ref, seen.status, seen.filled, seen.perm_id)


def _by_ref(books: OwnBooks, seen: Iterable[OpenOrder]) -> dict[OrderRef, OpenOrder]:
    """Our orders among those seen; of several with one ref the one whose permId we knew first, else the live one."""
    found: dict[OrderRef, OpenOrder] = {}
    for order in sorted(seen, key=lambda order: (order.status in DONE, order.perm_id)):
        ref = order.ref if order.ref in books.orders else _ref_of_perm(books, order.perm_id)
        if ref is None:
            continue
        if ref not in found or _knew(books, ref, order) > _knew(books, ref, found[ref]):
            found[ref] = order
    return found


def _knew(books: OwnBooks, ref: OrderRef, seen: OpenOrder) -> bool:
    return seen.perm_id in books.orders[ref].perm_ids


def _ref_of_perm(books: OwnBooks, perm_id: PermId) -> OrderRef | None:
    if not perm_id:
        return None
    return next((ref for ref, own in books.orders.items() if perm_id in own.perm_ids), None)


def _surplus(books: OwnBooks, snapshot: Snapshot) -> Iterator[tuple[OrderRef, PermId]]:
    """Live orders beyond the first for one ref: a modification went through twice."""
    live: defaultdict[OrderRef, list[PermId]] = defaultdict(list)
    for seen in snapshot.open_orders:
        if seen.ref in books.orders and seen.status in LIVE and seen.perm_id:
            live[seen.ref].append(seen.perm_id)
    for ref, perm_ids in live.items():
        for perm_id in sorted(set(perm_ids))[1:]:
            yield ref, perm_id


def _foreign_orders(books: OwnBooks, snapshot: Snapshot, symbols: frozenset[Symbol] | None) -> Iterator[str]:
    for seen in snapshot.open_orders:
        known = seen.ref in books.orders or _ref_of_perm(books, seen.perm_id) is not None
        if not known and seen.status in LIVE and _is_watched(seen.contract, symbols):
            price = seen.limit_price if seen.limit_price is not None else seen.stop_price
            yield (
                f"an order that is not ours: {seen.side} {seen.quantity} {seen.contract.label} {seen.type}"
                f"{_at(price)}, permId {seen.perm_id}, client {seen.client_id}"
            )


def _at(price: Decimal | None) -> str:
    return "" if price is None else f" at {price}"


# ── positions ────────────────────────────────────────────────────────────────────────────────────────────────────


def _position_mismatches(
    ledger: Mapping[str, Fill], snapshot: Snapshot, symbols: frozenset[Symbol] | None
) -> Iterator[str]:
    """Both sides' union: a position missing from the broker's list counts as none, since the list is complete."""
    own = _positions(ledger.values())
    held = {position.contract.con_id: position for position in snapshot.positions}
    contracts = {fill.contract.con_id: fill.contract for fill in ledger.values()}
    contracts.update({con_id: position.contract for con_id, position in held.items()})
    for con_id in sorted(contracts):
        broker = held[con_id].quantity if con_id in held else 0
        if broker != own[con_id] and _is_watched(contracts[con_id], symbols):
            yield f"position of {contracts[con_id].label}: {broker} at the broker, {own[con_id]} in our books"


def _is_watched(contract: Contract, symbols: frozenset[Symbol] | None) -> bool:
    return symbols is None or contract.symbol in symbols


# ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _corrections(books: OwnBooks, settled: Iterable[Settled], fills: Iterable[Fill]) -> Iterator[str]:
    for fill in fills:
        yield f"booked {fill.side} {fill.quantity} at {fill.price} of {fill.order_ref} ({fill.exec_id})"
    for verdict in settled:
        was = books.orders[verdict.ref].status
        if verdict.by_absence or (was in LIVE and verdict.status in DONE):
            yield f"{verdict.ref}: {was} → {verdict.status}" + (
                f" ({verdict.reason})" if verdict.reason else ""
            )
