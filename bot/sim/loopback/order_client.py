"""One client's orders at a simulated exchange, in the bot's words: commands in, facts out.

Rule: knows refs and ids, and nothing of markets; the loopback and the dry run share it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from bot.domain import broker_messages as b
from bot.domain.messages import Message
from bot.domain.order import STOP_LIMIT, Order, OrderType
from bot.domain.pricing import follow
from bot.domain.types import ExecId, OrderId, OrderRef, PermId
from bot.sim.exchange import events as e
from bot.sim.exchange.account_values import AccountFigures, AccountPosition
from bot.sim.exchange.orders import CommissionReport, Execution, ExecutionFilter, OrderView, SimOrder
from bot.sim.loopback.translate import (
    to_account,
    to_bot_position,
    to_commission,
    to_fill,
    to_open_order,
    to_sim_order,
    to_status,
)

NEWS = frozenset({202, 399, 2109})
"""Messages about an order that change nothing: the status says it all."""
_DUPLICATE, _UNKNOWN = 103, 135


class OrderWindow(Protocol):
    """The part of a world that takes orders."""

    @property
    def now(self) -> datetime: ...
    @property
    def account_id(self) -> str: ...

    def place(self, client_id: int, order_id: OrderId, order: SimOrder) -> list[e.ExchangeEvent]: ...
    def cancel(self, client_id: int, order_id: OrderId) -> list[e.ExchangeEvent]: ...
    def order(self, client_id: int, order_id: OrderId) -> OrderView | None: ...
    def open_orders(self, client_id: int | None = None) -> list[OrderView]: ...
    def completed_orders(self) -> list[OrderView]: ...
    def orders_named(self, ref: str) -> list[OrderView]: ...
    def executions(self, wanted: ExecutionFilter) -> list[tuple[Execution, CommissionReport | None]]: ...
    def positions(self) -> list[AccountPosition]: ...
    def account_figures(self) -> AccountFigures: ...


class OrderClient:
    """Order commands of one client. ``next_id`` is the first order id it may use."""

    def __init__(self, window: OrderWindow, client_id: int, next_id: OrderId) -> None:
        self._window = window
        self._client_id = client_id
        self.next_id = next_id
        self._sent: dict[OrderId, OrderRef] = {}
        self._refs: dict[ExecId, OrderRef] = {}
        self._commands: dict[type, Callable[..., Iterator[Message]]] = {
            b.SendOrders: self._send,
            b.SendCancel: self._cancel,
            b.SendRevision: self._revise,
            b.QuoteMargin: self._quote_margin,
            b.TakeSnapshot: self._snapshot,
        }

    def handle(self, command: Message) -> Iterator[Message]:
        """The facts a command leads to; nothing for a command that is not about orders."""
        carry_out = self._commands.get(type(command))
        return iter(()) if carry_out is None else carry_out(command)

    # ── commands ──

    def _send(self, command: b.SendOrders) -> Iterator[Message]:
        known = [order.ref for order in command.orders if self._find(order.ref) is not None]
        if known:
            yield from self._reject_all(command, _DUPLICATE, f"{known[0]} was sent before")
            return
        ids = {order.ref: self.next_id + n for n, order in enumerate(command.orders)}
        self.next_id += len(ids)
        for order in command.orders:
            self._sent[ids[order.ref]] = order.ref
            parent = 0 if order.parent_ref is None else self._parent_id(order, ids)
            placed = to_sim_order(order, parent, self._window.account_id)
            yield from self.facts(self._window.place(self._client_id, ids[order.ref], placed))

    def _parent_id(self, order: Order, ids: dict[OrderRef, OrderId]) -> OrderId:
        found = self._find(order.parent_ref or "")
        return found.order_id if found is not None else ids.get(order.parent_ref or "", _UNKNOWN_ID)

    def _reject_all(self, command: b.SendOrders, code: int, text: str) -> Iterator[Message]:
        now = self._window.now
        yield from (b.OrderRefused(order.ref, code, text, now) for order in command.orders)
        yield b.RequestFailed(f"orders:{command.orders[0].ref}", code, text, now)

    def _cancel(self, command: b.SendCancel) -> Iterator[Message]:
        view = self._find(command.ref, command.perm_id)
        if view is None or view.client_id != self._client_id:
            yield self._failed(
                f"cancel:{command.ref}", _UNKNOWN, f"no order of ours bears the name {command.ref}"
            )
        else:
            yield from self.facts(self._window.cancel(self._client_id, view.order_id))

    def _revise(self, command: b.SendRevision) -> Iterator[Message]:
        view = self._find(command.ref)
        if view is None or view.client_id != self._client_id:
            yield self._failed(
                f"revise:{command.ref}", _UNKNOWN, f"no order of ours bears the name {command.ref}"
            )
            return
        # A child whose parent has ended may no longer name it: the exchange answers 135.
        parent = self._window.order(self._client_id, view.order.parent_id)
        parent_id = view.order.parent_id if parent is not None and not parent.is_done else 0
        wanted = replace(view.order, quantity=command.quantity, parent_id=parent_id, transmit=True)
        if view.order.type == OrderType.STOP:
            wanted = replace(wanted, aux_price=command.limit_price)
        elif view.order.type == STOP_LIMIT and view.order.aux_price is not None:
            below = view.order.aux_price - (view.order.limit_price or Decimal(0))
            limit = follow(view.contract.ticks, command.limit_price, below)
            wanted = replace(wanted, aux_price=command.limit_price, limit_price=limit)
        else:
            wanted = replace(wanted, limit_price=command.limit_price)
        yield from self.facts(self._window.place(self._client_id, view.order_id, wanted))

    def _quote_margin(self, command: b.QuoteMargin) -> Iterator[Message]:
        asked = to_sim_order(command.order, 0, self._window.account_id)
        asked = replace(asked, what_if=True, transmit=True, oca_group="", oca_type=0)
        now = self._window.now
        for event in self._window.place(self._client_id, self.next_id, asked):
            if isinstance(event, e.MarginAnswered):
                f = event.figures
                yield b.MarginQuoted(
                    command.idea_id,
                    now,
                    f.initial_change,
                    f.equity_with_loan_after,
                    f.initial_after,
                    f.commission,
                )
            elif isinstance(event, e.OrderMessage):
                yield self._failed(f"margin:{command.idea_id}", event.code, event.text)
        self.next_id += 1

    def _snapshot(self, command: b.TakeSnapshot) -> Iterator[Message]:
        window = self._window
        executions = window.executions(ExecutionFilter())
        account = to_account(window.account_figures())
        # reqAccountUpdates answers with every value, and the adapter tells what it heard: risk counts with it from now on.
        yield b.AccountUpdated(account)
        snapshot = b.Snapshot(
            at=window.now,
            account=account,
            open_orders=tuple(to_open_order(view) for view in window.open_orders()),
            completed_orders=tuple(to_open_order(view) for view in window.completed_orders()),
            fills=tuple(to_fill(execution) for execution, _ in executions),
            commissions=tuple(
                to_commission(report, execution.order_ref)
                for execution, report in executions
                if report is not None
            ),
            positions=tuple(map(to_bot_position, window.positions())),
        )
        yield b.SnapshotTaken(snapshot, command.reason, command.at)

    # ── facts ──

    def facts(self, events: Iterable[e.ExchangeEvent]) -> Iterator[Message]:
        """What this client hears of these events: its own orders, and the account."""
        for event in events:
            yield from self._fact(event)

    def _fact(self, event: e.ExchangeEvent) -> Iterator[Message]:
        match event:
            case e.OrderOpened(at, view) if view.client_id == self._client_id:
                yield b.OrderSeen(to_open_order(view), at)
            case e.StatusChanged(at, view) if view.client_id == self._client_id:
                yield to_status(view, at)
            case e.OrderMessage(client_id=client) if client == self._client_id:
                yield from self._on_message(event)
            case e.Executed(_, execution) if execution.client_id == self._client_id:
                self._refs[execution.exec_id] = execution.order_ref
                yield b.Filled(to_fill(execution))
            case e.Commissioned(_, report) if report.client_id == self._client_id:
                yield to_commission(report, self._refs.get(report.exec_id, ""))
            case e.AccountChanged(_, figures):
                yield b.AccountUpdated(to_account(figures))
            case _:
                pass

    def _on_message(self, event: e.OrderMessage) -> Iterator[Message]:
        """A refusal of a new order, of a change, or the answer to a cancel that came too late."""
        if event.code in NEWS:
            return
        view = self._window.order(self._client_id, event.order_id)
        if view is None or (view.filled == 0 and view.status == "Inactive"):
            ref = self._sent.get(event.order_id, "")
            yield b.OrderRefused(ref, event.code, event.text, event.at)
            return
        if not view.is_done:
            yield self._failed(f"revise:{view.order.order_ref}", event.code, event.text)
        yield to_status(view, event.at)

    def _failed(self, subject: str, code: int, text: str) -> b.RequestFailed:
        return b.RequestFailed(subject, code, text, self._window.now)

    def _find(self, ref: OrderRef, perm_id: PermId | None = None) -> OrderView | None:
        """The latest order of that name, living ones first; of this client where several bear it."""
        named = [v for v in self._window.orders_named(ref) if perm_id in (None, v.perm_id)]
        return named[-1] if named else None


_UNKNOWN_ID = 2**31 - 2
"""An order id nobody uses: the exchange answers 135 to a child that names it."""
