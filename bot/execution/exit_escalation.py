"""Closes a position when its time has come: first the entry is called back, then the exit walks down from the bid.

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
    def __init__(self, sight: WatcherContext) -> None:
        self._sight = sight

    def step(self, bracket: Bracket, now: datetime) -> Iterator[m.Message]:
        """Take the next step if one is due."""
        if bracket.is_ended:
            return
        if not bracket.closing and now >= bracket.place.close_by:
            bracket.closing = bracket.place.close_reason
        if not bracket.closing or not self._sight.link.can_act:
            return
        yield from self.call_back_entry(bracket, bracket.closing, now)
        position = self._sight.book.ledger.position(bracket.idea_id)
        quantity = position - bracket.broker_lacks if position > 0 else 0
        if quantity > 0 and self._sight.market_is_open(now):
            yield from self.climb(bracket, quantity, bracket.closing, now)

    def climb(self, bracket: Bracket, quantity: int, reason: str, now: datetime) -> Iterator[m.Message]:
        """Order the exit of ``quantity`` (negative: a short), at the next step, unless the last one still has time."""
        if bracket.next_rung_at is not None and now < bracket.next_rung_at:
            return
        if not self._has_looked(bracket, now):
            return
        if bracket.step and abs(quantity) < abs(bracket.rung_quantity):
            bracket.step -= 1  # the last step sells: it needs no lower price, only time
        if bracket.may(BracketEvent.EXIT_ORDERED):
            bracket.happen(BracketEvent.EXIT_ORDERED)
        quote = self._sight.fresh_quote(bracket.place.contract.con_id, now)
        bid, ask = (None, None) if quote is None else (quote.bid, quote.ask)
        yield m.ExitPosition(bracket.idea_id, quantity, bracket.step, reason, bid, now, ask)
        limits = self._sight.limits
        beyond = max(0, bracket.step - limits.last_rung)
        bracket.step += 1
        bracket.rung_quantity = quantity
        bracket.next_rung_at = later(now, min(limits.rung_s * 2.0 ** min(beyond, 16), limits.backoff_max_s))

    def _has_looked(self, bracket: Bracket, now: datetime) -> bool:
        """A step is taken on fresh evidence: an exit moved after a fill that went unheard would sell too much."""
        asker = self._sight.asker
        if bracket.looked_at is None:
            bracket.looked_at = now
            bracket.look = f"step {bracket.step} of {bracket.idea_id} at {now:%H:%M:%S.%f}"
            asker.need(bracket.look, now)
        time_scale = later(bracket.looked_at, self._sight.limits.look_s)
        if not asker.is_agreed(bracket.look) and now < time_scale:
            return False
        asker.close(bracket.look)
        bracket.looked_at = None
        return True

    def call_back_entry(self, bracket: Bracket, reason: str, now: datetime) -> Iterator[m.Message]:
        """Ask once for what is left of the entry; the desk keeps at it."""
        entry = self._sight.book.entry(bracket.idea_id)
        if entry is None or not entry.is_live or entry.ref in bracket.called_back:
            return
        bracket.called_back[entry.ref] = now
        if bracket.may(BracketEvent.EXIT_ORDERED) and bracket.closing:
            bracket.happen(BracketEvent.EXIT_ORDERED)
        yield m.CancelEntry(bracket.idea_id, reason, now)
