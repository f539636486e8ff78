"""The simulated world: one market, one exchange, one account, and the only way to move their time.

Rule: stateful and otherwise pure. No sockets, threads or clocks; time passes only in ``advance_to``; the same seed and
the same calls give the same events. Every call returns what happened, in the order in which it happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from bot.domain.contract import Contract, TickGrid
from bot.domain.position import Position
from bot.domain.session import Session
from bot.domain.types import ConId, OrderId, OrderRef
from bot.sim.events import Event
from bot.sim.figures import AccountFigures, PortfolioLine
from bot.sim.history import HistoryBar, HistoryQuery
from bot.sim.listing import ContractDetails, ContractQuery, OptionParameters
from bot.sim.orders import CommissionReport, Execution, ExecutionFilter, OrderView, SimOrder
from bot.sim.quotes import OptionModel, Ticker


@dataclass(frozen=True, slots=True)
class ReceivedOrder:
    """One order message a client sent. ``kind``: new, modify or what_if."""

    at: datetime
    client_id: int
    order_id: OrderId
    kind: str
    order_ref: OrderRef
    order: SimOrder


@dataclass(frozen=True, slots=True)
class Books:
    """The gateway's own books, for checks of invariants from outside the bot.

    ``working_stops``: quantity per contract that can trigger now (held children do not count). The counters are of
    client messages: ``orders_received`` new ones, ``modifies``, ``cancels``, ``what_ifs``.
    """

    positions: Mapping[ConId, int]
    working_stops: Mapping[ConId, int]
    orders_received: int
    modifies: int
    cancels: int
    what_ifs: int
    received: tuple[ReceivedOrder, ...]

    @property
    def order_messages(self) -> int:
        """Everything that could change an order: invariant 5 wants 0 of them in a dry run."""
        return self.orders_received + self.modifies + self.cancels


class World(Protocol):
    """The interface while it is being built; see ``build.py`` for how a world is made."""

    now: datetime
    account_id: str

    # ── time
    def advance_to(self, at: datetime) -> list[Event]:
        """Let time pass up to and including ``at``. ValueError when it lies in the past."""

    def next_point(self) -> datetime:
        """The next instant at which something can happen by itself (a book moves, a session opens, a report is due)."""

    # ── orders: (client_id, order_id) names an order
    def place(self, client_id: int, order_id: OrderId, order: SimOrder) -> list[Event]:
        """A placeOrder message: a new order, a modification of a living one, or a what-if. Refusals are OrderMessages."""

    def place_manual(self, order: SimOrder) -> list[Event]:
        """An order typed into TWS: client 0, a negative order id."""

    def cancel(self, client_id: int, order_id: OrderId) -> list[Event]:
        """Answers: StatusChanged and OrderMessage 202, or OrderMessage 10147 (unknown) or 10148 (already over)."""

    def global_cancel(self) -> list[Event]: ...

    def exercise(self, con_id: ConId, quantity: int, *, lapse: bool = False) -> list[Event]:
        """Exercise (or let lapse) long options now. An OrderMessage with client and order 0 tells why not."""

    def correct_execution(self, exec_id: str, *, quantity: int, price: Decimal) -> list[Event]:
        """IB's correction of a fill: the same id with a higher last part; books and account follow."""

    def open_orders(self, client_id: int | None = None) -> list[OrderView]:
        """Transmitted orders that are alive, oldest first; of one client or of all."""

    def order(self, client_id: int, order_id: OrderId) -> OrderView | None: ...

    def completed_orders(self) -> list[OrderView]:
        """Filled, cancelled or rejected orders of the New York day, oldest first."""

    def executions(self, wanted: ExecutionFilter) -> list[tuple[Execution, CommissionReport | None]]:
        """Fills of the New York day (IB keeps no more); the report is None while it is late."""

    # ── account
    def positions(self) -> list[Position]: ...
    def account_figures(self) -> AccountFigures: ...
    def portfolio(self) -> list[PortfolioLine]: ...
    def books(self) -> Books: ...

    # ── contracts
    def contract(self, con_id: ConId) -> Contract | None: ...
    def find_contracts(self, query: ContractQuery) -> list[ContractDetails]:
        """All that match, () means error 200. A full chain is a matter of some hundreds."""

    def option_parameters(self, under_con_id: ConId) -> list[OptionParameters]: ...
    def matching_symbols(self, pattern: str) -> list[ContractDetails]: ...
    def market_rule(self, rule_id: int) -> TickGrid | None: ...

    # ── data
    def watch(self, con_id: ConId) -> None:
        """From now on BookChanged events come for this contract. Counted: as many ``unwatch`` as ``watch`` end it."""

    def unwatch(self, con_id: ConId) -> None: ...
    def ticker(self, con_id: ConId) -> Ticker | None:
        """Market data now; None for an unknown contract."""

    def model(self, con_id: ConId) -> OptionModel | None: ...
    def history(self, query: HistoryQuery) -> list[HistoryBar]:
        """Bars, earliest first. HistoryError carries IB's code and text."""

    def schedule(self, start: date, end: date) -> list[Session]: ...
    def head_timestamp(self, con_id: ConId) -> datetime | None:
        """The start of the earliest bar there is."""
