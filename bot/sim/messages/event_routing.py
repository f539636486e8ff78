"""What happened in the world, told to the clients whom it concerns. One table, event by event.

Rule: while the line to IB is down, news of orders, money and positions wait in order and come out when it is up again;
market data that nobody could see is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bot.sim.exchange import events as e
from bot.sim.market import events as market_events
from bot.sim.messages.account_messages import send_account, send_position
from bot.sim.messages.order_messages import (
    recipients,
    send_commission,
    send_execution,
    send_margin,
    send_order,
    tell_status,
)

if TYPE_CHECKING:
    from bot.sim.gateway.core import GatewayCore


def on_event(core: GatewayCore, event: e.ExchangeEvent) -> None:
    """Tell whom it concerns, now or once the line is up."""
    market = _MARKET.get(type(event))
    if market is not None:
        market(core, event)
        return
    send = _REPORTS.get(type(event))
    if send is None:
        return
    if core.link.is_up:
        send(core, event)
    else:
        core.link.defer(lambda: send(core, event))


def _on_book(core: GatewayCore, event: market_events.BookChanged) -> None:
    for feed in core.feeds.of(event.ticker.con_id):
        feed.on_book(event)


def _on_trade(core: GatewayCore, event: market_events.Traded) -> None:
    for feed in core.feeds.of(event.con_id):
        feed.on_trade(event)


def _on_bar(core: GatewayCore, event: market_events.BarFormed) -> None:
    for feed in core.feeds.of(event.con_id):
        feed.on_bar(event)


def _on_order(core: GatewayCore, event: e.OrderOpened) -> None:
    for session in recipients(core, event.view.client_id, event.view.order_id):
        send_order(core, session, event.view)


def _on_status(core: GatewayCore, event: e.StatusChanged) -> None:
    for session in recipients(core, event.view.client_id, event.view.order_id):
        tell_status(core, session, event.view)


def _on_message(core: GatewayCore, event: e.OrderMessage) -> None:
    session = core.client(event.client_id)
    if session is not None:
        wire_id = core.order_ids.wire(event.client_id, event.order_id)
        core.error(session, wire_id, event.code, event.text)


def _on_execution(core: GatewayCore, event: e.Executed) -> None:
    execution = event.execution
    for session in recipients(core, execution.client_id, execution.order_id):
        send_execution(core, session, execution)


def _on_commission(core: GatewayCore, event: e.Commissioned) -> None:
    for session in recipients(core, event.report.client_id, 0):
        send_commission(core, session, event.report)


def _on_margin(core: GatewayCore, event: e.MarginAnswered) -> None:
    session = core.client(event.client_id)
    if session is not None:
        wire_id = core.order_ids.wire(event.client_id, event.order_id)
        send_margin(core, session, wire_id, event.order, event.figures)


def _on_position(core: GatewayCore, event: e.AccountPositionChanged) -> None:
    send_position(core, event.position, event.account or core.world.account_id)


def _on_account(core: GatewayCore, event: e.AccountChanged) -> None:
    send_account(core, event.figures)


SendEvent = Callable[["GatewayCore", Any], None]

_MARKET: dict[type, SendEvent] = {
    market_events.BookChanged: _on_book,
    market_events.Traded: _on_trade,
    market_events.BarFormed: _on_bar,
}
_REPORTS: dict[type, SendEvent] = {
    e.OrderOpened: _on_order,
    e.StatusChanged: _on_status,
    e.OrderMessage: _on_message,
    e.Executed: _on_execution,
    e.Commissioned: _on_commission,
    e.MarginAnswered: _on_margin,
    e.AccountPositionChanged: _on_position,
    e.AccountChanged: _on_account,
}
