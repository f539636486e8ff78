"""Bringing the books and a complete snapshot to agree, or naming what does not.

Rule: positions that differ for the first time get a second look before they are named, since a fill may be under way.
What a person has resumed over is accepted until it changes; a loss so accepted is written off, at the plan's stop, or
at nothing once the contract has expired. What differed and does not any more is said, too, once: nobody but another hand, or
a late word of the broker, can have changed it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.machine import Applies
from bot.domain.order import Fill, Leg
from bot.domain.reconciling.reconcile import (
    BY_ANOTHER_HAND,
    PositionMismatch,
    Reconciliation,
    reconcile,
)
from bot.domain.session import new_york_day
from bot.domain.types import IdeaId, Side
from bot.execution.books.order_book import OrderBook
from bot.execution.books.snapshot_requests import SnapshotRequests
from bot.execution.limits import ExecutionLimits
from bot.execution.orders import ref_of


class Reconciler:
    def __init__(self, book: OrderBook, snapshot_requests: SnapshotRequests, limits: ExecutionLimits) -> None:
        self._book, self._snapshot_requests, self._limits = book, snapshot_requests, limits
        self._named: tuple[str, ...] = ()
        self._accepted: tuple[str, ...] = ()
        self._stood: tuple[str, ...] = ()
        """What the last comparison of this life found, accepted or not, and did not end by itself."""
        self._written_off: set[str] = set()
        self._is_suspect = False

    def applies(self) -> Applies:
        return {m.Reconciled: self._agreed, m.Resumed: self._resumed}

    def _agreed(self, news: m.Reconciled) -> None:
        self._named = news.mismatches

    def _resumed(self, _: m.Resumed) -> None:
        # Whoever resumes has read what was named; it is not named again until it changes.
        self._accepted = (*self._accepted, *self._named)

    def compare(self, taken: b.SnapshotTaken, open_ideas: frozenset[IdeaId]) -> Reconciliation:
        """Against the books as they stood before the snapshot."""
        return reconcile(
            self._book.as_own(open_ideas),
            taken.snapshot,
            taken.requested_at,
            settle_s=self._limits.settle_s,
            symbols=self._limits.symbols,
        )

    def conclude(
        self, found: Reconciliation, taken: b.SnapshotTaken, now: datetime
    ) -> Iterator[m.Reconciled]:
        """Say what was agreed, unless positions call for the second look."""
        unanswered = [x for x in found.position_mismatches if str(x) not in self._accepted]
        if unanswered and not self._is_suspect:
            self._is_suspect = True
            self._snapshot_requests.need(f"positions differ at {now:%H:%M:%S.%f}", now)
            return
        self._is_suspect = False
        named = tuple(x for x in found.mismatches if x not in self._accepted)
        self._accepted = tuple(x for x in self._accepted if x in found.mismatches)
        agreed = self._agreed_since(found)
        self._stood = tuple(x for x in found.mismatches if x not in self._written_off)
        yield m.Reconciled(taken.snapshot.at, found.corrections, named, agreed)

    def _agreed_since(self, found: Reconciliation) -> tuple[str, ...]:
        """Without what is named once by its nature: a sale that was booked when it was found."""
        before = dict.fromkeys((*self._named, *self._stood))
        return tuple(x for x in before if x not in found.mismatches and BY_ANOTHER_HAND not in x)

    # ── losses a person has accepted ─────────────────────────────────────────────────────────────────────────────

    def write_off(
        self, found: Reconciliation, open_places: list[m.PlaceBracket], now: datetime
    ) -> Iterator[m.FillBooked]:
        """Book what a bracket has lost without a trace, once it was accepted and no exit of it can trade any more."""
        self._written_off.clear()
        for mismatch in found.position_mismatches:
            places = [x for x in open_places if x.contract.con_id == mismatch.contract.con_id]
            lost = mismatch.in_books - max(0, mismatch.at_broker)
            if str(mismatch) not in self._accepted or lost <= 0 or len(places) != 1:
                continue
            if not self._book.live_exits(places[0].idea_id):
                self._written_off.add(str(mismatch))
                yield m.FillBooked(_loss(places[0], mismatch, lost, now))


def _loss(place: m.PlaceBracket, mismatch: PositionMismatch, lost: int, now: datetime) -> Fill:
    expiry = mismatch.contract.expiry
    has_expired = expiry is not None and expiry < new_york_day(now)
    return Fill(
        exec_id=f"accepted-{place.idea_id}-{mismatch.in_books}.0",
        order_ref=ref_of(place.idea_id, Leg.EXTERNAL),
        perm_id=0,
        contract=place.contract,
        side=Side.SELL,
        quantity=lost,
        price=Decimal(0) if has_expired else place.stop,
        at=now,
    )
