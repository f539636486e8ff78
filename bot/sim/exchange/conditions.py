"""What an order waits for besides its own price: a time, a price of any contract. Pure.

Source: IBKR Campus, "Conditional Orders": conditions are joined from the first to the last, each by the conjunction of the one
before it; with ``conditionsCancelOrder`` they end the order instead of sending it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from bot.domain.types import ConId
from bot.sim.market.quotes import TopOfBook

BookOf = Callable[[ConId], TopOfBook | None]


@dataclass(frozen=True, slots=True)
class TimeCondition:
    """True from ``at`` on (``is_more``), or before it."""

    at: datetime
    is_more: bool
    is_and: bool = True
    """How the condition is joined with the next one."""

    def is_met(self, book_of: BookOf, now: datetime) -> bool:
        del book_of
        return now >= self.at if self.is_more else now < self.at


@dataclass(frozen=True, slots=True)
class PriceCondition:
    """True while a contract's price is at or beyond ``price``; ``method`` is IB's trigger method."""

    con_id: ConId
    price: Decimal
    is_more: bool
    method: int = 0
    is_and: bool = True

    def is_met(self, book_of: BookOf, now: datetime) -> bool:
        del now
        book = book_of(self.con_id)
        seen = None if book is None else self._seen(book)
        if seen is None:
            return False
        return seen >= self.price if self.is_more else seen <= self.price

    def _seen(self, book: TopOfBook) -> Decimal | None:
        # 1 and 4 bid/ask, 8 mid-point; 0, 2, 3 and 7 the last price where there is one (IBKR, "Trigger Methods").
        if self.method in (1, 4):
            return book.ask if self.is_more else book.bid
        return book.mid if self.method == 8 or book.last is None else book.last


Condition: TypeAlias = TimeCondition | PriceCondition


def are_met(conditions: Sequence[Condition], book_of: BookOf, now: datetime) -> bool:
    """Whether the conditions hold together; without any they do."""
    holds, joins_and = True, True
    for condition in conditions:
        met = condition.is_met(book_of, now)
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
