"""The board folds what the line says into one Status. It hears everything and says nothing.

``status`` may be read from any thread: it is a frozen value, replaced whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.limits import messages as lm
from bot.domain.machine import Applies, StateMachine
from bot.domain.market import Quote
from bot.domain.order import LIVE
from bot.domain.session import CalendarRangeError, is_open, new_york_day
from bot.domain.types import IdeaId, Numbers, Symbol
from bot.ops.status.changing import with_changes
from bot.ops.status.counters import CountersFold
from bot.ops.status.ledger import BookedTrade, DayLedger
from bot.ops.status.spoken import spoken_figures, spoken_idea, spoken_moment, spoken_time
from bot.ops.status.status import BracketView, ClosedTrade, SentOrder, Status, SymbolView

NotifyEvent = Callable[[datetime, str], None]


def _unnotified(at: datetime, text: str) -> None:
    """For boards nobody listens to."""


class StatusBuilder(StateMachine):
    """See the module's head."""

    def __init__(self, symbols: tuple[Symbol, ...] = (), notify: NotifyEvent = _unnotified) -> None:
        """``notify`` is told each event once, in words; it must not block."""
        super().__init__()
        self._notify = notify
        self._figures = CountersFold()
        self._ledger = DayLedger()
        self.status = Status(symbols=tuple(SymbolView(symbol) for symbol in symbols))
        self._folds = self._own()
        self.listen(self._folds, self._figures.applies())

    def _own(self) -> Applies:
        return {
            m.TimePassed: lambda x: self._set(at=x.at),
            m.LineStarted: self._on_start,
            m.LineStopped: lambda x: self._event(x.at, f"stopped: {x.reason}"),
            m.MachineFailed: lambda x: self._event(x.at, f"{x.component} failed: {x.error}"),
            b.BrokerConnected: self._on_connected,
            b.BrokerDisconnected: self._on_disconnected,
            b.LinkChanged: self._on_link,
            b.RequestFailed: self._on_request_failed,
            b.SendOrders: self._on_sent,
            b.SendRevision: self._on_revised,
            b.OrderStatusChanged: self._on_order,
            b.OrderRefused: self._on_rejected,
            b.OrderUnanswered: self._on_unanswered,
            b.CommissionCharged: self._on_commission,
            b.AccountUpdated: self._on_account,
            m.Reconciled: lambda x: self._set(is_reconciled=not x.mismatches, unread_books=""),
            b.UnderlyingQualified: lambda x: self._symbol(x.contract.symbol, con_id=x.contract.con_id),
            m.BarClosed: self._on_bar,
            m.QuoteUpdated: self._on_quote,
            m.WatchlistChanged: lambda x: self._symbol(x.symbol, watched=len(x.contracts)),
            m.FeedChanged: self._on_feed,
            m.BarJudged: self._on_judged,
            m.SignalPostponed: lambda x: self._event(
                x.at,
                f"{x.strategy} {x.direction} waits for the entry window, until {spoken_moment(x.valid_until)}",
            ),
            m.IdeaDropped: lambda x: self._not_traded(x.at, x.idea_id, x.code, x.numbers),
            m.EntryDenied: lambda x: self._not_traded(x.at, x.idea_id, x.code, x.numbers),
            m.TradeIdea: lambda x: self._event(x.at, f"{x.strategy} {x.direction}: {x.contract.label}"),
            m.PlaceBracket: self._on_bracket,
            m.BracketAdopted: self._on_adopted,
            m.FillBooked: self._on_fill,
            m.ProtectionChanged: self._on_protection,
            m.ExitOverdue: self._on_overdue,
            b.RowSetAside: self._on_set_aside,
            m.PlaceProtection: self._on_repair,
            m.ExitPosition: lambda x: self._event(x.at, f"closing {spoken_idea(x.idea_id)}: {x.reason}"),
            m.BracketClosed: self._on_closed,
            m.EntryAbandoned: self._on_abandoned,
            m.Halted: lambda x: self._event(x.at, f"HALTED by {x.by}: {x.cause} {x.detail}"),
            m.Resumed: lambda x: self._event(x.at, f"resumed by {x.by}: {x.reason}"),
            m.TradingStateChanged: lambda x: self._set(trading_state=x.state, causes=x.causes),
            lm.LimitLoosened: self._on_loosened,
            lm.LooseningRefused: lambda x: self._set(loosening_refused=f"{x.limit}: {x.why}"),
            lm.LimitsChanged: lambda x: self._set(limits=x),
            m.DayOpened: self._on_day,
            m.EquityMarked: self._on_equity,
        }

    def apply(self, event: m.Message) -> None:
        super().apply(event)
        if self._figures.value is not self.status.figures:
            self._set(figures=self._figures.value)

    def remember(self, row: m.Message) -> None:
        """What is held and what was traded today belongs on the board after a restart too; counts start over."""
        before, notify, self._notify = self.status, self._notify, _unnotified
        self._folds[type(row)](row)
        self._notify = notify
        self._set(
            fills=before.fills,
            commissions=before.commissions,
            not_traded=before.not_traded,
            last_event=before.last_event,
            last_event_at=before.last_event_at,
        )

    # ── small tools ──

    def _set(self, **changes: Any) -> None:
        self.status = with_changes(self.status, **changes)

    def _event(self, at: datetime, text: str) -> None:
        self._set(last_event=text, last_event_at=at)
        self._notify(at, text)

    def _count(self, table: str, key: object, by: int = 1) -> None:
        known = getattr(self.status, table)
        self._set(**{table: {**known, key: known.get(key, 0) + by}})

    def _symbol(self, symbol: Symbol, **changes: Any) -> None:
        self._set(
            symbols=tuple(
                with_changes(view, **changes) if view.symbol == symbol else view
                for view in self.status.symbols
            )
        )

    def _view(self, symbol: Symbol) -> SymbolView | None:
        return next((view for view in self.status.symbols if view.symbol == symbol), None)

    def _bracket(self, idea_id: IdeaId, **changes: Any) -> None:
        self._set(
            open_brackets=tuple(
                with_changes(one, **changes) if one.idea_id == idea_id else one
                for one in self.status.open_brackets
            )
        )

    def _forget_orders(self, idea_id: IdeaId) -> None:
        kept = {ref: one for ref, one in self.status.sent_orders.items() if ref.rpartition("/")[0] != idea_id}
        self._set(sent_orders=kept)

    def _drop(self, idea_id: IdeaId) -> None:
        self._set(open_brackets=tuple(x for x in self.status.open_brackets if x.idea_id != idea_id))

    # ── the line and the broker ──

    def _on_start(self, x: m.LineStarted) -> None:
        self._set(at=x.at, started_at=x.at, build=x.build, mode=x.mode, dry_run=x.dry_run)

    def _on_connected(self, x: b.BrokerConnected) -> None:
        self._set(is_connected=True, account=x.account, server_version=x.server_version, links_down=())
        self._event(x.at, f"connected to account {x.account}")

    def _on_disconnected(self, x: b.BrokerDisconnected) -> None:
        self._set(is_connected=False, is_reconciled=False, reconnects=self.status.reconnects + 1)
        self._event(x.at, f"disconnected: {x.reason}")

    def _on_link(self, x: b.LinkChanged) -> None:
        down = set(self.status.links_down) - {x.part} if x.up else {*self.status.links_down, x.part}
        self._set(links_down=tuple(sorted(down)))

    def _on_request_failed(self, x: b.RequestFailed) -> None:
        self._count("request_failures", x.code)
        if x.subject in b.BOOKS and x.text != self.status.unread_books:
            self._set(unread_books=x.text)
            self._event(x.at, f"the broker's books cannot be read: {x.text}")

    def _on_sent(self, x: b.SendOrders) -> None:
        sent = {
            order.ref: SentOrder(
                order.contract.label,
                str(order.side),
                str(order.type),
                order.quantity,
                order.limit_price if order.stop_price is None else order.stop_price,
            )
            for order in x.orders
        }
        self._set(sent_orders={**self.status.sent_orders, **sent})

    def _on_revised(self, x: b.SendRevision) -> None:
        known = self.status.sent_orders.get(x.ref)
        if known is not None:
            revised = replace(known, quantity=x.quantity, price=x.limit_price)
            self._set(sent_orders={**self.status.sent_orders, x.ref: revised})

    def _on_order(self, x: b.OrderStatusChanged) -> None:
        self._count("orders", str(x.status))
        others = {ref: status for ref, status in self.status.live_orders.items() if ref != x.ref}
        self._set(live_orders={**others, x.ref: str(x.status)} if x.status in LIVE else others)

    def _on_rejected(self, x: b.OrderRefused) -> None:
        self._count("refusals", x.code)
        self._event(x.at, f"order {spoken_idea(x.ref)} rejected ({x.code}): {x.text}")

    def _on_unanswered(self, x: b.OrderUnanswered) -> None:
        others = {ref: since for ref, since in self.status.unanswered.items() if ref != x.ref}
        self._set(unanswered=others if x.is_answered else {**others, x.ref: x.since})
        if not x.is_answered:
            self._event(
                x.at,
                f"no answer from the broker to {spoken_idea(x.ref)} ({x.what}) since {spoken_time(x.since)}",
            )

    def _on_account(self, x: b.AccountUpdated) -> None:
        if x.values.net_liquidation is not None:
            self._set(equity=x.values.net_liquidation, equity_at=self.status.at)

    def _on_equity(self, x: m.EquityMarked) -> None:
        self._set(equity=x.equity, equity_at=x.at, equity_change=x.day_pnl, peak=x.peak)

    def _on_loosened(self, x: lm.LimitLoosened) -> None:
        self._event(x.at, f"{x.limit} loosened by {x.by}, {x.was} to {x.now}: {x.reason}")

    def _on_day(self, x: m.DayOpened) -> None:
        """Trades of earlier days leave the board."""
        self._ledger.forget_before(date.fromisoformat(x.day))
        today = [one for one in self.status.closed_trades if str(new_york_day(one.closed_at)) == x.day]
        self._set(start_equity=x.equity, equity_change=Decimal(0), closed_trades=tuple(today))

    # ── the market ──

    def _on_bar(self, x: m.BarClosed) -> None:
        view = self._view(x.bar.symbol)
        if view is not None and x.bar.size == "1 min":
            self._symbol(x.bar.symbol, bar_end=x.bar.end, bars=view.bars + 1)

    def _on_quote(self, x: m.QuoteUpdated) -> None:
        quote = x.quote
        for bracket in self.status.open_brackets:
            if bracket.con_id == quote.con_id:
                self._bracket(bracket.idea_id, bid=_bid(bracket, quote), ask=quote.ask)
        view = self._view(quote.symbol)
        if view is not None and view.con_id == quote.con_id and quote.mid is not None:
            self._symbol(quote.symbol, price=float(quote.mid), quote_at=quote.at)

    def _on_feed(self, x: m.FeedChanged) -> None:
        view = self._view(x.symbol)
        if view is not None:
            self._symbol(x.symbol, feeds={**view.feeds, x.feed: x.is_fresh})

    # ── decisions ──

    def _on_judged(self, x: m.BarJudged) -> None:
        view = self._view(x.symbol)
        if view is not None:
            self._symbol(x.symbol, verdicts={**view.verdicts, x.strategy: x.reason})
        if x.fired and x.direction is not None:
            self._count("signals", (x.strategy, str(x.direction)))
            signal = f"{x.strategy} {x.direction} ({x.confidence:.2f})"
            self._symbol(x.symbol, last_signal=signal, last_direction=x.direction)

    def _not_traded(self, at: datetime, idea_id: IdeaId, code: str, numbers: Numbers) -> None:
        self._count("not_traded", code)
        self._event(at, f"{spoken_idea(idea_id)} not traded: {code} {spoken_figures(numbers)}")

    # ── brackets ──

    def _on_bracket(self, x: m.PlaceBracket) -> None:
        self._ledger.handle(x)
        self._open(x)
        self._event(x.at, f"buying {x.quantity} {x.contract.label} at {x.entry_limit} or better")

    def _on_adopted(self, x: m.BracketAdopted) -> None:
        self._ledger.handle(x)
        if all(one.idea_id != x.place.idea_id for one in self.status.open_brackets):
            self._open(x.place)
        self._event(
            x.at,
            f"took over {spoken_idea(x.place.idea_id)} ({x.place.contract.label}), unknown to the journal",
        )

    def _open(self, x: m.PlaceBracket) -> None:
        opened = BracketView(
            idea_id=x.idea_id,
            symbol=x.symbol,
            strategy=x.strategy,
            con_id=x.contract.con_id,
            label=x.contract.label,
            multiplier=x.contract.multiplier,
            planned=x.quantity,
            entry_limit=x.entry_limit,
            target=x.target,
            stop=x.stop,
            close_by=x.close_by,
            expiry=x.contract.expiry,
        )
        self._drop(x.idea_id)
        self._set(open_brackets=(*self.status.open_brackets, opened))

    def _on_fill(self, x: m.FillBooked) -> None:
        self._set(fills=self.status.fills + (x.replaces is None))
        self._price(self._ledger.handle(x))

    def _on_commission(self, x: b.CommissionCharged) -> None:
        if not self._ledger.is_charged(x.exec_id):  # told again after each reconnect
            self._set(commissions=self.status.commissions + x.amount)
        self._price(self._ledger.handle(x))

    def _price(self, trade: BookedTrade | None) -> None:
        """Show a bracket's money as the ledger has it."""
        if trade is not None:
            self._bracket(
                trade.plan.idea_id,
                quantity=trade.held,
                entry_cost=(trade.entry_price or Decimal(0)) * trade.held,
                opened_at=trade.opened_at,
                realized=trade.realized,
                fees=trade.fees,
            )

    def _on_protection(self, x: m.ProtectionChanged) -> None:
        self._bracket(x.idea_id, is_proved=x.is_proved, unprotected_since=None if x.is_proved else x.at)
        if x.is_proved:
            worst = max(self.status.worst_unprotected_s, x.unprotected_s)
            self._set(unprotected_s=self.status.unprotected_s + x.unprotected_s, worst_unprotected_s=worst)

    def _on_overdue(self, x: m.ExitOverdue) -> None:
        self._bracket(x.idea_id, overdue_since=x.since, overdue_why=x.why)
        self._event(x.at, f"HELD PAST ITS TIME: {spoken_idea(x.idea_id)} ({x.reason}): {x.why}")

    def _on_set_aside(self, x: b.RowSetAside) -> None:
        if x.kind == "unreadable":
            self._set(unreadable=self.status.unreadable + 1)
        else:
            self._set(foreign=(*self.status.foreign, x.text)[-100:])
        self._event(x.at, f"set aside ({x.kind}): {x.text[:200]}")

    def _on_repair(self, x: m.PlaceProtection) -> None:
        self._set(repairs=self.status.repairs + 1)
        self._event(x.at, f"repairing the protection of {spoken_idea(x.idea_id)}: {x.reason}")

    def _on_closed(self, x: m.BracketClosed) -> None:
        self._drop(x.idea_id)
        self._forget_orders(x.idea_id)
        booked = self._ledger.handle(x)
        trade = ClosedTrade(
            x.idea_id, x.symbol, x.strategy, x.contract.label, x.quantity, x.entry_price, x.exit_price,
            x.opened_at, x.closed_at, x.exit_reason, x.commission, x.pnl,
            str(x.contract.right or ""), booked.plan.entry_limit if booked else None, x.stop, x.target,
        )  # fmt: skip
        earlier = tuple(one for one in self.status.closed_trades if one.idea_id != x.idea_id)
        self._set(closed_trades=(*earlier, trade))
        self._event(x.closed_at, f"closed {x.contract.label} by {x.exit_reason}: {x.pnl:+.2f}")

    def _on_abandoned(self, x: m.EntryAbandoned) -> None:
        self._drop(x.idea_id)
        self._forget_orders(x.idea_id)
        self._count("not_traded", "ENTRY_ABANDONED")
        self._event(x.at, f"{spoken_idea(x.idea_id)} abandoned: {x.reason}")


def _bid(bracket: BracketView, quote: Quote) -> Decimal | None:
    """After the close nobody bids any more: what is held over night counts at its last bid, as the report has it."""
    try:
        return bracket.bid if quote.bid is None and not is_open(quote.at) else quote.bid
    except CalendarRangeError:
        return quote.bid
