"""The broker's own books, asked for whole: open and completed orders, executions, positions, account.

Rule: a list counts only when its end came in time; every failure raises RequestTrouble. Requests without an id take turns.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from bot.broker.connection.context import BrokerContext
from bot.broker.data.contracts import ContractQueries
from bot.broker.orders.order_events import COMPLETED_ORDERS, OPEN_ORDERS
from bot.broker.orders.order_index import KnownOrder
from bot.broker.orders.set_aside import SetAside
from bot.broker.translate.contracts import NET_LIQUIDATION, in_dollars, to_account_values, to_position
from bot.domain import broker_messages as b
from bot.domain.order import Fill, OpenOrder
from bot.domain.position import AccountValues, Position
from bot.domain.session import new_york_day

_POSITIONS, _ACCOUNT = "positions", "account"


class AccountQueries:
    def __init__(self, link: BrokerContext, contracts: ContractQueries, aside: SetAside) -> None:
        self._link = link
        self._aside = aside
        self._worth_told_at: datetime | None = None
        self._contracts = contracts
        self._account_reported: dict[tuple[str, str], str] = {}
        self._account_changed = False
        self._held: dict[int, float] = {}

    def table(self) -> dict[str, Callable[..., None]]:
        """By the name of the library's wrapper method."""
        requests = self._link.requests
        return {
            "position": self._position,
            "positionEnd": lambda: requests.end(_POSITIONS),
            "updateAccountValue": self._account_value,
            "updatePortfolio": self._portfolio,
            "accountDownloadEnd": self._account_end,
        }

    def start_session(self) -> None:
        self._account_reported.clear()
        self._worth_told_at = None
        self._account_changed = False
        self._held.clear()

    async def own_open_orders(self) -> list[KnownOrder]:
        """This client's own; asking binds them to this session."""
        return await self._orders(lambda client: client.reqOpenOrders(), while_opening=True)

    async def all_open_orders(self) -> list[KnownOrder]:
        return await self._orders(lambda client: client.reqAllOpenOrders())

    async def _orders(self, send: Callable[[Any], None], **how: bool) -> list[KnownOrder]:
        found: list[KnownOrder] = await self._link.ask_in_turn(OPEN_ORDERS, send, **how)
        return list({id(known): known for known in found}.values())

    async def completed_orders(self) -> tuple[OpenOrder, ...]:
        return tuple(
            await self._link.ask_in_turn(COMPLETED_ORDERS, lambda client: client.reqCompletedOrders(False))
        )

    async def executions(self) -> tuple[Fill, ...]:
        """The day's fills of all clients on the account."""
        wanted = self._link.library.ExecutionFilter(acctCode=self._link.account)
        return tuple(
            await self._link.ask_by_id(lambda client, request_id: client.reqExecutions(request_id, wanted))
        )

    async def positions(self) -> tuple[Position, ...]:
        found = await self._link.ask_in_turn(_POSITIONS, lambda client: client.reqPositions())
        await self._link.post(lambda client: client.cancelPositions())
        latest = {position.contract.con_id: position for position in found}
        return tuple(position for position in latest.values() if position.quantity)

    async def account(self) -> AccountValues:
        """Also (re)opens the stream of account updates."""
        account = self._link.account
        return await self._link.ask_in_turn(  # type: ignore[no-any-return]  # ended by _account_end alone
            _ACCOUNT, lambda client: client.reqAccountUpdates(True, account)
        )

    def flush(self) -> None:
        """Tell what the last read changed in the account, once."""
        if self._account_changed and not self._link.requests.is_open(_ACCOUNT):
            self._account_changed = False
            self._link.pass_on(b.AccountUpdated(self._values()))

    def _values(self) -> AccountValues:
        at = self._worth_told_at or self._link.now()
        return to_account_values(self._link.account, self._account_reported, at)

    def in_dollars(self, amount: Decimal, currency: str) -> Decimal | None:
        """An amount of another currency, by IB's own rates; None where IB gave none."""
        return in_dollars(amount, currency, self._account_reported)

    # ── the library's messages ──

    def _position(self, account: str, contract: Any, held: float, average_cost: float) -> None:
        if account == self._link.account:
            position = to_position(self._contracts.resolve(contract), held, average_cost)
            expiry = position.contract.expiry
            if expiry is not None and expiry < new_york_day(self._link.now()) and position.quantity:
                self._aside.foreign(f"expired on {expiry}: {position.quantity} {position.contract.label}")
            self._link.requests.add(_POSITIONS, position)

    def _portfolio(self, contract: Any, held: float, *figures: Any) -> None:
        """Also of what was closed today, with nothing held; the last of ``figures`` is the account."""
        before, self._held[contract.conId] = self._held.get(contract.conId, 0.0), held
        is_ours = figures[-1] in (self._link.account, "")
        if before != held and is_ours and held == int(held):  # a fraction is no contract of ours
            self._link.pass_on(b.PositionChanged(contract.conId, int(held), self._link.now()))

    def _account_value(self, tag: str, value: str, currency: str, account: str) -> None:
        if account in (self._link.account, ""):
            if tag == NET_LIQUIDATION:
                # The age of a value is the age of its message: the end of a download says nothing new of it.
                self._worth_told_at = self._link.now()
            changed = self._account_reported.get((tag, currency)) != value
            self._account_reported[tag, currency] = value
            self._account_changed = self._account_changed or changed

    def _account_end(self, account: str) -> None:
        if account in (self._link.account, ""):
            self._account_changed = True
            self._link.requests.end(_ACCOUNT, self._values())
            self.flush()
