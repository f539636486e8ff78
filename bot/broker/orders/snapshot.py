"""A complete picture of the account, or none: one part that fails makes no snapshot at all."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from bot.broker.connection.context import BrokerContext
from bot.broker.connection.errors import RequestTrouble
from bot.broker.orders.account_queries import AccountQueries
from bot.broker.orders.order_events import OrderEvents
from bot.domain import broker_messages as b
from bot.domain.order import DONE, OrderStatus

_T = TypeVar("_T")
_ENDED = DONE - {OrderStatus.REJECTED}
"""Inactive orders stay in the list: IB can still bring them to life."""


async def _part(what: str, answer: Awaitable[_T]) -> _T:
    """Raises RequestTrouble that says which part it was."""
    try:
        return await answer
    except RequestTrouble as trouble:
        raise RequestTrouble(trouble.code, f"{what}: {trouble.text}") from None


class Snapshots:
    def __init__(self, link: BrokerContext, books: AccountQueries, order_events: OrderEvents) -> None:
        self._link = link
        self._books = books
        self._order_events = order_events

    async def take(self, command: b.TakeSnapshot) -> None:
        """Tells SnapshotTaken, or RequestFailed with the subject ``snapshot``. One at a time."""
        async with self._link.turn("snapshot"):
            try:
                snapshot = await self._whole()
            except RequestTrouble as trouble:
                self._link.publish_failure("snapshot", trouble)
            else:
                self._link.publish(b.SnapshotTaken(snapshot, command.reason, command.at))

    async def _whole(self) -> b.Snapshot:
        at = self._link.now()
        open_orders = await _part("open orders", self._books.all_open_orders())
        completed = await _part("completed orders", self._books.completed_orders())
        fills = await _part("executions", self._books.executions())
        positions = await _part("positions", self._books.positions())
        account = await _part("account values and portfolio", self._books.account())
        charged = self._order_events.commissions
        return b.Snapshot(
            at=at,
            account=account,
            # Statuses that came while the rest was asked for are taken in: what ended since is not at rest.
            open_orders=tuple(
                self._order_events.sighting(known) for known in open_orders if known.status not in _ENDED
            ),
            completed_orders=completed,
            fills=fills,
            commissions=tuple(charged[fill.exec_id] for fill in fills if fill.exec_id in charged),
            positions=positions,
        )
