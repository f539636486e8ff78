"""Closes a position when its time has come: first the entry is cancelled, then the exit walks down from the bid.

Rule: prices come from a fresh bid or from none at all, never from a last trade; without a bid the desk is left with
its last step. Outside market hours the escalation rests and protection stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from bot.domain import messages as m
from bot.domain.bracket import BracketEvent
from bot.domain.order import Leg
from bot.domain.session import new_york_day
from bot.execution.bracket_book import Bracket
from bot.execution.watcher_context import WatcherContext, later

OVERDUE_AGAIN = timedelta(hours=1)


class ExitEscalation:
    def __init__(self, context: WatcherContext) -> None:
        self._context = context

    def step(self, bracket: Bracket, now: datetime) -> Iterator[m.Message]:
        """Take the next step if one is due."""
        if bracket.is_ended:
            return
        if not bracket.closing:
            bracket.closing = self._due(bracket, now)
        if self._is_limit_passed(bracket, now):
            bracket.closing, bracket.next_step_at = bracket.closing or Leg.STOP.value, None
            bracket.step = max(bracket.step, self._context.limits.passed_step)
        if bracket.closing:
            yield from self._tell_overdue(bracket, now)
        if not bracket.closing or not self._context.link.can_act:
            return
        yield from self.cancel_entry(bracket, bracket.closing, now)
        position = self._context.book.ledger.position(bracket.idea_id)
        quantity = position - bracket.broker_lacks if position > 0 else 0
        if quantity > 0 and self._context.market_is_open(now) and not self._is_halted(bracket):
            yield from self.climb(bracket, quantity, bracket.closing, now)

    def tell_of_time(self, bracket: Bracket, now: datetime) -> Iterator[m.Message]:
        """While the broker cannot be asked: that it should have been gone is told all the same."""
        if not bracket.is_ended:
            bracket.closing = bracket.closing or self._due(bracket, now)
            if bracket.closing:
                yield from self._tell_overdue(bracket, now)

    def _due(self, bracket: Bracket, now: datetime) -> str:
        """Why it has to be closed by now; empty while it may run."""
        at, place = self._context.by_the_brokers_clock(now), bracket.place
        if at >= place.close_by:
            return place.close_reason
        close = self._context.early_close(at)
        is_for_today = new_york_day(place.close_by) == new_york_day(at)
        if close is not None and is_for_today and at >= later(close, -self._context.limits.early_close_s):
            return "early_close"
        return ""

    def _is_limit_passed(self, bracket: Bracket, now: datetime) -> bool:
        """Its stop has a limit and cannot sell there: what is asked has reached the trigger, what is bid lies below the limit.

        True once, when that has lasted for so long; no time counts in which nothing trades.
        """
        limits = self._context.limits
        if not self._has_stop_limit(bracket):
            bracket.passed_since = None
            return False
        does_trade = self._context.market_is_open(now) and not self._is_halted(bracket)
        beyond = does_trade and self._is_beyond_limit(bracket, now)
        if not beyond or bracket.step >= limits.passed_step:
            bracket.passed_since = None
            return False
        bracket.passed_since = bracket.passed_since or now
        return now >= later(bracket.passed_since, limits.stop_limit_wait_s)

    def _has_stop_limit(self, bracket: Bracket) -> bool:
        orders = (record.order for record in self._context.book.of(bracket.idea_id))
        return any(order.limit_price is not None and order.leg is Leg.STOP for order in orders)

    def _is_beyond_limit(self, bracket: Bracket, now: datetime) -> bool:
        book = self._context.book
        stops = [r for r in book.live_exits(bracket.idea_id) if r.order.leg is Leg.STOP]
        if not stops or stops[-1].order.limit_price is None or book.ledger.position(bracket.idea_id) <= 0:
            return False
        quote = self._context.fresh_quote(bracket.place.contract.con_id, now)
        if quote is None or quote.ask is None:
            return False
        return any(
            seen.stop_price is not None
            and seen.limit_price is not None
            and quote.ask <= seen.stop_price
            and (quote.bid or 0) < seen.limit_price
            for seen in stops[-1].live_sightings()
        )

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
        nobody_bids = self._nobody_bids(bracket)
        yield m.ExitPosition(bracket.idea_id, quantity, bracket.step, reason, bid, now, ask, nobody_bids)
        limits = self._context.limits
        beyond = max(0, bracket.step - limits.last_step)
        bracket.step += 1
        bracket.step_quantity = quantity
        bracket.next_step_at = later(now, min(limits.rung_s * 2.0 ** min(beyond, 16), limits.backoff_max_s))

    def _tell_overdue(self, bracket: Bracket, now: datetime) -> Iterator[m.Message]:
        """Held though it should be gone: told after a while, and once more each hour."""
        position = self._context.book.ledger.position(bracket.idea_id)
        if bracket.closing_since is None or position <= 0:
            bracket.closing_since, bracket.overdue_told_at = now, None
            return
        last = bracket.overdue_told_at
        if now < later(bracket.closing_since, self._context.limits.overdue_s):
            return
        if last is None or now >= last + OVERDUE_AGAIN:
            bracket.overdue_told_at = now
            since, why = bracket.closing_since, self._why_held(bracket, now)
            yield m.ExitOverdue(bracket.idea_id, position, bracket.closing, why, since, now)

    def _why_held(self, bracket: Bracket, now: datetime) -> str:
        if not self._context.market_is_open(now):
            return "the market is closed"
        if not self._context.link.can_act:
            return "the broker cannot be reached"
        if self._is_halted(bracket):
            return "the exchange has halted trading in it"
        closing = [r for r in self._context.book.exits(bracket.idea_id) if r.order.leg is Leg.FLATTEN]
        refused = next((r for r in reversed(closing) if r.is_rejected), None)
        if refused is not None and not any(r.is_live and r.reported_at is not None for r in closing):
            return f"closing orders are refused: {refused.reason}"
        if self._nobody_bids(bracket):
            return "nobody bids"
        quote = self._context.fresh_quote(bracket.place.contract.con_id, now)
        return (
            "no quotes come"
            if quote is None or not quote.bid
            else f"nobody takes it at the bid of {quote.bid}"
        )

    def _is_halted(self, bracket: Bracket) -> bool:
        """The exchange has halted trading in it: an exit waits, and its stop with it."""
        quote = self._context.quotes.get(bracket.place.contract.con_id)
        return quote is not None and quote.is_halted

    def _nobody_bids(self, bracket: Bracket) -> bool:
        """Somebody offers and nobody bids. However old: a book without bids is quiet, and no price is made of it."""
        quote = self._context.quotes.get(bracket.place.contract.con_id)
        return quote is not None and quote.ask is not None and not quote.bid

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
