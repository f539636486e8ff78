"""What is left to do when a bracket holds nothing: end the orders that outlived it, and write the trade down.

Rule: a trade is closed when its position is zero, every fill the broker counted is booked and none of its orders can
trade any more. P&L is fills × multiplier less commissions; a commission that never comes is not made up, and one that
comes later, or a corrected price, has the trade recorded again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Final

from bot.domain import messages as m
from bot.domain.order import Fill, Leg, execution_key
from bot.domain.types import Side
from bot.execution.books.order_record import OrderRecord
from bot.execution.bracket_book import Bracket, Commissions
from bot.execution.exit_escalation import ExitEscalation
from bot.execution.watcher_context import WatcherContext, later

_FEWEST_DECIMALS: Final = 4
_MOST_DECIMALS: Final = 12
_HALF_A_CENT: Final = Decimal("0.005")


class Closing:
    def __init__(self, context: WatcherContext, escalation: ExitEscalation, commissions: Commissions) -> None:
        self._context, self._escalation, self._commissions = context, escalation, commissions

    def step(self, bracket: Bracket, now: datetime) -> Iterator[m.Message]:
        """Judge a bracket without a position."""
        book = self._context.book
        if any(book.unbooked(r) for r in book.of(bracket.idea_id)):
            return  # not flat: the fill is counted and on its way
        entry = book.entry(bracket.idea_id)
        has_traded = self.last_fill(bracket) is not None
        if entry is not None and entry.is_live:
            bracket.flat_since = None
            yield from self._mind_entry(bracket, has_traded, now)
            return
        if bracket.flat_since is None:
            bracket.flat_since = now
        if self._context.link.can_act:
            yield from self._end_orphans(bracket, bracket.flat_since, now)
        if has_traded and self._is_over(bracket, now):
            yield from self._write_down(bracket, now)

    def leave(self, bracket: Bracket) -> None:
        """It holds a position (again): what was thought about its being flat is void."""
        bracket.flat_since = None
        if bracket.flat_question:
            self._context.snapshot_requests.close(bracket.flat_question)
            bracket.flat_question = ""

    def is_idle(self, bracket: Bracket, now: datetime) -> bool:
        """Nothing can happen to it any more unless the broker speaks of it again."""
        return bracket.is_ended and self._is_over(bracket, now) and not self._waits_for_charges(bracket, now)

    def last_fill(self, bracket: Bracket) -> Fill | None:
        return max(self._context.book.ledger.of(bracket.idea_id), key=lambda fill: fill.at, default=None)

    def _is_over(self, bracket: Bracket, now: datetime) -> bool:
        book = self._context.book
        return not any(
            r.is_live or book.unbooked(r) or (r.is_inactive and not self._is_given_up(bracket, r, now))
            for r in book.of(bracket.idea_id)
        )

    def _is_given_up(self, bracket: Bracket, record: OrderRecord, now: datetime) -> bool:
        """An inactive order was cancelled, and the broker has had its time to say more."""
        last = bracket.cancels_sent.get(record.ref)
        return last is not None and now >= later(last, self._context.limits.sibling_grace_s)

    def _mind_entry(self, bracket: Bracket, has_traded: bool, now: datetime) -> Iterator[m.Message]:
        """An entry must not go on once its exits have worked, nor without the stop that was to guard it."""
        exits = self._context.book.exits(bracket.idea_id)
        has_stop = any(r.order.leg is Leg.STOP and r.is_live for r in exits)
        if has_traded:
            yield from self._escalation.cancel_entry(bracket, "its position is closed already", now)
        elif has_stop or not exits:
            bracket.stopless_since = None
        elif bracket.stopless_since is None:
            bracket.stopless_since = now
        elif now >= later(bracket.stopless_since, self._context.limits.sibling_grace_s):
            yield from self._escalation.cancel_entry(bracket, "its stop was rejected", now)

    def _end_orphans(self, bracket: Bracket, since: datetime, now: datetime) -> Iterator[m.Message]:
        """Cancel the exits of a position that is gone. The broker ends them itself as a rule, and gets the time;
        and it is asked first, since an entry that was wrongly called dead may yet need them."""
        orphans = [r for r in self._context.book.exits(bracket.idea_id) if r.is_live or r.is_inactive]
        if not orphans or now < later(since, self._context.limits.sibling_grace_s):
            return
        if not bracket.flat_question:
            bracket.flat_question = f"{bracket.idea_id} looks flat at {now:%H:%M:%S.%f}"
            self._context.snapshot_requests.need(bracket.flat_question, now)
        if not self._context.snapshot_requests.is_agreed(bracket.flat_question):
            return
        for record in orphans:
            last = bracket.cancels_sent.get(record.ref)
            is_due = last is None or now >= later(last, self._context.limits.cancel_retry_s)
            if last is None or (record.is_live and is_due):
                bracket.cancels_sent[record.ref] = now
                yield m.CancelOrder(record.ref, "its position is gone", now)

    # ── the trade ────────────────────────────────────────────────────────────────────────────────────────────────

    def _write_down(self, bracket: Bracket, now: datetime) -> Iterator[m.Message]:
        """Once, and again whenever its figures have changed since."""
        if self._waits_for_charges(bracket, now):
            return
        trade = self._trade(bracket)
        if not bracket.is_ended or (bracket.told is not None and _is_news(trade, bracket.told)):
            yield trade

    def _charges(self, bracket: Bracket) -> list[Decimal | None]:
        fills = self._context.book.ledger.of(bracket.idea_id)
        return [self._commissions.of(execution_key(fill.exec_id)[0]) for fill in fills]

    def _waits_for_charges(self, bracket: Bracket, now: datetime) -> bool:
        """A trade that was written down without them has waited already."""
        has_waited = bracket.is_ended and (bracket.told is None or not bracket.told.commissions_complete)
        since = bracket.flat_since or now
        is_due = now >= later(since, self._context.limits.commission_wait_s)
        return None in self._charges(bracket) and not has_waited and not is_due

    def _trade(self, bracket: Bracket) -> m.BracketClosed:
        place, ledger = bracket.place, self._context.book.ledger
        charges = self._charges(bracket)
        commission = sum((charge for charge in charges if charge is not None), Decimal(0))
        fills = sorted(ledger.of(bracket.idea_id), key=lambda fill: fill.at)
        quantity = ledger.quantity(bracket.idea_id, Side.BUY)
        paid = ledger.value(bracket.idea_id, Side.BUY)
        received = ledger.value(bracket.idea_id, Side.SELL)
        return m.BracketClosed(
            idea_id=place.idea_id,
            symbol=place.symbol,
            strategy=place.strategy,
            contract=place.contract,
            quantity=quantity,
            entry_price=_average(paid, quantity, place.contract.multiplier),
            exit_price=_average(received, quantity, place.contract.multiplier),
            stop=place.stop,
            target=place.target,
            opened_at=fills[0].at,
            closed_at=fills[-1].at,
            exit_reason=_exit_reason(bracket, fills[-1]),
            commission=commission,
            pnl=(received - paid) * place.contract.multiplier - commission,
            commissions_complete=None not in charges,
        )


def _is_news(trade: m.BracketClosed, told: m.BracketClosed) -> bool:
    """Of charges that come one by one only the last makes news."""
    traded = (trade.quantity, trade.entry_price, trade.exit_price)
    if traded != (told.quantity, told.entry_price, told.exit_price):
        return True
    return trade.commissions_complete and trade != told


def _average(value: Decimal, quantity: int, multiplier: int) -> Decimal:
    """The average price, with four decimals or as many as bring back to the cent what was paid for all."""
    if not quantity:
        return Decimal(0)
    exact = value / quantity
    for decimals in range(_FEWEST_DECIMALS, _MOST_DECIMALS):
        price = round(exact, decimals)
        if abs(price - exact) * quantity * multiplier < _HALF_A_CENT:
            return price
    return round(exact, _MOST_DECIMALS)


def _exit_reason(bracket: Bracket, last: Fill) -> str:
    """What ended it: the leg that filled, or why the escalation was set to it."""
    if bracket.is_ended and bracket.told is not None:
        return bracket.told.exit_reason
    leg = last.order_ref.rpartition("/")[2].partition("-")[0]
    closing = bracket.closing
    if not closing and last.at >= bracket.place.close_by:
        closing = bracket.place.close_reason
    if leg == Leg.EXTERNAL:
        return "closed by another hand"
    if leg == Leg.STOP:
        return str(Leg.STOP)
    return closing or leg
