"""Proves that an open position is protected, and has it repaired when it is not.

Rule: a gap is told at once and measured; but nothing is replaced on the strength of one message. First the broker is
asked, then protection is replaced, and a position whose protection cannot be restored in time is closed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from bot.domain import messages as m
from bot.domain.bracket import BracketEvent
from bot.execution.bracket_book import Bracket, Gap
from bot.execution.proof import Proof, prove
from bot.execution.watcher_context import WatcherContext, incident, later


class ProtectionGuard:
    def __init__(self, context: WatcherContext) -> None:
        self._context = context

    def step(self, bracket: Bracket, now: datetime) -> Iterator[m.Message]:
        """Judge an open (or short) position's protection."""
        proof = prove(self._context.book, bracket.place, bracket.broker_lacks)
        if proof.holds and proof.position >= 0:
            yield from self._proved(bracket, proof, now)
            return
        if bracket.gap is None:
            bracket.gap = Gap(now, now, now, self._ask(bracket, now))
        if not bracket.gap.is_told and not proof.is_stopped:
            yield from self._tell(bracket, bracket.gap, proof, now)
        if proof.position > 0 and self._context.link.can_act:
            yield from self._repair(bracket, bracket.gap, proof, now)

    def end_gap(self, bracket: Bracket, at: datetime, now: datetime) -> Iterator[m.Message]:
        """The position is gone, since ``at``: what was open until then was the gap."""
        if bracket.gap is not None and bracket.gap.is_told:
            yield self._changed(bracket, True, 0, 0, self._gap_s(bracket.gap, at), now)
        self._forget(bracket)

    # ── proof ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _proved(self, bracket: Bracket, proof: Proof, now: datetime) -> Iterator[m.Message]:
        if not bracket.is_proved:
            gap_s = self._gap_s(bracket.gap, now)
            bracket.is_proved = True
            if bracket.may(BracketEvent.PROTECTION_PROVED):
                bracket.happen(BracketEvent.PROTECTION_PROVED)
            yield self._changed(bracket, True, proof.position, proof.stop_quantity, gap_s, now)
        self._forget(bracket)
        if proof.is_day_order:
            yield from incident(
                bracket, "its stop is a DAY order at the broker, not GTC: a TWS order preset", now
            )

    def _tell(self, bracket: Bracket, gap: Gap, proof: Proof, now: datetime) -> Iterator[m.Message]:
        # The last report of this bracket is when it was still whole: an upper bound, never flattering.
        gap.since, gap.is_told = bracket.reported_at or now, True
        bracket.is_proved = False
        if bracket.may(BracketEvent.PROTECTION_MISSING):
            bracket.happen(BracketEvent.PROTECTION_MISSING)
        yield self._changed(bracket, False, proof.position, proof.stop_quantity, 0.0, now)

    def _ask(self, bracket: Bracket, now: datetime) -> str:
        question = f"the protection of {bracket.idea_id} at {now:%H:%M:%S.%f}"
        self._context.snapshot_requests.need(question, now)
        return question

    def _forget(self, bracket: Bracket) -> None:
        if bracket.gap is not None:
            self._context.snapshot_requests.close(bracket.gap.question)
        bracket.gap = None

    # ── repair ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _repair(self, bracket: Bracket, gap: Gap | None, proof: Proof, now: datetime) -> Iterator[m.Message]:
        limits, is_open = self._context.limits, self._context.market_is_open(now)
        if gap is None or (bracket.closing and is_open):
            return  # the escalation is closing it
        if gap.repaired_at is not None:
            if now < later(gap.repaired_at, self._patience_s(gap, is_open)):
                return
            # The attempt had its time: look again before the next one.
            self._context.snapshot_requests.close(gap.question)
            gap.repaired_at, gap.noticed_at, gap.question = None, now, self._ask(bracket, now)
        confirmed = self._context.snapshot_requests.is_agreed(gap.question)
        if not confirmed and now < later(gap.noticed_at, limits.blind_s):
            return
        is_spent = gap.repairs >= limits.max_repairs or now >= later(
            gap.first_noticed_at, limits.repair_limit_s
        )
        if gap.repairs and is_spent and is_open:
            bracket.closing = "unprotected"
            yield from incident(bracket, f"protection could not be restored: {_why(proof)}", now)
        elif proof.is_excessive or now >= later(gap.first_noticed_at, limits.repair_grace_s):
            yield from self._place(bracket, gap, proof, now)

    def _patience_s(self, gap: Gap, is_open: bool) -> float:
        """How long an attempt may take: while the market is closed ever longer, since a refusal then stays one."""
        limits = self._context.limits
        beyond = 0 if is_open else max(0, gap.repairs - limits.max_repairs)
        return min(
            limits.repair_wait_s * 2.0 ** min(beyond, 16), max(limits.shut_retry_s, limits.repair_wait_s)
        )

    def _place(self, bracket: Bracket, gap: Gap, proof: Proof, now: datetime) -> Iterator[m.Message]:
        gap.repairs += 1
        gap.repaired_at = now
        if bracket.may(BracketEvent.REPAIR_ORDERED):
            bracket.happen(BracketEvent.REPAIR_ORDERED)
        quantity = max(0, proof.position - bracket.broker_lacks)
        yield m.PlaceProtection(bracket.idea_id, quantity, gap.repairs, _why(proof), now)

    # ── words ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _gap_s(self, gap: Gap | None, until: datetime) -> float:
        """How long the position was not stopped; an excess of exits is no such time."""
        if gap is None or not gap.is_told:
            return 0.0
        return max(0.0, (until - gap.since).total_seconds())

    def _changed(
        self,
        bracket: Bracket,
        is_proved: bool,
        position: int,
        stop_quantity: int,
        gap_s: float,
        now: datetime,
    ) -> m.ProtectionChanged:
        return m.ProtectionChanged(bracket.idea_id, is_proved, position, stop_quantity, gap_s, now)


def _why(proof: Proof) -> str:
    stopped = f"stops for {proof.stop_quantity} of {proof.position}"
    return "; ".join((stopped, *proof.defects))
