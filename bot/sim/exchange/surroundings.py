"""What the exchange sees of the world, and what one order's conditions see of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.contract import Contract
from bot.domain.types import ConId
from bot.sim.exchange import rejections
from bot.sim.exchange.live_order import LiveOrder
from bot.sim.exchange.order_lifecycle import OrderLifecycle
from bot.sim.exchange.orders import MarginFigures, SimOrder
from bot.sim.market.quotes import TopOfBook


class ExchangeView(Protocol):
    """What an exchange must be told about the world. All of it is as of the moment of the call."""

    def contract(self, con_id: ConId) -> Contract | None: ...
    def book(self, con_id: ConId) -> TopOfBook | None: ...
    def is_open(self) -> bool: ...
    def is_extended(self) -> bool: ...
    @property
    def has_extended_hours(self) -> bool: ...
    def opens_at(self, *, is_outside: bool) -> datetime: ...
    def is_halted(self, contract: Contract) -> bool: ...
    def volume(self, con_id: ConId) -> int | None: ...
    def change_percent(self, con_id: ConId) -> float | None: ...
    def cushion_percent(self, account: str) -> float | None: ...
    def holdings(self, account: str) -> rejections.Holdings: ...
    def margin_of(self, order: SimOrder, contract: Contract) -> MarginFigures: ...


@dataclass(frozen=True, slots=True)
class OrderSight:
    """What one order's conditions may look at; see :class:`bot.sim.exchange.conditions.Sight`."""

    order: LiveOrder
    world: ExchangeView
    life: OrderLifecycle

    def book(self, con_id: ConId) -> TopOfBook | None:
        return self.world.book(con_id)

    def volume(self, con_id: ConId) -> int | None:
        return self.world.volume(con_id)

    def change_percent(self, con_id: ConId) -> float | None:
        return self.world.change_percent(con_id)

    def cushion_percent(self) -> float | None:
        return self.world.cushion_percent(self.order.order.account)

    def has_executed(self, symbol: str, sec_type: str) -> bool:
        return self.life.has_executed(symbol, sec_type, self.order.order.account, self.order.placed_at)
