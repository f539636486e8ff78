"""What a complete broker snapshot says about our own books: a pure comparison, no act.

Rule: the snapshot is evidence, and absence is evidence only for what was sent, or last reported, well before the
snapshot was asked for. An order is settled by permId or OrderRef; a fill by its execution key. What cannot be
explained is a mismatch, named; nothing is ever concluded to be flat.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from bot.domain.broker_messages import Snapshot
from bot.domain.contract import Contract
from bot.domain.order import DONE, LIVE, Fill, OpenOrder, OrderStatus, OrderType, bot_of
from bot.domain.position import Position
from bot.domain.reconciling.evidence import (
    OwnBooks,
    adopted_fills,
    by_ref,
    fills_of_completed,
    merged,
    missing_fills,
    positions_of,
    ref_of_perm,
    refs_by_perm,
)
from bot.domain.session import new_york_day
from bot.domain.types import ConId, OrderRef, PermId, SecType, Symbol

NEVER_ARRIVED = "never arrived at the broker"
GONE = "no longer at the broker"
BY_ANOTHER_HAND = "was sold by another hand"


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
class PositionMismatch:
    contract: Contract
    at_broker: int
    in_books: int
    instead: str = ""
    """What of the same size the broker holds that no fill of ours explains: a corporate action renames a contract."""

    def __str__(self) -> str:
        found = (
            f"position of {self.contract.label}: {self.at_broker} at the broker, {self.in_books} in our books"
        )
        return f"{found}; UNPROTECTED instead: {self.instead}" if self.instead else found


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """``fills`` are to be booked, ``settled`` to be learned, ``surplus`` (ref, permId) to be cancelled."""

    fills: tuple[Fill, ...]
    settled: tuple[Settled, ...]
    surplus: tuple[tuple[OrderRef, PermId], ...]
    corrections: tuple[str, ...]
    mismatches: tuple[str, ...]
    position_mismatches: tuple[PositionMismatch, ...]
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
    refs = refs_by_perm(books, snapshot)
    fills = tuple(missing_fills(books, snapshot, refs))
    settled = tuple(settle_orders(books, snapshot, requested_at, settle_s=settle_s))
    ledger = merged(books.fills, fills)
    adopted = tuple(adopted_fills(books, snapshot, ledger, refs))
    ledger = merged(ledger, adopted)
    stand_ins = tuple(fills_of_completed(books, snapshot, ledger))
    ledger = merged(ledger, stand_ins)
    surplus = tuple(_surplus(books, snapshot))
    strangers = tuple(_foreign_orders(books, snapshot, symbols))
    positions = tuple(_position_mismatches(ledger, snapshot, symbols))
    return Reconciliation(
        fills=(*fills, *adopted, *stand_ins),
        settled=settled,
        surplus=surplus,
        corrections=tuple(_corrections(books, settled, (*fills, *adopted, *stand_ins))),
        mismatches=(
            *(f"{ref} has a second live order, permId {perm_id}" for ref, perm_id in surplus),
            *(f"{fill.contract.label} {BY_ANOTHER_HAND}: {fill.exec_id}" for fill in adopted),
            *strangers,
            *map(str, positions),
        ),
        position_mismatches=positions,
    )


# ── orders ───────────────────────────────────────────────────────────────────────────────────────────────────────


def settle_orders(
    books: OwnBooks, snapshot: Snapshot, requested_at: datetime, *, settle_s: float
) -> Iterator[Settled]:
    """One verdict for every order of ours about which the snapshot has news."""
    at_rest = by_ref(books, snapshot.open_orders)
    completed = by_ref(books, snapshot.completed_orders)
    executed: Counter[OrderRef] = Counter()
    for fill in merged(books.fills, missing_fills(books, snapshot, refs_by_perm(books, snapshot))).values():
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
        elif own.reported_at is None and own.sent_at <= settled_before:
            reason = GONE if executed[ref] else NEVER_ARRIVED
            yield Settled(ref, OrderStatus.REJECTED, executed[ref], 0, reason, by_absence=True)
        elif own.reported_at is not None and max(own.reported_at, own.sent_at) < requested_at:
            yield Settled(ref, OrderStatus.REJECTED, executed[ref], 0, GONE, by_absence=True)


def _sighted(ref: OrderRef, seen: OpenOrder) -> Settled:
    return Settled(ref, seen.status, seen.filled, seen.perm_id)


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
        known = seen.ref in books.orders or ref_of_perm(books, seen.perm_id) is not None
        known = known or bot_of(seen.ref) is not None  # another bot's: foreign, and none of our business
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
) -> Iterator[PositionMismatch]:
    """Both sides' union: a position missing from the broker's list counts as none, since the list is complete."""
    own = positions_of(ledger.values())
    held = {position.contract.con_id: position for position in snapshot.positions}
    contracts = {fill.contract.con_id: fill.contract for fill in ledger.values()}
    contracts.update({con_id: position.contract for con_id, position in held.items()})
    today, others = new_york_day(snapshot.at), _of_other_bots(snapshot)
    for con_id in sorted(contracts):
        contract, at_broker = contracts[con_id], held[con_id].quantity if con_id in held else 0
        if at_broker == own[con_id] or not _is_watched(contract, symbols):
            continue
        if at_broker - own[con_id] in others[con_id]:
            continue
        if not own[con_id] and _has_expired(contract, today):
            continue  # IB lists an expired option until it is settled, overnight: nothing is held, nothing can be sold
        strangers = (x for x in snapshot.positions if not own[x.contract.con_id])
        instead = _same_size(strangers, own[con_id] - at_broker) if own[con_id] > at_broker else ""
        yield PositionMismatch(contract, at_broker, own[con_id], instead)


def _of_other_bots(snapshot: Snapshot) -> defaultdict[ConId, set[int]]:
    """What other bots on this account hold, as far as their references say it: by the day's fills, and by their stops."""
    traded: Counter[ConId] = Counter()
    stopped: Counter[ConId] = Counter()
    for fill in snapshot.fills:
        if bot_of(fill.order_ref) is not None:
            traded[fill.contract.con_id] += fill.signed_quantity
    for seen in snapshot.open_orders:
        if bot_of(seen.ref) is not None and seen.type == OrderType.STOP and seen.status in LIVE:
            stopped[seen.contract.con_id] += seen.remaining
    found: defaultdict[ConId, set[int]] = defaultdict(set)
    for counted in (traded, stopped):
        for con_id, quantity in counted.items():
            found[con_id].add(quantity)
    return found


def _has_expired(contract: Contract, today: date) -> bool:
    return contract.expiry is not None and contract.expiry < today


def _same_size(strangers: Iterable[Position], lost: int) -> str:
    """What appeared where a position vanished, whatever it is called now."""
    found = [
        f"{x.quantity} {x.contract.local_symbol or x.contract.label} (conId {x.contract.con_id})"
        for x in strangers
        if x.quantity == lost and x.contract.sec_type is SecType.OPTION
    ]
    return ", ".join(found)


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
