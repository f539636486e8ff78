"""What happens in a simulated world, in the order in which it happens. The gateway turns these into messages.

Rule: an event carries its values; nobody has to ask the world what things were like at that moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from bot.domain.types import ExecId, OrderId
from bot.sim.exchange.account_values import AccountFigures, AccountPosition
from bot.sim.exchange.orders import CommissionReport, Execution, MarginFigures, OrderView, SimOrder
from bot.sim.market.events import MarketEvent


@dataclass(frozen=True, slots=True)
class OrderOpened:
    """IB's openOrder: the order as the exchange holds it now."""

    at: datetime
    view: OrderView


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """IB's orderStatus."""

    at: datetime
    view: OrderView


@dataclass(frozen=True, slots=True)
class OrderMessage:
    """IB's error message that bears an order id: a refusal (201, 110, …) or mere news (399, 2109, 202)."""

    at: datetime
    client_id: int
    order_id: OrderId
    code: int
    text: str


@dataclass(frozen=True, slots=True)
class Executed:
    """A fill. ``corrects`` names the execution that no longer counts."""

    at: datetime
    execution: Execution
    corrects: ExecId | None = None


@dataclass(frozen=True, slots=True)
class Commissioned:
    at: datetime
    report: CommissionReport


@dataclass(frozen=True, slots=True)
class MarginAnswered:
    """A what-if's answer: exactly one openOrder goes to the client, no status."""

    at: datetime
    client_id: int
    order_id: OrderId
    order: SimOrder
    figures: MarginFigures


@dataclass(frozen=True, slots=True)
class AccountPositionChanged:
    """The account now holds this much of the contract (0 included)."""

    at: datetime
    position: AccountPosition
    account: str = ""
    """Empty: the only one."""


@dataclass(frozen=True, slots=True)
class AccountChanged:
    """On every trade, and every three minutes in a session."""

    at: datetime
    figures: AccountFigures


ExchangeEvent: TypeAlias = (
    MarketEvent
    | OrderOpened
    | StatusChanged
    | OrderMessage
    | Executed
    | Commissioned
    | MarginAnswered
    | AccountPositionChanged
    | AccountChanged
)
