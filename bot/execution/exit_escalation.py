"""Closes a position when its time has come: first the entry is cancelled, then the exit walks down from the bid.

Rule: prices come from a fresh bid or from none at all, never from a last trade; without a bid the desk is left with
its last step. Outside market hours the escalation rests and protection stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from bot.domain import messages as m
from bot.domain.bracket import BracketEvent
from bot.execution.bracket_book import Bracket
from bot.execution.watcher_context import WatcherContext, later


class ExitEscalation:
    def __init__(self, context: WatcherContext) -> None:
        self._context = context

    def step(self, bracket: Bracket, now: datetime) -> Iterator[m.Message]:
        """Take the next step if one is due."""
        if bracket.is_ended:
            return
        if not bracket.closing and now >= bracket.place.close_by:
            bracket.closing = bracket.place.close_reason
        if not bracket.closing or not self._context.link.can_act:
            return
        yield from self.cancel_entry(bracket, bracket.closing, now)
        position = self._context.book.ledger.position(bracket.idea_id)
        quantity = position - bracket.broker_lacks if position > 0 else 0
        if quantity > 0 and self._context.market_is_open(now):
            yield from self.climb(bracket, quantity, bracket.closing, now)

    def climb(self, bracket: Bracket, quantity: int, reason: str, now: datetime) -> Iterator[m.Message]:
        """Order the exit of ``quantity`` (negative: a short), at the next step, unless the last one still has time."""
        if bracket.next_step_at is not None and now < bracket.next_step_at:
            return
        if not self._has_looked(bracket, now):
            return
        if bracket.step and abs(quantity) < abs(bracket.step_quantity):
            bracket.step -= 1  # the last step sells: it needs no lower price, only time
        if bracket.may(BracketEvent.EXIT_ORDERED):
            bracket.happen(BracketEvent.EXIT_ORDERED)
        quote = self._context.fresh_quote(bracket.place.contract.con_id, now)
        bid, ask = (None, None) if quote is None else (quote.bid, quote.ask)
        yield m.ExitPosition(bracket.idea_id, quantity, bracket.step, reason, bid, now, ask)
        limits = self._context.limits
        beyond = max(0, bracket.step - limits.last_step)
        bracket.step += 1
        bracket.step_quantity = quantity
        bracket.next_step_at = later(now, min(limits.rung_s * 2.0 ** min(beyond, 16), limits.backoff_max_s))

    def _has_looked(self, bracket: Bracket, now: datetime) -> bool:
        """A step is taken on fresh evidence: an exit moved after a fill that nobody has seen yet would sell too much."""
        snapshot_requests = self._context.snapshot_requests
        if bracket.looked_at is None:
            bracket.looked_at = now
            bracket.look = f"step {bracket.step} of {bracket.idea_id} at {now:%H:%M:%S.%f}"
            snapshot_requests.need(bracket.look, now)
        give_up_at = later(bracket.looked_at, self._context.limits.look_s)
        if not snapshot_requests.is_agreed(bracket.look) and now < give_up_at:
            return False
        snapshot_requests.close(bracket.look)
        bracket.looked_at = None
        return True

    def cancel_entry(self, bracket: Bracket, reason: str, now: datetime) -> Iterator[m.Message]:
        """Ask once for what is left of the entry; the desk keeps at it."""
        entry = self._context.book.entry(bracket.idea_id)
        if entry is None or not entry.is_live or entry.ref in bracket.cancels_sent:
            return
        bracket.cancels_sent[entry.ref] = now
        if bracket.may(BracketEvent.EXIT_ORDERED) and bracket.closing:
            bracket.happen(BracketEvent.EXIT_ORDERED)
        yield m.CancelEntry(bracket.idea_id, reason, now)
