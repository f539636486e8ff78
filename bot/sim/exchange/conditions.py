"""What an order waits for besides its own price: a time, a contract's price, volume or change, the margin, an execution. Pure.

Source: IBKR Campus, "Conditional Orders": conditions are joined from the first to the last, each by the conjunction of the one
before it; with ``conditionsCancelOrder`` they end the order instead of sending it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol, TypeAlias

from bot.domain.types import ConId
from bot.sim.market.quotes import TopOfBook

BookOf = Callable[[ConId], TopOfBook | None]


class Sight(Protocol):
    """What an order's conditions may look at. Unknown is None, and meets no condition."""

    def book(self, con_id: ConId) -> TopOfBook | None: ...
    def volume(self, con_id: ConId) -> int | None:
        """Shares or contracts of the day."""

    def change_percent(self, con_id: ConId) -> float | None:
        """Of the last price, from the last session's close."""

    def cushion_percent(self) -> float | None:
        """The account's excess liquidity as a part of its net liquidation."""

    def has_executed(self, symbol: str, sec_type: str) -> bool:
        """Whether the account has had an execution since the order was placed."""


@dataclass(frozen=True, slots=True)
class TimeCondition:
    """True from ``at`` on (``is_more``), or before it."""

    at: datetime
    is_more: bool
    is_and: bool = True
    """How the condition is joined with the next one."""

    def is_met(self, sight: Sight, now: datetime) -> bool:
        del sight
        return now >= self.at if self.is_more else now < self.at


@dataclass(frozen=True, slots=True)
class PriceCondition:
    """True while a contract's price is at or beyond ``price``; ``method`` is IB's trigger method."""

    con_id: ConId
    price: Decimal
    is_more: bool
    method: int = 0
    is_and: bool = True

    def is_met(self, sight: Sight, now: datetime) -> bool:
        del now
        book = sight.book(self.con_id)
        seen = None if book is None else self._seen(book)
        if seen is None:
            return False
        return seen >= self.price if self.is_more else seen <= self.price

    def _seen(self, book: TopOfBook) -> Decimal | None:
        # 1 and 4 bid/ask, 8 mid-point; 0, 2, 3 and 7 the last price where there is one (IBKR, "Trigger Methods").
        if self.method in (1, 4):
            return book.ask if self.is_more else book.bid
        return book.mid if self.method == 8 or book.last is None else book.last


@dataclass(frozen=True, slots=True)
class MarginCondition:
    """True while the account's cushion is at or beyond ``percent``."""

    percent: int
    is_more: bool
    is_and: bool = True

    def is_met(self, sight: Sight, now: datetime) -> bool:
        del now
        return _is_beyond(sight.cushion_percent(), self.percent, is_more=self.is_more)


@dataclass(frozen=True, slots=True)
class VolumeCondition:
    """True while a contract's volume of the day is at or beyond ``volume``."""

    con_id: ConId
    volume: int
    is_more: bool
    is_and: bool = True

    def is_met(self, sight: Sight, now: datetime) -> bool:
        del now
        return _is_beyond(sight.volume(self.con_id), self.volume, is_more=self.is_more)


@dataclass(frozen=True, slots=True)
class ChangeCondition:
    """True while a contract's change from the last close is at or beyond ``percent``."""

    con_id: ConId
    percent: float
    is_more: bool
    is_and: bool = True

    def is_met(self, sight: Sight, now: datetime) -> bool:
        del now
        return _is_beyond(sight.change_percent(self.con_id), self.percent, is_more=self.is_more)


@dataclass(frozen=True, slots=True)
class ExecutionCondition:
    """True once anything of that symbol and kind has been executed for the account."""

    symbol: str
    sec_type: str
    is_and: bool = True

    def is_met(self, sight: Sight, now: datetime) -> bool:
        del now
        return sight.has_executed(self.symbol, self.sec_type)


def _is_beyond(seen: float | None, bound: float, *, is_more: bool) -> bool:
    if seen is None:
        return False
    return seen >= bound if is_more else seen <= bound


Condition: TypeAlias = (
    TimeCondition | PriceCondition | MarginCondition | VolumeCondition | ChangeCondition | ExecutionCondition
)


def are_met(conditions: Sequence[Condition], sight: Sight, now: datetime) -> bool:
    """Whether the conditions hold together; without any they do."""
    holds, joins_and = True, True
    for condition in conditions:
        met = condition.is_met(sight, now)
        holds = (holds and met) if joins_and else (holds or met)
        joins_and = condition.is_and
    return holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """What a stop becomes once the market has reached ``trigger_price`` (IBKR Campus, "Adjustable Stops")."""

    type: str
    trigger_price: Decimal
    stop_price: Decimal | None = None
    stop_limit_price: Decimal | None = None
    trailing_amount: Decimal | None = None
    is_percent: bool = False
